"""Forms of a pack: sums since the founding, growth by 195号, expert points, capped groups, areas, open texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import PackInvalid, load_pack
from rulebook.status import Status, Verdict
from rulebook.subject import Subject

Build = Callable[..., Subject]
Judge = Callable[..., object]
DAY = date(2026, 6, 30)
RD, SALES = "hte_rd_expense_yuan", "hte_sales_revenue_yuan"
SHARE = (
    f"sum_since(established_on, {RD}[t], {RD}[t-1], {RD}[t-2])"
    f" / sum_since(established_on, {SALES}[t], {SALES}[t-1], {SALES}[t-2])"
)


# -- sums since the founding ---------------------------------------------------------------------------------------


def spent(subject: Build, founded: str | None, rd: dict[int, str], sales: dict[int, str]) -> Subject:
    facts: dict[str, object] = {RD: rd, SALES: sales}
    return subject(facts if founded is None else facts | {"established_on": founded})


THREE_RD = {2025: "5 万元", 2024: "5 万元", 2023: "5 万元"}
THREE_SALES = {2025: "100 万元", 2024: "100 万元", 2023: "100 万元"}


@pytest.mark.parametrize(
    ("founded", "rd", "sales", "status"),
    [
        ("2015-01-01", THREE_RD, THREE_SALES, Status.MET),
        ("2015-01-01", THREE_RD | {2023: "49999.99 元"}, THREE_SALES, Status.UNMET),
        (None, THREE_RD, THREE_SALES, Status.MET),
        (None, {2025: "5 万元", 2024: "5 万元"}, THREE_SALES, Status.UNKNOWN),
        ("2024-12-31", {2025: "5 万元", 2024: "5 万元"}, {2025: "100 万元", 2024: "100 万元"}, Status.MET),
        ("2023-12-31", {2025: "5 万元", 2024: "5 万元"}, {2025: "100 万元", 2024: "100 万元"}, Status.UNKNOWN),
        ("2025-06-01", {2025: "5 万元"}, {2025: "100 万元"}, Status.MET),
        ("2026-01-01", {}, {}, Status.UNKNOWN),
        ("2015-01-01", THREE_RD, dict.fromkeys(THREE_SALES, "0 元"), Status.UNKNOWN),
    ],
)
def test_a49_a_share_of_sums_counts_the_years_since_the_founding(
    subject: Build, judge_test: Judge, founded: str | None, rd: dict[int, str], sales: dict[int, str], status: Status
) -> None:
    assert judge_test(f"{SHARE} >= 5%", spent(subject, founded, rd, sales)).status is status


def test_the_years_that_count_are_said(subject: Build, judge_test: Judge) -> None:
    young = spent(subject, "2024-12-31", {2025: "5 万元", 2024: "5 万元"}, {2025: "100 万元", 2024: "100 万元"})
    result = judge_test(f"{SHARE} >= 5%", young)
    assert result.notes == ("注册时间为 2024-12-31，按实际经营的 2 个年度计算",)
    assert [each.fact_id for each in result.missing] == []


@pytest.mark.parametrize(
    ("founded", "status"),
    [
        ("2025-06-30", Status.MET),
        ("2025-07-01", Status.UNMET),
        ("2026-07-01", Status.UNMET),
        (None, Status.UNKNOWN),
    ],
)
def test_days_since_a_date_include_the_day_itself(
    subject: Build, judge_test: Judge, founded: str | None, status: Status
) -> None:
    facts = {} if founded is None else {"established_on": founded}
    result = judge_test("days_since(established_on) >= 365 天", subject(facts), day=DAY)
    assert result.status is status
    assert [each.fact_id for each in result.missing] == ([] if founded else ["established_on"])


# -- growth by 195号 ------------------------------------------------------------------------------------------------


def growth(judge_test: Judge, subject: Build, years: dict[int, str], at_least: str = "1%") -> object:
    return judge_test(f"hte_growth(net_assets_yuan[t]) >= {at_least}", subject({"net_assets_yuan": years}), day=DAY)


@pytest.mark.parametrize(
    ("first", "middle", "last", "percent", "status"),
    [
        ("100", "120", "150", "22.5%", Status.MET),  # ½(1.2 + 1.25) − 1
        ("100", "120", "150", "22.51%", Status.UNMET),
        ("0", "100", "135", "35%", Status.MET),  # the first year is 0: the last two years
        ("0", "100", "134.99", "35%", Status.UNMET),
        ("100", "0", "500", "0%", Status.MET),  # the second year is 0: 0 points
        ("100", "0", "500", "0.01%", Status.UNMET),
        ("0", "0", "500", "0.01%", Status.UNMET),
        ("100", "90", "80", "-50%", Status.MET),
        ("100", "100", "0", "-50%", Status.MET),
    ],
)
def test_a05_growth_of_high_tech_enterprises(
    subject: Build, judge_test: Judge, first: str, middle: str, last: str, percent: str, status: Status
) -> None:
    years = {2023: f"{first} 万元", 2024: f"{middle} 万元", 2025: f"{last} 万元"}
    assert growth(judge_test, subject, years, percent).status is status


@pytest.mark.parametrize(
    ("years", "status"),
    [
        ({2023: "100 万元", 2024: "-1 元", 2025: "100 万元"}, Status.MANUAL_REVIEW),
        ({2023: "-1 元", 2024: "100 万元", 2025: "100 万元"}, Status.MANUAL_REVIEW),
        ({2024: "100 万元", 2025: "-1 元"}, Status.MANUAL_REVIEW),
        ({2024: "100 万元", 2025: "100 万元"}, Status.UNKNOWN),
        ({2024: "0 元"}, Status.UNMET),  # the second year decides alone
        ({}, Status.UNKNOWN),
    ],
)
def test_a49_negative_net_assets_go_to_a_person_and_missing_ones_stay_unknown(
    subject: Build, judge_test: Judge, years: dict[int, str], status: Status
) -> None:
    assert growth(judge_test, subject, years).status is status


# -- windows of calendar years -------------------------------------------------------------------------------------

WINDOW = "{none: accidents, where: {kind: [quality]}, within: {field: happened_on, calendar_years: 2}}"


@pytest.mark.parametrize(
    ("happened", "status"),
    [
        ("2024-12-31", Status.MET),
        ("2025-01-01", Status.UNMET),
        ("2026-06-30", Status.UNMET),
        ("2026-07-01", Status.MET),
    ],
)
def test_a03_the_year_before_and_the_running_year(
    subject: Build, judge_test: Judge, happened: str, status: Status
) -> None:
    assert judge_test(WINDOW, subject({"accidents": f"质量|重大|{happened}"}), day=DAY).status is status


# -- what a document leaves open -----------------------------------------------------------------------------------


def test_what_the_document_leaves_open_is_always_for_a_person(subject: Build, judge_test: Judge) -> None:
    result = judge_test("{left_open: 文件没有写明认定条件}", subject({}), day=DAY)
    assert (result.status, result.notes) == (Status.MANUAL_REVIEW, ("文件没有写明认定条件",))
    assert result.missing == ()


@pytest.mark.parametrize(("day", "status"), [("2026-06-30", Status.MET), ("2026-06-29", Status.MANUAL_REVIEW)])
def test_a17_after_the_last_day_of_a_plan_a_person_confirms_that_it_is_applied(
    subject: Build, judge_test: Judge, day: str, status: Status
) -> None:
    assert judge_test(f"{{in_plan: {{until: {day}}}}}", subject({}), day=DAY).status is status


# -- scores that experts give -----------------------------------------------------------------------------------------

EXPERT = """\
groups: [{id: g, label: 分组, max: 25}]
indicators:
  - id: T-S2
    label: 指标二
    clause: 第二条
    quote: 原文二
    evidence: V
    group: g
    max: 8
    expert: hte_points_tech_level[y]
    grades:
      - {label: 高, points: 7-8}
      - {label: 一般, points: 1-6}
      - {label: 无, points: 0}
