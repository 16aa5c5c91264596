"""Forms of a pack: sums since the founding, growth by 195号, calendar windows, open texts, areas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.status import Status, Verdict
from rulebook.subject import Subject
from tests.unit.rulebook.conftest import refused

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
