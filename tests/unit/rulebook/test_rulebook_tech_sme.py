"""科技型中小企业 against the tables of the rulebook (section 5), written here a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.status import Status, Verdict
from rulebook.subject import FactValue, Subject
from rulebook.values import CellError, parse_cell
from tests.unit.rulebook.conftest import shipped_cases

STEM = "tsme-115-2017"
DAY = date(2026, 6, 30)
T = 2025
RD, SALES, COST = "tsme_rd_expense_yuan", "tsme_sales_revenue_yuan", "tsme_cost_expense_yuan"
Cells = dict[tuple[str, int], str | None]
Assess = Callable[..., Assessment]


@pytest.fixture(scope="module")
def typical() -> Subject:
    """The subject of the first case: 60 points, every fact known."""
    return shipped_cases(STEM)[1][0].subject


@pytest.fixture(scope="module")
def assess(shipped: dict[str, Pack], dictionary: Dictionary, typical: Subject) -> Assess:
    def run(changed: Cells) -> Assessment:
        facts = dict(typical.facts)
        for (fact_id, year), cell in changed.items():
            facts.pop((fact_id, year), None)
            if cell is not None:
                value = parse_cell(dictionary[fact_id], cell)
                assert value is not None
                assert not isinstance(value, CellError), (fact_id, cell)
                facts[(fact_id, year)] = FactValue(value, dictionary[fact_id].sources[0])
        return evaluate(shipped[STEM], replace(typical, facts=facts), application_date=DAY)

    return run


def span(found: Assessment, indicator: str) -> str:
    points = found.condition(indicator).points
    assert points is not None
    return points.display.replace(" 分", "").replace("～", "-")


@pytest.mark.parametrize(
    ("staff", "of", "points"),
    [
        (30, 100, 20), (100, 100, 20), (2999, 10000, 16), (25, 100, 16), (2499, 10000, 12), (20, 100, 12),
        (1999, 10000, 8), (15, 100, 8), (1499, 10000, 4), (10, 100, 4), (999, 10000, 0), (0, 100, 0),
    ],
)  # fmt: skip
def test_a47_ts_s1_technical_staff(assess: Assess, staff: int, of: int, points: int) -> None:
    found = assess({("tsme_tech_staff", T): str(staff), ("tsme_total_staff", T): str(of)})
    assert span(found, "TS-S1") == str(points)


FEN = "0.01"
BY_SALES = [("6", 50), ("5", 40), ("4", 30), ("3", 20), ("2", 10)]  # percent of 1,000,000 yuan, points
BY_COST = [("30", 50), ("25", 40), ("20", 30), ("15", 20), ("10", 10)]


@pytest.mark.parametrize("other", [None, "100000000 元"])
@pytest.mark.parametrize(("base", "table"), [(SALES, BY_SALES), (COST, BY_COST)])
def test_a28_ts_s2_each_formula_at_and_below_every_boundary(
    assess: Assess, base: str, table: list[tuple[str, int]], other: str | None
) -> None:
    """The other formula gives 0 points or nothing at all: then this one is the least that is sure."""
    less = [*[points for _, points in table[1:]], 0]
    against = {COST: SALES, SALES: COST}[base]
    for (percent, points), below in zip(table, less, strict=True):
        exactly = int(percent) * 10_000
        for spent, expected in ((f"{exactly} 元", points), (f"{exactly - 1}.99 元", below)):
            found = assess({(base, T): "1000000 元", (against, T): other, (RD, T): spent})
            scored = found.condition("TS-S2").points
            assert scored is not None
            assert scored.low == expected
            assert scored.high == (expected if other or expected == 50 else 50)


def test_a28_the_better_formula_counts_and_is_named(assess: Assess) -> None:
    by_cost = assess({(RD, T): "30 万元", (SALES, T): "1000 万元", (COST, T): "100 万元"})  # 3 % and 30 %
    assert span(by_cost, "TS-S2") == "50"
    assert by_cost.condition("TS-S2").notes == (
        "按“2025年科技型研发费用总额÷2025年科技型成本费用支出总额”计 50 分，取得分较高的算法",
    )
    assert [each.value for each in by_cost.condition("TS-S2").checks] == ["3.00%", "30.00%"], "both are shown"
    by_sales = assess({(RD, T): "60 万元", (SALES, T): "1000 万元", (COST, T): "1000 万元"})
    assert "2025年科技型销售收入" in by_sales.condition("TS-S2").notes[0]


def test_a28_formulas_that_agree_name_no_choice(assess: Assess) -> None:
    assert assess({(RD, T): "0 元"}).condition("TS-S2").notes == ()


@pytest.mark.parametrize(
    ("class1", "class2", "points"),
    [
        ("1", "0", "30"), ("5", "9", "30"), ("0", "9", "24"), ("0", "4", "24"), ("0", "3", "18"), ("0", "2", "12"),
        ("0", "1", "6"), ("0", "0", "0"), (None, "4", "24-30"), ("0", None, "0-24"), ("1", None, "30"),
    ],
)  # fmt: skip
def test_ts_s3_results(assess: Assess, class1: str | None, class2: str | None, points: str) -> None:
    found = assess({("tsme_ip_class1_count", 0): class1, ("tsme_ip_class2_count", 0): class2})
    assert span(found, "TS-S3") == points


@pytest.mark.parametrize(
    ("happened", "status"),
    [
        ("2024-12-31", Status.MET),
        ("2025-01-01", Status.UNMET),
        ("2025-12-31", Status.UNMET),
        ("2026-06-30", Status.UNMET),
        ("2026-07-01", Status.MET),
    ],
)
@pytest.mark.parametrize(
    ("fact", "entry"),
    [("accidents", "质量|重大|{}"), ("accidents", "环境违法|严重|{}"), ("research_misconduct", "{}")],
)
def test_a03_ts4_looks_at_the_year_before_and_the_running_one(
    assess: Assess, fact: str, entry: str, happened: str, status: Status
) -> None:
    assert assess({(fact, 0): entry.format(happened)}).condition("TS-4a").status is status


BLOCKING = {
    ("tsme_resident_enterprise", 0): "TS-1",
    ("tsme_total_staff", T): "TS-2",
    ("total_assets_yuan", T): "TS-2",
    ("prohibited_product", 0): "TS-3",
    ("accidents", 0): "TS-4a",
    ("research_misconduct", 0): "TS-4a",
    ("abnormal_list", 0): "TS-4b",
    ("dishonest_list", 0): "TS-4b",
    (SALES, T): "TS-2",
    (RD, T): "TS-S2",
    ("tsme_tech_staff", T): "TS-S1",
    ("tsme_ip_class2_count", 0): "TS-S3",
}


@pytest.mark.parametrize("key", BLOCKING)
def test_a_missing_fact_alone_is_unknown_and_named(assess: Assess, key: tuple[str, int]) -> None:
    found = assess({key: None})
    assert found.verdict is Verdict.UNKNOWN
    assert found.condition(BLOCKING[key]).status is Status.UNKNOWN
    assert key in {(each.fact_id, each.fiscal_year) for each in found.missing if each.blocking}


@pytest.mark.parametrize(
    "key", [(COST, T), ("tsme_ip_class1_count", 0), ("honors", 0), ("science_awards", 0), ("rd_institutions", 0)]
)
def test_a_missing_fact_that_cannot_lower_the_score_changes_nothing(assess: Assess, key: tuple[str, int]) -> None:
    """60 points are reached: more points or a direct confirmation would only add to them."""
    assert assess({key: None}).verdict is Verdict.ELIGIBLE


@pytest.mark.parametrize("key", [("honors", 0), ("science_awards", 0), ("rd_institutions", 0), ("led_standards", 0)])
def test_a_missing_fact_of_a_direct_route_keeps_it_open(assess: Assess, key: tuple[str, int]) -> None:
    assert assess({key: None, (RD, T): "0 元"}).verdict is Verdict.UNKNOWN
    assert assess({(RD, T): "0 元"}).verdict is Verdict.NOT_ELIGIBLE


def test_nothing_but_what_115_asks_for_is_read(assess: Assess) -> None:
    """A-23, A-25: heads and revenues counted for other titles do not stand in for those of this one."""
    read = {each.fact_id for condition in assess({}).conditions for each in condition.inputs}
    assert not read & {
        "revenue_yuan",
        "main_revenue_yuan",
        "rd_expense_yuan",
        "headcount",
        "full_time_staff",
        "rd_staff",
    }
    assert not any(fact.startswith("hte_") for fact in read)