"""


@pytest.fixture
def scored(dictionary: Dictionary, scored_text: str) -> Callable[..., Assessment]:
    def run(subject: Subject, total: str = ">= 22 分", expert: str = EXPERT) -> Assessment:
        text = scored_text.replace("groups: [{id: g, label: 分组}]\nindicators:\n", expert).replace(">= 15 分", total)
        return evaluate(load_pack(text, dictionary), subject, application_date=DAY)

    return run


def facts_of(subject: Build, rd: str, points: str | None, source: str = "official_finding") -> Subject:
    facts: dict[str, object] = {"revenue_yuan": {2025: "1000 万元"}, "rd_expense_yuan": {2025: rd}}
    if points is not None:
        facts["hte_points_tech_level"] = {2026: points}
    return subject(facts, sources={"hte_points_tech_level": source})


def test_a29_expert_points_are_a_range_until_somebody_gave_them(
    subject: Build, scored: Callable[..., Assessment]
) -> None:
    found = scored(facts_of(subject, "50 万元", None))
    assert found.verdict is Verdict.MANUAL_REVIEW
    assert [(each.fact_id, each.fiscal_year, each.kind) for each in found.missing] == [
        ("hte_points_tech_level", 2026, "finding")
    ]
    assert found.score is not None
    assert found.score.points.display == "20～25 分", "20 + 0…8, capped at 25"


@pytest.mark.parametrize(
    ("rd", "points", "low", "high", "verdict"),
    [
        ("50 万元", "2", 22, 22, Verdict.ELIGIBLE),
        ("50 万元", "1", 21, 21, Verdict.NOT_ELIGIBLE),
        ("50 万元", "8", 25, 25, Verdict.ELIGIBLE),  # capped
        ("30 万元", None, 10, 18, Verdict.NOT_ELIGIBLE),  # decided without the experts
    ],
)
def test_a29_the_experts_number_takes_the_place_of_the_range_and_the_group_is_capped(
    subject: Build,
    scored: Callable[..., Assessment],
    rd: str,
    points: str | None,
    low: int,
    high: int,
    verdict: Verdict,
) -> None:
    found = scored(facts_of(subject, rd, points))
    assert found.score is not None
    assert (found.score.points.low, found.score.points.high, found.score.points.max) == (low, high, 25)
    assert found.score.groups[0].points == found.score.points
    assert found.verdict is verdict


def test_a29_a30_points_from_a_source_that_the_indicator_does_not_take_leave_the_range_open(
    subject: Build, scored: Callable[..., Assessment]
) -> None:
    only = EXPERT.replace("    max: 8\n", "    max: 8\n    only_sources: [official_finding]\n")
    found = scored(facts_of(subject, "50 万元", "8", "self_declared"), expert=only)
    assert found.verdict is Verdict.MANUAL_REVIEW
    assert found.score is not None
    assert found.score.points.display == "20～25 分"
    assert any("只认可" in note for note in found.condition("T-S2").notes)
    assert scored(facts_of(subject, "50 万元", "8"), expert=only).verdict is Verdict.ELIGIBLE


def test_a29_points_an_enterprise_gives_itself_do_not_count(subject: Build, scored: Callable[..., Assessment]) -> None:
    found = scored(facts_of(subject, "50 万元", "8", "self_declared"))
    assert found.verdict is Verdict.MANUAL_REVIEW
    assert "自评分不计入" in "".join(found.condition("T-S2").notes)


CHOICE = """\
    choices:
      - {when: hte_ip_class1_count >= 1 项, points: 7-8}
      - {otherwise: 无, points: 0}
