"""The same figure declared differently: the shipped rules, their arithmetic, and what is wrong in a file of rules."""

from pathlib import Path
from typing import Any

import pytest

from rulebook.dictionary import Dictionary
from rulebook.size import SizeResult
from rulebook.source import SourceInvalid
from rulebook.subject import FactValue
from services.eligibility.domain.consistency import (
    Check,
    Discrepancy,
    compare,
    compare_size,
    compare_statements,
    impossible,
    load_checks,
)
from tests.unit.rulebook.conftest import shipped_dictionary

ROOT = Path(__file__).parents[3]
FILE = ROOT / "services" / "eligibility" / "reference" / "consistency.yaml"


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return shipped_dictionary()


@pytest.fixture(scope="module")
def checks(dictionary: Dictionary) -> tuple[Check, ...]:
    return (*impossible(dictionary), *load_checks(FILE.read_text("utf-8"), dictionary, FILE.name))


def told(**facts: Any) -> dict[tuple[str, int], FactValue]:
    """told(headcount={2025: 80}, ip_class1_count=1)"""
    return {
        (name, year): FactValue(value, "audit_report")
        for name, given in facts.items()
        for year, value in (given.items() if isinstance(given, dict) else [(0, given)])
    }


def broken(checks: tuple[Check, ...], **facts: Any) -> list[tuple[str, int]]:
    found = compare(checks, shipped_dictionary(), told(**facts))[1]
    return [(each.check.id, each.fiscal_year) for each in found]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"main_revenue_yuan": {2025: "100.01"}, "revenue_yuan": {2025: "100.00"}}, "main-revenue-within-revenue"),
        ({"main_revenue_yuan": {2025: "100.00"}, "revenue_yuan": {2025: "100.00"}}, None),
        ({"main_revenue_yuan": {2025: "100.01"}, "revenue_yuan": {2024: "100.00"}}, None),
        ({"main_revenue_yuan": {2025: "100.01"}}, None),
        ({"revenue_yuan": {2025: "-0.01"}}, "within-bounds"),
        ({"market_share": {2025: "1.01"}}, "within-bounds"),
        ({"market_share": {2025: "1"}, "net_profit_yuan": {2025: "-1.00"}}, None),
        ({"main_cost_yuan": {2025: "2.00"}, "operating_cost_yuan": {2025: "1.00"}}, "main-cost-within-operating-cost"),
        ({"rd_staff": {2025: 61}, "full_time_staff": {2025: 60}}, "rd-staff-within-full-time-staff"),
        ({"ip_class1_high_value_count": 2, "ip_class1_count": 1}, "ip-class1-high-value-count-within-ip-class1-count"),
        ({"revenue_yuan": {2025: "0.00"}}, None),
        ({"rd_staff": {2025: 61}, "headcount": {2025: 60}}, "rd-staff-within-headcount"),
        ({"rd_staff": {2025: 0}, "headcount": {2025: 0}}, None),
        ({"full_time_staff": {2025: 110}, "headcount": {2025: 100}}, None),
        ({"full_time_staff": {2025: 112}, "headcount": {2025: 100}}, "full-time-staff-near-headcount"),
        ({"ip_class1_own_count": 2, "ip_class1_count": 1}, "ip-class1-own-count-within-ip-class1-count"),
        (
            {"own_brand_revenue_yuan": {2025: "100.01"}, "revenue_yuan": {2025: "100.00"}},
            "own-brand-revenue-within-revenue",
        ),
        ({"hte_tech_staff": {2025: 101}, "hte_total_staff": {2025: 100}}, "hte-tech-staff-within-hte-total-staff"),
        ({"hte_tech_staff": {2025: 100}, "hte_total_staff": {2025: 100}}, None),
        (
            {"hte_rd_expense_domestic_yuan": {2025: "100.01"}, "hte_rd_expense_yuan": {2025: "100.00"}},
            "hte-rd-expense-domestic-within-hte-rd-expense",
        ),
        (
            {"hte_product_income_yuan": {2025: "100.01"}, "hte_total_income_yuan": {2025: "100.00"}},
            "hte-product-income-within-hte-total-income",
        ),
        ({"tsme_tech_staff": {2025: 101}, "tsme_total_staff": {2025: 100}}, "tsme-tech-staff-within-tsme-total-staff"),
        ({"hte_sales_revenue_yuan": {2025: "111.20"}, "revenue_yuan": {2025: "100.00"}}, "hte-sales-near-revenue"),
        ({"hte_sales_revenue_yuan": {2025: "111.00"}, "revenue_yuan": {2025: "100.00"}}, None),
        (
            {"tsme_sales_revenue_yuan": {2025: "98.99"}, "hte_sales_revenue_yuan": {2025: "100.00"}},
            "sales-of-two-titles",
        ),
        ({"tsme_sales_revenue_yuan": {2025: "99.00"}, "hte_sales_revenue_yuan": {2025: "100.00"}}, None),
        ({"tsme_total_staff": {2025: 99}, "hte_total_staff": {2025: 100}}, "staff-of-two-titles"),
        ({"tsme_rd_expense_yuan": {2025: "79.99"}, "hte_rd_expense_yuan": {2025: "100.00"}}, "rd-of-two-titles"),
        ({"tsme_rd_expense_yuan": {2025: "80.00"}, "hte_rd_expense_yuan": {2025: "100.00"}}, None),
        ({"hte_rd_expense_yuan": {2025: "79.99"}, "rd_expense_yuan": {2025: "100.00"}}, "hte-rd-near-audited-rd"),
    ],
)
def test_a_shipped_rule_is_broken_exactly_beyond_its_margin(
    checks: tuple[Check, ...], facts: dict[str, Any], expected: str | None
) -> None:
    assert [name for name, _ in broken(checks, **facts)] == ([expected] if expected else [])


