"""Titles, bans, size class and findings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from rulebook.size import ALL_SIZES, SizeResult
from rulebook.status import Status
from rulebook.subject import Subject, Title

Build = Callable[..., Subject]
Judge = Callable[..., Any]
DAY = date(2026, 6, 30)
HOLDS = "{holds: [innovative_sme, tech_sme]}"
BAN = "{no_ban: {titles: [innovative_sme, little_giant], years: 3}}"


def title(state: str = "valid", start: str = "2024-01-01", end: str | None = "2026-12-31", **more: object) -> Title:
    to = date.fromisoformat(end) if end else None
    return Title("innovative_sme", state, date.fromisoformat(start), to, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (title(), Status.MET),
        (title(end="2026-06-30"), Status.MET),
        (title(end="2026-06-29"), Status.UNMET),
        (title(start="2026-07-01"), Status.UNMET),
        (title("expired", end="2026-12-31"), Status.MET),  # expired by now, valid on the day asked about
        (title("expired", end=None), Status.UNMET),
        (title("under_review"), Status.MET),
        (title("under_review", end="2026-05-31"), Status.MANUAL_REVIEW),
        (title("publicized"), Status.UNMET),
        (title("cancelled"), Status.UNMET),
        (title("cancelled", cancelled_on=date(2026, 7, 1)), Status.MET),
        (title("cancelled", cancelled_on=date(2026, 6, 30)), Status.UNMET),
        (title("cancelled", end="2026-06-30", cancelled_on=date(2026, 7, 1)), Status.MET),
        (title("cancelled", end="2026-06-29", cancelled_on=date(2026, 7, 1)), Status.UNMET),
        (title(end=None), Status.UNKNOWN),
        (Title("high_tech", "valid", date(2024, 1, 1), date(2026, 12, 31)), Status.UNMET),
    ],
)
def test_a13_a_title_counts_by_its_dates_on_the_day_of_application(
    subject: Build, judge_test: Judge, held: Title, status: Status
) -> None:
    assert judge_test(HOLDS, subject(titles=(held,)), day=DAY).status is status


def test_a_ledger_nobody_looked_into_is_unknown_and_an_empty_one_is_not(subject: Build, judge_test: Judge) -> None:
    unknown = judge_test(HOLDS, subject(titles=None))
    assert (unknown.status, [each.kind for each in unknown.missing]) == (Status.UNKNOWN, ["title"])
    assert judge_test(HOLDS, subject(titles=())).status is Status.UNMET
    assert judge_test("{recorded: [high_tech]}", subject(titles=None)).status is Status.UNKNOWN
    assert judge_test("{recorded_none: [high_tech]}", subject(titles=None)).status is Status.UNKNOWN


def test_a_second_source_says_only_what_it_holds(subject: Build, judge_test: Judge) -> None:
    """An incomplete ledger without the title: no gap for `recorded_none`, unknown for `holds_none`."""
    incomplete = subject(titles=(), ledger_complete=False)
    assert judge_test("{recorded_none: [high_tech]}", incomplete).status is Status.MET
    assert judge_test("{holds_none: [high_tech]}", incomplete).status is Status.UNKNOWN
    held = subject(titles=(title(),), ledger_complete=False)
    assert judge_test("{recorded_none: [innovative_sme]}", held).status is Status.UNMET


def test_a_title_absent_from_an_incomplete_ledger_is_unknown_but_bans_nobody(subject: Build, judge_test: Judge) -> None:
    open_ledger = subject(titles=(), ledger_complete=False)
    assert judge_test(HOLDS, open_ledger).status is Status.UNKNOWN
    assert judge_test("{holds_none: [little_giant]}", open_ledger).status is Status.UNKNOWN
    assert judge_test("{recorded: [high_tech]}", open_ledger).status is Status.UNMET
    assert judge_test(BAN, open_ledger).status is Status.MET
    assert judge_test(HOLDS, subject(titles=(title(),), ledger_complete=False)).status is Status.MET


@pytest.mark.parametrize(
    ("cancelled", "ban", "status"),
    [
        (date(2023, 7, 1), True, Status.UNMET),
        (date(2023, 6, 30), True, Status.MANUAL_REVIEW),
        (date(2010, 6, 30), True, Status.MANUAL_REVIEW),
        (date(2026, 6, 1), False, Status.MET),
        (date(2026, 6, 1), None, Status.MANUAL_REVIEW),
        (None, True, Status.MANUAL_REVIEW),
        (date(2026, 7, 1), True, Status.MET),  # not yet cancelled
    ],
)
def test_a50_a_ban_holds_for_three_years_and_then_a_person_asks(
    subject: Build, judge_test: Judge, cancelled: date | None, ban: bool | None, status: Status
) -> None:
    gone = title("cancelled", cancelled_on=cancelled, ban=ban)
    assert judge_test(BAN, subject(titles=(gone,)), day=DAY).status is status


def test_a32_three_years_from_a_leap_day_end_on_the_last_of_february(subject: Build, judge_test: Judge) -> None:
    gone = subject(titles=(title("cancelled", cancelled_on=date(2024, 2, 29), ban=True),))
    assert judge_test(BAN, gone, day=date(2027, 2, 27)).status is Status.UNMET
    assert judge_test(BAN, gone, day=date(2027, 2, 28)).status is Status.MANUAL_REVIEW


def test_a50_a_title_granted_since_shows_that_the_ban_is_over(subject: Build, judge_test: Judge) -> None:
    gone = title("cancelled", cancelled_on=date(2020, 1, 1), ban=True)
    assert judge_test(BAN, subject(titles=(gone, title())), day=DAY).status is Status.MET


def test_a32_one_ban_that_still_runs_is_enough(subject: Build, judge_test: Judge) -> None:
    old = title("cancelled", cancelled_on=date(2020, 1, 1), ban=True)
    new = Title("little_giant", "cancelled", None, None, date(2025, 1, 1), ban=True)
    assert judge_test(BAN, subject(titles=(old, new)), day=DAY).status is Status.UNMET


@pytest.mark.parametrize(
    ("size", "status"),
    [
        (SizeResult("micro", frozenset(("micro",)), ""), Status.MET),
        (SizeResult("large", frozenset(("large",)), ""), Status.UNMET),
        (SizeResult("unknown", frozenset(("medium", "small")), "", ("revenue_yuan",)), Status.MET),
        (SizeResult("unknown", frozenset(("large", "small")), "", ("revenue_yuan",)), Status.UNKNOWN),
        (SizeResult("unknown", ALL_SIZES, ""), Status.MANUAL_REVIEW),
        (None, Status.UNKNOWN),
    ],
)
def test_a26_the_size_gate_decides_as_soon_as_every_possible_class_agrees(
    subject: Build, judge_test: Judge, size: SizeResult | None, status: Status
) -> None:
    assert judge_test("{size: [中型, 小型, 微型]}", subject(size=size)).status is status


def test_the_figures_missing_for_the_size_class_are_named_with_their_year(subject: Build, judge_test: Judge) -> None:
    size = SizeResult("unknown", ALL_SIZES, "", ("industry_code", "headcount"))
    result = judge_test("{size: [小型]}", subject(size=size), day=DAY)
    assert [(each.fact_id, each.fiscal_year, each.label) for each in result.missing] == [
        ("industry_code", 0, "所属行业"),
        ("headcount", 2025, "2025年期末从业人员"),
    ]


@pytest.mark.parametrize(
    ("finding", "source", "status"),
    [
        (None, "official_finding", Status.MANUAL_REVIEW),
        ("符合|前三", "official_finding", Status.MET),
        ("不符合|过低", "official_finding", Status.UNMET),
        ("符合|前三||2026-06-30", "official_finding", Status.MET),
        ("符合|前三||2026-06-29", "official_finding", Status.MANUAL_REVIEW),
        ("符合|前三", "self_declared", Status.MANUAL_REVIEW),
    ],
)
def test_an_officials_finding_decides_and_its_absence_asks_for_one(
    subject: Build, judge_test: Judge, finding: str | None, source: str, status: Status
) -> None:
    facts = {} if finding is None else {"market_position_leading": finding}
    found = subject(facts, sources={"market_position_leading": source})
    result = judge_test("{finding: market_position_leading}", found, day=DAY)
    assert result.status is status
    assert [each.kind for each in result.missing] == ([] if finding else ["finding"])