"""


@pytest.mark.parametrize(
    ("count", "points", "low", "high", "status"),
    [
        ("1", "7", 7, 7, Status.MET),
        ("1", None, 7, 8, Status.MANUAL_REVIEW),
        ("1", "6", 6, 8, Status.MANUAL_REVIEW),  # contradicts the data: both ends stay possible
        ("0", None, 0, 0, Status.UNMET),
        ("0", "3", 0, 3, Status.MANUAL_REVIEW),
        (None, None, 0, 8, Status.UNKNOWN),
        (None, "7", 7, 7, Status.MET),  # the experts saw what the system does not hold
    ],
)
def test_a29_expert_points_and_data_are_held_against_each_other(
    dictionary: Dictionary,
    scored_text: str,
    subject: Build,
    count: str | None,
    points: str | None,
    low: int,
    high: int,
    status: Status,
) -> None:
    text = scored_text.replace("groups: [{id: g, label: 分组}]\nindicators:\n", EXPERT)
    start, end = text.index("    grades:"), text.index("  - id: T-S1")
    facts: dict[str, object] = {}
    if count is not None:
        facts["hte_ip_class1_count"] = count
    if points is not None:
        facts["hte_points_tech_level"] = {2026: points}
    pack = load_pack(text[:start] + CHOICE + text[end:], dictionary)
    found = evaluate(pack, subject(facts), application_date=DAY).condition("T-S2")
    assert found.points is not None
    assert (found.points.low, found.points.high, found.status) == (low, high, status)


@pytest.mark.parametrize(
    ("rd", "points"), [("0 元", 0), ("0.01 元", 10), ("30 万元", 10), ("300000.01 元", 20), ("50 万元", 20)]
)
def test_a_band_above_a_value_leaves_the_value_out(
    dictionary: Dictionary, scored_text: str, subject: Build, rd: str, points: int
) -> None:
    text = scored_text.replace("{from: 5%, points: 20}", "{above: 3%, points: 20}")
    text = text.replace("{from: 3%, to: 5%, points: 10}", "{above: 0%, to: 3%, points: 10}")
    text = text.replace("{to: 3%, points: 0}", "{to: 0%, points: 0}")
    held = subject({"revenue_yuan": {2025: "1000 万元"}, "rd_expense_yuan": {2025: rd}})
    found = evaluate(load_pack(text, dictionary), held, application_date=DAY).condition("T-S1").points
    assert found is not None
    assert found.low == found.high == Decimal(points)


# -- areas and titles without rules --------------------------------------------------------------------------------

UNSTATED = ("test: revenue_yuan[t] >= 100 万元", "test: {left_open: 文件没有写明认定条件}")


def test_a_pack_serves_the_enterprises_registered_in_its_area(dictionary: Dictionary, pack_text: str) -> None:
    everywhere = load_pack(pack_text, dictionary)
    local = load_pack(pack_text.replace("kinds:", "area: ['3413', '500114']\nkinds:"), dictionary)
    assert everywhere.serves("370102")
    assert everywhere.serves(None)
    assert [local.serves(each) for each in ("341302", "500114", "500115", "340100", None)] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_a_title_without_rules_explains_itself_and_is_never_eligible(
    dictionary: Dictionary, pack_text: str, subject: Build
) -> None:
    pack = load_pack(pack_text.replace("kinds:", "rules: none\nkinds:").replace(*UNSTATED), dictionary)
    assert not pack.stated
    found = evaluate(pack, subject({}), application_date=DAY)
    assert found.verdict is Verdict.MANUAL_REVIEW
    assert found.reasons == ("“条件一”须人工核定：文件没有写明认定条件（第一条）。",)


def refused(dictionary: Dictionary, text: str) -> list[tuple[int, str]]:
    with pytest.raises(PackInvalid) as found:
        load_pack(text, dictionary)
    for problem in found.value.problems:
        assert problem.found
        assert problem.expected
        assert problem.remedy
    return [(problem.line, problem.code) for problem in found.value.problems]


TEST = "revenue_yuan[t] >= 100 万元"


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        (TEST, "sum(revenue_yuan[t]) / legal_person >= 3%", 16, "unit"),
        (TEST, "mean(revenue_yuan[t]) / revenue_yuan[t] >= 3%", 16, "operator"),
        (TEST, "sum(revenue_yuan[t], rd_expense_yuan[t]) / revenue_yuan[t] >= 3%", 16, "unit"),
        (TEST, "sum_since(established_on) >= 3 万元", 16, "unit"),
        (TEST, "sum_since(headcount[t], revenue_yuan[t]) >= 3 万元", 16, "unit"),
        (TEST, "days_since(revenue_yuan[t]) >= 3 天", 16, "unit"),
        (TEST, "days_since(established_on) >= 3 年", 16, "unit"),
        (TEST, "hte_growth(revenue_yuan[t-1]) >= 3%", 16, "period"),
        (TEST, "{left_open: ''}", 16, "missing-left_open"),
        (TEST, "{in_plan: {until: 明年}}", 16, "date"),
        (TEST, "{some: science_awards, within: {field: awarded_on, calendar_years: 零}}", 16, "number"),
        (TEST, "{total: equity_financing.amount_yuan, within: {field: closed_on, rolling_years: 2},"
         " limit: '>= 1 万元'}", 16, "period"),
        (TEST, "{holds: [zhenjiang_small_to_above]}", 16, "unknown-title"),  # a watch-list is held by nobody
        ("kinds:", "area: 3413\nkinds:", 7, "malformed"),
        ("kinds:", "area: ['宿州']\nkinds:", 7, "choice"),
        ("kinds:", "area: ['341']\nkinds:", 7, "choice"),
        ("kinds:", "area: []\nkinds:", 7, "choice"),
        ("kinds:", "rules: some\nkinds:", 7, "choice"),
        ("kinds:", "rules: none\nkinds:", 19, "rules-none"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_form_is_refused_with_its_line(
    dictionary: Dictionary, pack_text: str, old: str, new: str, line: int, code: str
) -> None:
    assert old in pack_text
    assert (line, code) in refused(dictionary, pack_text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("    expert: hte_points_tech_level[y]\n", "", 11, "missing-expert"),
        ("hte_points_tech_level[y]", "hte_points_ip_origin[y]", 18, "unit"),  # 6 points, not 8
        ("hte_points_tech_level[y]", "development_score[y]", 18, "unit"),
        ("hte_points_tech_level[y]", "hte_points_nothing[y]", 18, "unknown-fact"),
        ("{label: 一般, points: 1-6}", "{label: 一般, points: 1-7}", 21, "band-overlap"),
        ("{label: 一般, points: 1-6}", "{label: 一般, points: 6-1}", 21, "number"),
        ("{label: 高, points: 7-8}", "{label: 高, points: 7-9}", 17, "unreachable"),
        ("max: 25", "max: 28", 11, "unreachable"),
        (">= 15 分", ">= 26 分", 36, "unreachable-threshold"),  # above the cap
        ("{from: 5%, points: 20}", "{from: 5%, above: 5%, points: 20}", 32, "band-overlap"),
    ],
)
def test_a_mistake_in_a_scored_form_is_refused_with_its_line(
    dictionary: Dictionary, scored_text: str, old: str, new: str, line: int, code: str
) -> None:
    text = scored_text.replace("groups: [{id: g, label: 分组}]\nindicators:\n", EXPERT)
    assert old in text
    assert (line, code) in refused(dictionary, text.replace(old, new, 1))
