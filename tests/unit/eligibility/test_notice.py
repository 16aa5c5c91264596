"""What a notice tells an enterprise: only wording that was read is quoted, and no word is ours alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.reachability import lines_of
from rulebook.source import SourceInvalid
from rulebook.status import Verdict
from rulebook.subject import FactValue, Subject
from services.eligibility.domain.notice import Notice, Wordings, load_wordings, notice_of
from tests.unit.rulebook.conftest import POLICIES, shipped_cases, shipped_dictionary

TEMPLATE = Path(__file__).parents[3] / "services" / "eligibility" / "templates" / "notice.yaml"
PACKS = {
    path.stem: load_pack(path.read_text("utf-8"), shipped_dictionary(), path.name)
    for path in sorted(POLICIES.glob("*.yaml"))
    if not path.name.startswith("size-")
}
OURS = re.compile(r"\bA-\d\d|\bM\(\d|（L\d|未取得|未能证实|单一来源|录入|索取|规则维护|\b[ES]\d\b")
"""Numbers of decisions and grades of evidence, lines of the copy that was read, remarks for who keeps the rules."""


@pytest.fixture(scope="module")
def wordings() -> Wordings:
    return load_wordings(TEMPLATE.read_text("utf-8"), TEMPLATE.name)


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return shipped_dictionary()


def assessed(stem: str) -> Iterator[Assessment]:
    """Of every case of the pack, and of an enterprise of which nothing is known, in every kind."""
    pack = PACKS[stem]
    for case in shipped_cases(stem)[1]:
        yield evaluate(pack, case.subject, application_date=case.application_date, kind=case.kind)
    for kind, term in pack.terms:
        yield evaluate(pack, Subject({}), application_date=max(term.start, date(2026, 6, 30)), kind=kind)


def told(found: Assessment, dictionary: Dictionary, wordings: Wordings) -> Notice:
    return notice_of(found, "测试企业有限公司", "91341300MA2MXXXX0X", dictionary, wordings)


@pytest.mark.parametrize("stem", PACKS)
def test_no_text_for_an_enterprise_holds_a_word_for_who_keeps_the_rules(
    stem: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    found = {
        match.group(): each.application_date
        for each in assessed(stem)
        for match in OURS.finditer(told(each, dictionary, wordings).text)
    }
    assert found == {}


@pytest.mark.parametrize("stem", PACKS)
def test_the_reasons_and_remarks_of_an_assessment_name_no_decision_of_ours(stem: str) -> None:
    """An enterprise reads its own assessment too."""
    said = {
        text
        for each in assessed(stem)
        for text in (*each.reasons, *(note for condition in each.conditions for note in condition.notes))
    }
    assert sorted(text for text in said if re.search(r"A-\d\d|M\(\d", text)) == []


@pytest.mark.parametrize("stem", PACKS)
def test_label_clause_and_quotation_of_every_line_name_no_decision_and_no_grade(stem: str) -> None:
    for line in lines_of(PACKS[stem]):
        assert not re.search(r"A-\d\d|M\(\d|单一来源", line.label + line.clause + line.quote), line.id


@pytest.mark.parametrize("stem", PACKS)
def test_only_wording_that_was_read_is_quoted(stem: str, dictionary: Dictionary, wordings: Wordings) -> None:
    lines = {line.label: line for line in lines_of(PACKS[stem])}
    seen = 0
    for each in assessed(stem):
        for section in told(each, dictionary, wordings).sections:
            if "依据" not in section.columns or section.id not in ("unmet", "met", "pending"):
                continue
            for row in section.rows:
                line = lines.get(row[0] if section.id == "pending" else row[1])
                if line is None:  # the points that a route asks for
                    continue
                basis, seen = row[-1], seen + 1
                assert (f"：“{line.quote}”" in basis) is (line.evidence == "V"), basis
                assert (f"（转述）：{line.quote}" in basis) is (line.evidence not in ("V", "D")), basis
                assert (f"（本系统按此处理）：{line.quote}" in basis) is (line.evidence == "D"), basis
    assert seen


def test_a_line_that_nobody_read_is_paraphrased(dictionary: Dictionary, wordings: Wordings) -> None:
    """The order of the tiers stands in no text that was read, so it is no quotation."""
    [case] = [case for case in shipped_cases("miit-63-2022-specialized")[1] if "G63-06" in case.expected.conditions][:1]
    found = evaluate(PACKS["miit-63-2022-specialized"], Subject({}, ()), application_date=case.application_date)
    text = told(found, dictionary, wordings).text
    assert "（转述）：由已获得创新型中小企业称号的企业申请" in text
    assert "“由已获得" not in text


def test_what_no_text_decides_is_not_laid_at_the_door_of_a_document(dictionary: Dictionary, wordings: Wordings) -> None:
    """115号 says nothing that was read about a ban after a number was withdrawn."""
    pack = PACKS["tsme-115-2017"]
    [case] = [case for case in shipped_cases(pack.id)[1] if case.expected.conditions.get("TS-B1") == "manual_review"][
        :1
    ]
    text = told(evaluate(pack, case.subject, application_date=case.application_date), dictionary, wordings).text
    line = next(each for each in lines_of(pack) if each.id == "TS-B1")
    assert f"（本系统按此处理）：{line.quote}" in text
    assert "转述" not in "".join(row for row in text.splitlines() if line.quote in row)


def test_a_document_whose_name_or_number_was_not_found_is_named_as_far_as_it_is_known(
    dictionary: Dictionary, wordings: Wordings
) -> None:
    pack = PACKS["miit-2-2026-giant"]
    [case] = [case for case in shipped_cases(pack.id)[1] if case.expected.conditions.get("OV117-2") == "unmet"][:1]
    text = told(evaluate(pack, case.subject, application_date=case.application_date), dictionary, wordings).text
    assert "依据：2026 年度通知（工信厅企业函〔2026〕117号）推荐要求（转述）：" in text
    assert "依据：依据" not in text
    local = PACKS["suzhou-2018-industry-giant"]
    found = evaluate(local, Subject({}, ()), application_date=date(2020, 6, 30))
    assert (
        "按照《宿州市人民政府关于进一步推进中小企业“专精特新”发展的实施意见》，"
        in told(found, dictionary, wordings).text
    )


# -- plans that are over ----------------------------------------------------------------------------------------------

LOCAL = [stem for stem, pack in PACKS.items() if pack.area]


@pytest.mark.parametrize("stem", LOCAL)
@pytest.mark.parametrize("titles", [(), None])
def test_a17_nothing_is_asked_for_a_plan_that_is_over(
    stem: str, titles: tuple[()] | None, dictionary: Dictionary, wordings: Wordings
) -> None:
    found = evaluate(PACKS[stem], Subject({}, titles), application_date=date(2028, 6, 30))
    made = told(found, dictionary, wordings)
    assert found.verdict is not Verdict.ELIGIBLE
    assert "规划期已经届满" in made.text
    assert "不需要准备" in made.text
    fails = ["unmet"] if found.verdict is Verdict.NOT_ELIGIBLE else []
    assert [section.id for section in made.sections] == [*fails, "pending"]
    assert len(made.sections[-1].rows) == 1
    assert not re.search(r"请准备|请补充|请通过填报|培育提升", made.text)


@pytest.mark.parametrize("stem", LOCAL)
def test_a_plan_that_runs_is_told_like_any_other_title(stem: str, dictionary: Dictionary, wordings: Wordings) -> None:
    pack: Pack = PACKS[stem]
    found = evaluate(pack, Subject({}, ()), application_date=pack.in_force_from)
    assert "届满" not in told(found, dictionary, wordings).text


@pytest.mark.parametrize("name", ["plan_over", "plan_over_unmet", "no_rules", "watch_list", "watch_list_unmet"])
def test_wordings_without_words_for_a_special_case_are_refused(name: str) -> None:
    text = re.sub(rf"^{name}:\n(?:  .*\n)+", "", TEMPLATE.read_text("utf-8"), flags=re.MULTILINE)
    with pytest.raises(SourceInvalid, match=name):
        load_wordings(text, TEMPLATE.name)


def test_a_plan_that_is_over_is_not_said_to_leave_open_what_fails_in_any_case(
    dictionary: Dictionary, wordings: Wordings
) -> None:
    facts = {("taxable_sales_yuan", 2025): FactValue("13743800.00", "tax")}
    pack = PACKS["zhenjiang-2023-small-to-above"]
    found = evaluate(pack, Subject(facts, ()), application_date=date(2026, 6, 30))
    assert found.verdict is Verdict.NOT_ELIGIBLE
    made = told(found, dictionary, wordings)
    assert [section.id for section in made.sections] == ["unmet", "pending"]
    assert "不作符合与否的结论" not in made.text
    assert "即使继续执行，依据截至目前掌握的资料，下列条件也不符合，结论为：测算不符合条件。" in made.opening
    assert "不需要准备" in made.text


@pytest.mark.parametrize(("sales", "verdict"), [("30000000.00", "not_eligible"), ("18000000.00", "manual_review")])
def test_nobody_applies_for_a_watch_list_or_is_told_to_grow_into_it(
    sales: str, verdict: str, dictionary: Dictionary, wordings: Wordings
) -> None:
    facts = {("taxable_sales_yuan", 2024): FactValue(sales, "tax")}
    pack = PACKS["zhenjiang-2023-small-to-above"]
    found = evaluate(pack, Subject(facts, ()), application_date=date(2025, 6, 30))
    assert found.verdict.value == verdict
    made = told(found, dictionary, wordings)
    assert "不是称号，不需要申请" in made.text
    assert not re.search("新申请|申报通知|培育提升|请准备", made.text)


def test_a_title_without_rules_asks_an_enterprise_for_nothing(dictionary: Dictionary, wordings: Wordings) -> None:
    found = evaluate(PACKS["qianjiang-2023-tech-enterprise"], Subject({}, ()), application_date=date(2026, 6, 30))
    made = told(found, dictionary, wordings)
    assert "该文件没有写明认定条件" in made.text
    assert "不需要准备" in made.text
    assert "请准备" not in made.text
