"""What stands in the tables of a notice: in which order, in whose words, and each thing once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.necessity import Necessity, key_of
from rulebook.status import Verdict
from rulebook.subject import POINT, FactValue, Subject
from services.eligibility.domain.notice import Notice, Section, Wordings
from services.eligibility.domain.notice_sections import REQUIRED
from services.eligibility.domain.notice_words import requirement, requirements
from tests.unit.eligibility.test_notice import PACKS, assessed, dictionary, told, wordings
from tests.unit.rulebook.conftest import shipped_cases

__all__ = ["dictionary", "wordings"]

NOTICES = Path(__file__).parent / "notices"
PLAN_IS_OVER = "规划期已经届满"
OPEN = (Verdict.UNKNOWN, Verdict.MANUAL_REVIEW)


def of_case(stem: str, name: str) -> Assessment:
    [case] = [each for each in shipped_cases(stem)[1] if each.name == name]
    return evaluate(PACKS[stem], case.subject, application_date=case.application_date, kind=case.kind)


@pytest.mark.parametrize(
    ("stem", "case"),
    [
        ("hte-32-195-2016", "专家尚未打分，按区间，须人工核定"),
        ("miit-63-2022-innovative", "研发费用缺少，区间跨过分数线：资料不足"),
    ],
)
def test_a_whole_notice_reads_as_it_was_approved(
    stem: str, case: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    assert told(of_case(stem, case), dictionary, wordings).text + "\n" == (NOTICES / f"{stem}.txt").read_text("utf-8")


def each_notice(stem: str, dictionary: Dictionary, wordings: Wordings) -> Iterator[tuple[Assessment, Notice]]:
    for found in assessed(stem):
        yield found, told(found, dictionary, wordings)


def cells(section: Section, *columns: str) -> Iterator[str]:
    places = [section.columns.index(each) for each in columns if each in section.columns]
    return (row[place] for row in section.rows for place in places)


@pytest.mark.parametrize("stem", PACKS)
def test_nothing_is_told_twice_and_nothing_in_signs(stem: str, dictionary: Dictionary, wordings: Wordings) -> None:
    for _, made in each_notice(stem, dictionary, wordings):
        for section in made.sections:
            assert len(set(section.rows)) == len(section.rows), section.id
            for cell in cells(section, "数据", "要求", "现有数据", "再进一档"):
                parts = cell.split("；")
                assert len(set(parts)) == len(parts), cell
                assert not re.search(r"[≥≤÷＝<>]|\[[ty]", cell), cell


@pytest.mark.parametrize("stem", PACKS)
def test_what_is_missing_comes_first_and_other_ways_are_told_as_such(
    stem: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    for found, made in each_notice(stem, dictionary, wordings):
        if PLAN_IS_OVER in made.text:
            continue
        ids = [section.id for section in made.sections]
        assert ("unmet" in ids) is (found.verdict is Verdict.NOT_ELIGIBLE), found.verdict
        if found.verdict in OPEN and "optional" in ids:
            assert set(ids[ids.index("optional") + 1 :]) <= {"other_material"}
        if "material" in ids:
            assert ids[0] == "material"
        if found.verdict is Verdict.UNKNOWN and any(each.blocking and each.kind != "finding" for each in found.missing):
            assert "material" in ids


def test_a_proof_is_asked_for_and_not_the_bad_news_it_may_show(dictionary: Dictionary, wordings: Wordings) -> None:
    found = of_case("miit-63-2022-innovative", "什么都没有登记：资料不足，逐项列出，不当作不符合")
    [material] = [each for each in told(found, dictionary, wordings).sections if each.id == "material"]
    rows = {(row[0], row[3]): row for row in material.rows}
    assert len(rows) == len(material.rows), "one proof and one use, one row"
    assert rows[("信用中国查询结果", REQUIRED)][1] == "被列入严重失信主体名单（是或否）"
    assert rows[("营业执照", REQUIRED)][1] == "境内工商注册登记（是或否）、具有独立法人资格（是或否）"
    assert "2024—2025年主营业务收入" in rows[("审计报告", "走“评价得分”途径时必需")][1]
    assert rows[("获奖证书", "不是必需，用于可以替代的条件")][2] == "近三年获得国家级、省级科技奖励"
    needed = [row[3] == REQUIRED for row in material.rows]
    assert needed == sorted(needed, reverse=True), "what is required stands first"
    assert not any(row[0].startswith("被列入") for row in material.rows)


@pytest.mark.parametrize("stem", PACKS)
def test_what_the_title_cannot_be_reached_without_is_called_so_and_what_is_idle_is_not_asked_for(
    stem: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    for found, made in each_notice(stem, dictionary, wordings):
        if PLAN_IS_OVER in made.text:
            continue
        necessity = Necessity(found)
        told = {section.id: section for section in made.sections}
        asked = [each for each in found.missing if each.kind != "finding" and necessity.matters([key_of(each)])]
        assert ("material" in told) is bool(asked)
        required = [row for row in told["material"].rows if row[3] == REQUIRED] if asked else []
        for each in asked:
            if necessity.required([key_of(each)]):
                lines = {found.condition(line).label for line in each.conditions}
                assert any(lines <= {label for label in lines if label in row[2]} for row in required), each.label
        idle = [each for each in found.missing if each.kind != "finding" and each not in asked]
        assert ("other_material" in told) is bool(idle)
        assert "可选）" not in made.text


def test_the_last_way_that_is_open_needs_its_proof(dictionary: Dictionary, wordings: Wordings) -> None:
    """The points fall short and the other direct conditions are not met: what is left decides."""
    found = of_case("miit-63-2022-innovative", "什么都没有登记：资料不足，逐项列出，不当作不符合")
    pack, none = found.pack, FactValue([], "self_declared")
    points = {("rd_expense_yuan", 2025): "0", ("revenue_yuan", 2025): "1000000", ("main_revenue_yuan", 2025): "500000",
              ("main_revenue_yuan", 2024): "900000", ("ip_class1_count", POINT): "0"}  # fmt: skip
    facts = {
        **{key: FactValue(value, "audit_report") for key, value in points.items()},
        **{(fact, POINT): none for fact in ("honors", "rd_institutions", "equity_financing")},
    }
    day = found.application_date.replace(year=2026)
    again = evaluate(pack, Subject(facts, (), ledger_complete=True), application_date=day, kind=found.kind)
    assert again.verdict is Verdict.UNKNOWN
    made = told(again, dictionary, wordings)
    [material] = [each for each in made.sections if each.id == "material"]
    assert {row[0]: row[3] for row in material.rows}["获奖证书"] == REQUIRED
    [rest] = [each for each in made.sections if each.id == "other_material"]
    assert "知识产权证书" in "".join(row[0] for row in rest.rows), "points that come too late"


@pytest.mark.parametrize("stem", PACKS)
def test_open_points_are_told_with_who_gives_them_and_what_is_asked(
    stem: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    for found, made in each_notice(stem, dictionary, wordings):
        checks = [check for route in found.routes if found.route in (None, route.id) for check in route.score_checks]
        total = next((each for each in made.sections if each.id == "total"), None)
        if PLAN_IS_OVER in made.text:
            continue
        assert (total is not None) is bool(checks)
        for row in total.rows if total is not None else ():
            name, now, still, asked, result = row
            [check, *_] = [each for each in checks if each.label == name and requirements(each.threshold) == asked]
            assert now == f"{check.points.low.normalize():f} 分"
            assert bool(still) is (check.points.low != check.points.high)
            assert not still or re.search("待专家或主管部门评定|待补充资料", still)
            assert result == {"met": "已达到", "unmet": "未达到"}.get(check.status.value, "待定")


@pytest.mark.parametrize("stem", PACKS)
def test_alternatives_are_told_as_such(stem: str, dictionary: Dictionary, wordings: Wordings) -> None:
    for found in assessed(stem):
        for condition in found.conditions:
            if condition.offers_a_choice and len({f"{each.label}{each.threshold}" for each in condition.checks}) > 1:
                assert "满足其一：" in condition.threshold or condition.status.value == "not_applicable"
                assert "；或" in condition.threshold or condition.status.value == "not_applicable"
            else:
                assert "满足其一" not in condition.threshold


def test_a_requirement_of_one_of_two_ways_is_whole(dictionary: Dictionary, wordings: Wordings) -> None:
    pack = PACKS["champion-138-2023"]
    [case, *_] = [case for case in shipped_cases(pack.id)[1] if case.expected.conditions.get("DG-3") == "unmet"]
    found = evaluate(pack, case.subject, application_date=case.application_date, kind=case.kind)
    condition = found.condition("DG-3")
    assert condition.threshold == (
        "满足其一：2023—2025年主营业务收入均值 ≥40000 万元；"
        "或（已有称号 持有有效的专精特新中小企业或专精特新“小巨人”企业，且2023—2025年主营业务收入均值 ≥20000 万元）"
    )
    assert "。要求满足其一：" in next(each for each in found.reasons if condition.label in each)
    [unmet] = [each for each in told(found, dictionary, wordings).sections if each.id == "unmet"]
    assert unmet.rows[0][2] == (
        "满足其一：2023—2025年主营业务收入均值不低于 4 亿元；"
        "或（已有称号：持有有效的专精特新中小企业或专精特新“小巨人”企业，且2023—2025年主营业务收入均值不低于 2 亿元）"
    )


@pytest.mark.parametrize(
    ("label", "threshold", "text"),
    [
        ("2025年研发费用总额÷2025年营业收入", "≥3%", "2025年研发费用总额占2025年营业收入的比重不低于 3%"),
        ("2025年科技型职工总数", "≤500 人", "2025年科技型职工总数不超过 500 人"),
        ("注册时间至申请日", "≥365 天", "注册时间至申请日不少于 365 天"),
        ("2025年主营业务收入", "≥1500 万元", "2025年主营业务收入不低于 1500 万元"),
        ("2025年主营业务收入", ">20000 万元", "2025年主营业务收入超过 2 亿元"),
        ("被列入经营异常名录", "＝否", "被列入经营异常名录：否"),
        ("数字化水平等级", "＝二级", "数字化水平等级为“二级”"),
        ("企业规模", "中型、小型", "企业规模：中型、小型"),
        (
            "科技奖励",
            "近 3 年有级别为国家级且获奖单位排名≤3 名",
            "科技奖励：近 3 年有级别为国家级且获奖单位排名不超过 3 名",
        ),
    ],
)
def test_a_requirement_is_put_into_words(label: str, threshold: str, text: str) -> None:
    assert requirement(label, threshold) == text
