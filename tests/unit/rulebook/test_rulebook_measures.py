"""Shares, growth and sums: exact at every boundary, undecided where they have no meaning."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.measures import Compound, Rational
from rulebook.status import Status
from rulebook.subject import Subject

Build = Callable[..., Subject]
Judge = Callable[..., Any]
SHARE = "rd_expense_yuan[t] / revenue_yuan[t] >= 3%"


def test_a02_at_least_includes_the_boundary_and_more_than_does_not(subject: Build, judge_test: Judge) -> None:
    at = subject({"revenue_yuan": {2025: "100 万元"}})
    assert judge_test("revenue_yuan[t] >= 100 万元", at).status is Status.MET
    assert judge_test("revenue_yuan[t] <= 100 万元", at).status is Status.MET
    assert judge_test("revenue_yuan[t] > 100 万元", at).status is Status.UNMET
    assert judge_test("revenue_yuan[t] < 100 万元", at).status is Status.UNMET
    assert judge_test("revenue_yuan[t] = 100 万元", at).status is Status.MET


def test_a06_a_share_just_below_is_not_rounded_up_and_is_shown_so(subject: Build, judge_test: Judge) -> None:
    below = subject({"rd_expense_yuan": {2025: "29.999999万元"}, "revenue_yuan": {2025: "1000万元"}})
    result = judge_test(SHARE, below)
    assert (result.status, result.value) == (Status.UNMET, "2.99999990%")


def test_a06_a_mean_of_counts_is_shown_with_two_decimals(subject: Build, judge_test: Judge) -> None:
    rule = "mean(hte_conversions[t], hte_conversions[t-1], hte_conversions[t-2]) >= 5 项"
    held = subject({"hte_conversions": {2025: "6", 2024: "5", 2023: "3"}})
    result = judge_test(rule, held)
    assert (result.status, result.value) == (Status.UNMET, "4.67 项")
    assert judge_test(rule, subject({"hte_conversions": {2025: "9", 2024: "6", 2023: "3"}})).value == "6 项"


def test_a06_a_year_is_shown_as_it_was_written_unless_it_is_long(subject: Build, judge_test: Judge) -> None:
    rule = "segment_years[t] >= 2 年"
    seen = {
        years: judge_test(rule, subject({"segment_years": {2025: years}})).value
        for years in ("9.9", "2.00", "2.3333333333", "1.9999999")
    }
    assert seen == {"9.9": "9.9 年", "2.00": "2 年", "2.3333333333": "2.33 年", "1.9999999": "1.99999990 年"}


def test_a06_a_share_of_very_large_figures_never_looks_like_the_limit_it_misses(
    subject: Build, judge_test: Judge
) -> None:
    under = subject({"rd_expense_yuan": {2025: "2999999999999.99元"}, "revenue_yuan": {2025: "100000000000000元"}})
    result = judge_test(SHARE, under)
    assert (result.status, result.value) == (Status.UNMET, "2.99999999999999%")


def test_a06_shares_that_no_decimal_holds_are_compared_exactly(subject: Build, judge_test: Judge) -> None:
    third = subject({"rd_expense_yuan": {2025: "0.03元"}, "revenue_yuan": {2025: "1元"}})
    assert judge_test(SHARE, third).status is Status.MET
    over = subject({"rd_expense_yuan": {2025: "10000000000.01元"}, "revenue_yuan": {2025: "333333333333.66元"}})
    assert judge_test(SHARE, over).status is Status.MET
    under = subject({"rd_expense_yuan": {2025: "10000000000.01元"}, "revenue_yuan": {2025: "333333333333.67元"}})
    assert judge_test(SHARE, under).status is Status.UNMET


def test_a07_a_share_of_no_revenue_is_unknown_and_nothing_is_missing(subject: Build, judge_test: Judge) -> None:
    none = subject({"rd_expense_yuan": {2025: "30 万元"}, "revenue_yuan": {2025: "0 元"}})
    result = judge_test(SHARE, none)
    assert (result.status, result.missing) == (Status.UNKNOWN, ())
    assert "无法计算比例" in result.notes[0]


def test_a07_the_equity_route_turns_it_into_manual_review(subject: Build, judge_test: Judge) -> None:
    none = subject({"rd_expense_yuan": {2025: "30 万元"}, "revenue_yuan": {2025: "0 元"}, "headcount": {2025: "5"}})
    extra = "\n    undefined_review_if: headcount[t] >= {} 人"
    assert judge_test(SHARE, none, extra=extra.format(5)).status is Status.MANUAL_REVIEW
    assert judge_test(SHARE, none, extra=extra.format(6)).status is Status.UNKNOWN


def test_a07_a_missing_part_comes_before_a_missing_meaning(subject: Build, judge_test: Judge) -> None:
    result = judge_test(SHARE, subject({"revenue_yuan": {2025: "0 元"}}))
    assert [each.label for each in result.missing] == ["2025年研发费用总额"]


def growth(subject: Build, *yuan: str, fact: str = "revenue_yuan") -> Subject:
    years = dict(zip((2025, 2024, 2023), yuan, strict=False))
    return subject({fact: years})


@pytest.mark.parametrize(
    ("test", "years", "status"),
    [
        ("growth(revenue_yuan[t]) >= 15%", ("115元", "100元"), Status.MET),
        ("growth(revenue_yuan[t]) >= 15%", ("114.99元", "100元"), Status.UNMET),
        ("growth(revenue_yuan[t]) >= -20%", ("80元", "100元"), Status.MET),
        ("growth(revenue_yuan[t]) >= 0%", ("0元", "100元"), Status.UNMET),
        # +50 % and −30 %: mean +10 %, compound +2.47 %
        ("mean_growth(revenue_yuan[t]) >= 10%", ("105元", "150元", "100元"), Status.MET),
        ("mean_growth(revenue_yuan[t]) > 10%", ("105元", "150元", "100元"), Status.UNMET),
        ("cagr(revenue_yuan[t]) >= 10%", ("105元", "150元", "100元"), Status.UNMET),
        ("cagr(revenue_yuan[t]) >= 5%", ("110.25元", "1元", "100元"), Status.MET),
        ("cagr(revenue_yuan[t]) >= 5%", ("110.24元", "1元", "100元"), Status.UNMET),
    ],
)
def test_a04_growth_is_yearly_mean_or_compound(
    subject: Build, judge_test: Judge, test: str, years: tuple[str, ...], status: Status
) -> None:
    assert judge_test(test, growth(subject, *years)).status is status


@pytest.mark.parametrize(
    ("test", "years"),
    [
        ("growth(revenue_yuan[t]) >= 15%", ("115元", "0元")),
        ("growth(net_profit_yuan[t]) >= 15%", ("115元", "-10元")),
        ("mean_growth(revenue_yuan[t]) >= 1%", ("105元", "0元", "100元")),
        ("mean_growth(revenue_yuan[t]) >= 1%", ("105元", "100元", "0元")),
        ("cagr(revenue_yuan[t]) >= 1%", ("105元", "100元", "0元")),
        ("cagr(net_profit_yuan[t]) >= 1%", ("-5元", "100元", "50元")),
    ],
)
def test_a05_growth_from_nothing_goes_to_a_person(
    subject: Build, judge_test: Judge, test: str, years: tuple[str, ...]
) -> None:
    fact = "net_profit_yuan" if "net_profit" in test else "revenue_yuan"
    result = judge_test(test, growth(subject, *years, fact=fact))
    assert result.status is Status.MANUAL_REVIEW
    assert "增长率无意义" in result.notes[0]


def test_a05_a_young_company_without_earlier_years_is_unknown_and_the_years_are_named(
    subject: Build, judge_test: Judge
) -> None:
    result = judge_test("mean_growth(revenue_yuan[t]) >= 5%", growth(subject, "100元"))
    assert result.status is Status.UNKNOWN
    assert [each.label for each in result.missing] == ["2024年营业收入", "2023年营业收入"]


def test_a08_the_mean_of_years_is_not_each_year(subject: Build, judge_test: Judge) -> None:
    uneven = growth(subject, "150 万元", "50 万元")
    each = "{all: ['revenue_yuan[t] >= 100 万元', 'revenue_yuan[t-1] >= 100 万元']}"
    assert judge_test("mean(revenue_yuan[t], revenue_yuan[t-1]) >= 100 万元", uneven).status is Status.MET
    assert judge_test("sum(revenue_yuan[t], revenue_yuan[t-1]) > 200 万元", uneven).status is Status.UNMET
    assert judge_test(each, uneven).status is Status.UNMET


def test_a09_a_sum_that_only_one_reading_allows_goes_to_a_person(subject: Build, judge_test: Judge) -> None:
    test = (
        "{any: ['rd_expense_yuan[t] >= 3000 万元', "
        "{review: 'sum(rd_expense_yuan[t], rd_expense_yuan[t-1]) >= 3000 万元'}]}"
    )
    spent = lambda t, before: subject({"rd_expense_yuan": {2025: t, 2024: before}})  # noqa: E731
    assert judge_test(test, spent("3000 万元", "0 元")).status is Status.MET
    assert judge_test(test, spent("2000 万元", "1000 万元")).status is Status.MANUAL_REVIEW
    assert judge_test(test, spent("2000 万元", "999 万元")).status is Status.UNMET


def test_a04_no_fall_reaches_a_threshold_below_minus_one_hundred_percent() -> None:
    assert Compound(Decimal(0), Decimal(100)).compare(Decimal("-1.5")) == 1


money = st.decimals(min_value=0, max_value=10**13, places=2, allow_nan=False)


@settings(deadline=None)
@given(
    money, st.decimals(min_value="0.01", max_value=10**13, places=2), st.decimals(min_value=-2, max_value=2, places=4)
)
def test_a_share_compares_as_the_fraction_it_is(part: Decimal, whole: Decimal, threshold: Decimal) -> None:
    exact = Fraction(part) / Fraction(whole)
    order = (exact > Fraction(threshold)) - (exact < Fraction(threshold))
    assert Rational(part, whole).compare(threshold) == order


@settings(deadline=None)
@given(
    money, st.decimals(min_value="0.01", max_value=10**13, places=2), st.decimals(min_value=-2, max_value=2, places=4)
)
def test_a04_compound_growth_compares_without_a_root(last: Decimal, base: Decimal, threshold: Decimal) -> None:
    factor = 1 + Fraction(threshold)
    square = factor**2 * Fraction(base)
    order = 1 if factor < 0 else (Fraction(last) > square) - (Fraction(last) < square)
    assert Compound(last, base).compare(threshold) == order
