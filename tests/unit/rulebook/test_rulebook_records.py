"""Awards, accidents, financing: windows, missing fields, and what only a person may count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from rulebook.status import Status
from rulebook.subject import Subject

Build = Callable[..., Subject]
Judge = Callable[..., Any]
DAY = date(2026, 6, 30)

AWARD = (
    "{some: science_awards, where: {level: [national], rank: <= 3 名}, within: {field: awarded_on, rolling_years: 3}}"
)
ACCIDENT = (
    "{none: accidents, where: [{kind: [quality], severity: [major]}, {kind: [tax_evasion]}], "
    "review_where: {kind: [other]}, within: {field: happened_on, rolling_years: 3}}"
)
EQUITY = (
    "{total: equity_financing.amount_yuan, where: {registered_investor: 是, equity_share: <= 30%}, "
    "within: {field: closed_on, fiscal_years: 2}, limit: '>= 2000 万元'}"
)


@pytest.mark.parametrize(
    ("awards", "status"),
    [
        ("无", Status.UNMET),
        ("国家级|3|2024-05-01", Status.MET),
        ("国家级|4|2024-05-01", Status.UNMET),
        ("省级|1|2024-05-01", Status.UNMET),
        ("国家级||2024-05-01", Status.UNKNOWN),
        ("省级||2024-05-01", Status.UNMET),
        ("国家级||2020-05-01", Status.UNMET),
        ("国家级||2024-05-01；国家级|1|2025-05-01", Status.MET),
    ],
)
def test_an_award_counts_by_level_rank_and_date(subject: Build, judge_test: Judge, awards: str, status: Status) -> None:
    assert judge_test(AWARD, subject({"science_awards": awards})).status is status


def test_the_missing_field_of_an_entry_is_named(subject: Build, judge_test: Judge) -> None:
    result = judge_test(AWARD, subject({"science_awards": "省级|1|2024-05-01；国家级||2024-05-01"}))
    assert [each.label for each in result.missing] == ["科技奖励（第 2 条的获奖单位排名）"]


@pytest.mark.parametrize(
    ("awarded", "status"),
    [
        (date(2023, 7, 1), Status.UNMET),  # exactly 1095 days before
        (date(2023, 7, 2), Status.MET),
        (date(2026, 6, 30), Status.MET),
        (date(2026, 7, 1), Status.UNMET),
    ],
)
def test_a38_three_years_are_1095_days_and_the_far_day_does_not_count(
    subject: Build, judge_test: Judge, awarded: date, status: Status
) -> None:
    assert (DAY - date(2023, 7, 1)).days == 1095
    assert judge_test(AWARD, subject({"science_awards": f"国家级|1|{awarded}"}), day=DAY).status is status


@pytest.mark.parametrize(
    ("accidents", "status"),
    [
        ("无", Status.MET),
        ("质量|一般|2025-01-01", Status.MET),
        ("质量|重大|2025-01-01", Status.UNMET),
        ("质量||2025-01-01", Status.UNKNOWN),
        ("偷漏税||2025-01-01", Status.UNMET),
        ("其他||2025-01-01", Status.MANUAL_REVIEW),
        ("其他||2025-01-01；质量|重大|2025-01-01", Status.UNMET),
        ("其他||2025-01-01；质量||2025-01-01", Status.UNKNOWN),
        ("其他||2020-01-01", Status.MET),
    ],
)
def test_an_accident_forbids_by_kind_severity_and_date(
    subject: Build, judge_test: Judge, accidents: str, status: Status
) -> None:
    assert judge_test(ACCIDENT, subject({"accidents": accidents})).status is status


def test_a_list_that_is_not_there_is_unknown_and_an_empty_one_is_known(subject: Build, judge_test: Judge) -> None:
    assert judge_test(ACCIDENT, subject()).status is Status.UNKNOWN
    assert judge_test(ACCIDENT, subject({"accidents": "无"})).status is Status.MET


@pytest.mark.parametrize(
    ("rounds", "status"),
    [
        ("无", Status.UNMET),
        ("2024-01-01|2000万元|是|30%", Status.MET),
        ("2024-01-01|19999999.99元|是|30%", Status.UNMET),
        ("2024-01-01|1000万元|是|10%；2025-12-31|1000万元|是|10%", Status.MET),
        ("2023-12-31|9000万元|是|10%", Status.UNMET),
        ("2024-01-01|9000万元|否|10%", Status.UNMET),
        ("2024-01-01|9000万元|是|30.01%", Status.UNMET),
    ],
)
def test_a03_financing_counts_in_the_last_complete_fiscal_years(
    subject: Build, judge_test: Judge, rounds: str, status: Status
) -> None:
    assert judge_test(EQUITY, subject({"equity_financing": rounds}), day=DAY).status is status


@pytest.mark.parametrize(
    ("rounds", "status"),
    [
        ("2026-01-01|2000万元|是|10%", Status.MANUAL_REVIEW),
        ("2025-06-01|1500万元|是|10%；2026-06-30|500万元|是|10%", Status.MANUAL_REVIEW),
        ("2025-06-01|1500万元|是|10%；2026-06-30|499万元|是|10%", Status.UNMET),
        ("2025-06-01|2000万元|是|10%；2026-06-30|500万元|是|10%", Status.MET),
        ("2026-07-01|2000万元|是|10%", Status.UNMET),  # after the application
    ],
)
def test_a39_money_of_the_running_year_is_shown_apart_and_never_decides_alone(
    subject: Build, judge_test: Judge, rounds: str, status: Status
) -> None:
    result = judge_test(EQUITY, subject({"equity_financing": rounds}), day=DAY)
    assert result.status is status
    assert any("另行列示" in note for note in result.notes) is ("2026-07" not in rounds)


def entry(dictionary_subject: Subject, **changed: object) -> Subject:
    """The same subject with one field of its only financing entry changed or removed."""
    (key, value), *_ = dictionary_subject.facts.items()
    first = {**value.value[0], **changed}  # type: ignore[index]
    kept = {name: each for name, each in first.items() if each is not None}
    return Subject({key: type(value)([kept], value.source)}, dictionary_subject.titles, dictionary_subject.size)


@pytest.mark.parametrize("field", ["amount_yuan", "registered_investor", "equity_share", "closed_on"])
def test_a_financing_entry_with_a_hole_leaves_the_sum_open(subject: Build, judge_test: Judge, field: str) -> None:
    holed = entry(subject({"equity_financing": "2025-01-01|2000万元|是|10%"}), **{field: None})
    result = judge_test(EQUITY, holed, day=DAY)
    assert result.status is Status.UNKNOWN
    assert len(result.missing) == 1


def test_a39_a_hole_in_the_running_year_leaves_open_whether_a_person_is_asked(
    subject: Build, judge_test: Judge
) -> None:
    holed = entry(subject({"equity_financing": "2026-01-01|2000万元|是|10%"}), equity_share=None)
    assert judge_test(EQUITY, holed, day=DAY).status is Status.UNKNOWN


def test_a_hole_that_cannot_matter_leaves_nothing_open(subject: Build, judge_test: Judge) -> None:
    small = entry(subject({"equity_financing": "2025-01-01|10万元|是|10%"}), equity_share=None)
    assert judge_test(EQUITY, small, day=DAY).status is Status.UNMET
    foreign = entry(subject({"equity_financing": "2025-01-01|2000万元|否|10%"}), equity_share=None)
    assert judge_test(EQUITY, foreign, day=DAY).status is Status.UNMET