def test_a24_accounts_of_the_group_want_staff_and_property_of_the_group(checks: tuple[Check, ...]) -> None:
    group, alone = {2025: "consolidated"}, {2025: "parent"}
    assert broken(checks, accounts_basis=group, staff_basis=group, ip_basis=group) == []
    assert broken(checks, accounts_basis=alone, staff_basis=alone, ip_basis=alone) == []
    assert broken(checks, accounts_basis=group, staff_basis=alone) == [("same-accounts", 2025)]
    assert broken(checks, accounts_basis=alone, staff_basis=alone, ip_basis=group) == [("same-accounts", 2025)]
    assert broken(checks, staff_basis=alone, ip_basis=group) == [], "what the accounts are is not known"
    assert broken(checks, accounts_basis=group, staff_basis={2024: "parent"}) == []
    [found] = compare(checks, shipped_dictionary(), told(accounts_basis=group, staff_basis=alone, ip_basis=group))[1]
    assert found.message.startswith("2025年财务数据口径为合并，而2025年人员口径为母公司。")
    assert [each.display for each in found.figures] == ["合并", "母公司"]


def test_sums_are_compared_with_a_margin_of_the_larger_side(checks: tuple[Check, ...]) -> None:
    def sheet(assets: str) -> list[tuple[str, int]]:
        known = {"total_liabilities_yuan": {2025: "60.00"}, "net_assets_yuan": {2025: "40.00"}}
        return broken(checks, total_assets_yuan={2025: assets}, **known)

    assert (sheet("100.00"), sheet("101.00"), sheet("99.00")) == ([], [], [])
    assert sheet("101.02") == sheet("98.99") == [("assets-balance", 2025)]


def test_each_year_is_compared_with_the_one_before(checks: tuple[Check, ...]) -> None:
    assert broken(checks, segment_years={2023: "3", 2024: "4", 2025: "9"}) == [("segment-years-follow", 2025)]
    assert broken(checks, segment_years={2022: "3", 2025: "9"}) == [], "a year that is missing is not compared"


def test_a_discrepancy_names_both_figures_with_year_source_and_distance(checks: tuple[Check, ...]) -> None:
    known = told(main_revenue_yuan={2025: "33000000.00"}, revenue_yuan={2025: "32000000.00"})
    compared, [found] = compare(checks, shipped_dictionary(), known)
    assert compared == 3, "two bounds and one part; what is not there is not counted"
    assert found.message == (
        "2025年主营业务收入 3,300.00 万元，应不超过2025年营业收入 3,200.00 万元，多出 100.00 万元。"
        "主营业务收入是营业收入的一部分。"
    )
    assert [(each.fact_id, each.source_label) for each in found.figures] == [
        ("main_revenue_yuan", "审计报告"),
        ("revenue_yuan", "审计报告"),
    ]


def test_the_registered_size_is_held_against_every_class_that_is_still_possible(checks: tuple[Check, ...]) -> None:
    check = next(each for each in checks if each.compares == "registered_size")

    def against(registered: str | None, *possible: str) -> Discrepancy | None:
        return compare_size(check, registered, SizeResult(possible[0], frozenset(possible), "按“工业”划型"), 2025)

    assert against("small", "small", "medium") is None
    assert against(None, "small") is None
    found = against("large", "small", "medium")
    assert found is not None
    assert "登记为大型企业" in found.message
    assert "中型或小型" in found.message


def test_a_year_that_was_told_twice_with_two_values_is_named_with_both(
    checks: tuple[Check, ...], dictionary: Dictionary
) -> None:
    check = next(each for each in checks if each.compares == "earlier_statements")
    first = {("revenue_yuan", 2024): FactValue("100.00", "self_declared")}
    again = {("revenue_yuan", 2024): FactValue("100.00", "import")}
    later = {("revenue_yuan", 2024): FactValue("90.00", "audit_report"), ("headcount", 2024): FactValue(9, "import")}
    assert list(compare_statements(check, dictionary, [first, again])) == [], "the same value from another source"
    [found] = compare_statements(check, dictionary, [first, again, later])
    assert [each.source_label for each in found.figures] == ["企业填报", "审计报告"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("holds: no_such_fact[t] <= revenue_yuan[t]", "unknown-fact"),
        ("holds: revenue_yuan[t] <= headcount[t]", "unit"),
        ("holds: revenue_yuan <= main_revenue_yuan[t]", "period"),
        ("holds: headcount[t] <= ip_class1_count", "unit"),
        ("holds: revenue_yuan[t]", "operator"),
        ("holds: revenue_yuan[t] >= 3%", "unit"),
        ("compares: the_weather", "choice"),
        ("label: 又一次", "repeated-key"),
        ("surprise: 1", "unknown-key"),
        ("severity: impossible", "unknown-key"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named_with_its_line(dictionary: Dictionary, line: str, code: str) -> None:
    text = f"checks:\n  - id: a\n    label: 甲\n    reason: 乙\n    {line}\n"
    with pytest.raises(SourceInvalid) as refused:
        load_checks(text, dictionary, "x.yaml")
    assert code in {each.code for each in refused.value.problems}
    assert all(each.file == "x.yaml" for each in refused.value.problems)
