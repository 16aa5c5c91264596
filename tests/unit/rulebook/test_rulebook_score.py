"""Scores: bands at their edges, intervals while something is missing, ranges that people fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.status import Verdict
from rulebook.subject import Subject

Build = Callable[..., Subject]
Run = Callable[..., Assessment]

SECOND = """\
  - id: T-S2
    label: 指标二
    clause: 第二条
    quote: 原文二
    evidence: V
    group: g
    max: {max}
    {form}
routes:
"""


@pytest.fixture
def run(dictionary: Dictionary, scored_text: str) -> Run:
    def assess(
        subject: Subject, *, second: str = "", maximum: int = 15, total: str = ">= 15 分", bands: str = ""
    ) -> Assessment:
        text = scored_text.replace(">= 15 分", total)
        if bands:
            text = text.replace("      - {from: 5%, points: 20}", bands)
        if second:
            text = text.replace("routes:\n", SECOND.format(max=maximum, form=second))
        return evaluate(load_pack(text, dictionary), subject, application_date=date(2026, 6, 30))

    return assess


def spent(subject: Build, rd: str | None) -> Subject:
    facts: dict[str, object] = {"revenue_yuan": {2025: "1000 万元"}}
    if rd is not None:
        facts["rd_expense_yuan"] = {2025: rd}
    return subject(facts)


@pytest.mark.parametrize(
    ("rd", "points"),
    [("50 万元", 20), ("499999.99 元", 10), ("30 万元", 10), ("299999.99 元", 0), ("0 元", 0), ("2000 万元", 20)],
)
def test_a02_a_value_on_two_bands_takes_the_higher(subject: Build, run: Run, rd: str, points: int) -> None:
    found = run(spent(subject, rd)).condition("T-S1").points
    assert found is not None
    assert (found.low, found.high, found.max) == (Decimal(points), Decimal(points), Decimal(20))


def test_a_missing_input_opens_the_interval_and_the_verdict_with_it(subject: Build, run: Run) -> None:
    open_score = run(spent(subject, None))
    assert open_score.score is not None
    assert open_score.score.points.display == "0～20 分"
    assert open_score.verdict is Verdict.UNKNOWN
    assert [each.label for each in open_score.missing if each.blocking] == ["2025年研发费用总额"]


def test_the_verdict_is_decided_when_the_whole_interval_agrees(subject: Build, run: Run) -> None:
    choices = "choices: [{when: lead_product_in_sei = 是, points: 10}, {otherwise: 其他, points: 5}]"
    unknown = spent(subject, "50 万元")
    assert run(unknown, second=choices, maximum=10, total=">= 25 分").verdict is Verdict.ELIGIBLE
    assert run(unknown, second=choices, maximum=10, total=">= 26 分").verdict is Verdict.UNKNOWN
    poor = spent(subject, "0 元")
    assert run(poor, second=choices, maximum=10, total="> 10 分").verdict is Verdict.NOT_ELIGIBLE


@pytest.mark.parametrize(
    ("total", "verdict"),
    [(">= 20 分", Verdict.ELIGIBLE), (">= 21 分", Verdict.MANUAL_REVIEW), (">= 35 分", Verdict.MANUAL_REVIEW)],
)
def test_a11_a_slot_that_the_province_has_not_filled_counts_as_an_interval(
    subject: Build, run: Run, total: str, verdict: Verdict
) -> None:
    found = run(spent(subject, "50 万元"), second="slot: true", total=total)
    assert found.score is not None
    assert (found.score.points.low, found.score.points.high) == (20, 35)
    assert found.verdict is verdict


def test_a11_a_slot_cannot_save_a_score_that_is_too_low(subject: Build, run: Run) -> None:
    assert run(spent(subject, "0 元"), second="slot: true", total=">= 16 分").verdict is Verdict.NOT_ELIGIBLE


def test_a36_a_missing_input_comes_before_a_slot_that_people_fill(subject: Build, run: Run) -> None:
    assert run(spent(subject, None), second="slot: true", total=">= 30 分").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("total", "verdict"),
    [(">= 16 分", Verdict.ELIGIBLE), ("> 16 分", Verdict.MANUAL_REVIEW), ("> 19 分", Verdict.MANUAL_REVIEW)],
)
def test_a29_a_band_with_a_range_of_points_is_fixed_by_experts(
    subject: Build, run: Run, total: str, verdict: Verdict
) -> None:
    ranged = "      - {from: 5%, points: 16-20}"
    assert run(spent(subject, "50 万元"), bands=ranged, total=total).verdict is verdict


BETTER = """better_of:
      - measure: rd_expense_yuan[t]
        bands:
          - {from: 500 万元, points: 10}
          - {from: 100 万元, to: 500 万元, points: 2}
          - {to: 100 万元, points: 0}
      - measure: rd_expense_yuan[t] / revenue_yuan[t]
        bands:
          - {from: 10%, points: 10}
          - {from: 3%, to: 10%, points: 2}
          - {to: 3%, points: 0}"""


@pytest.mark.parametrize(
    ("rd", "revenue", "low", "high"),
    [
        ("100 万元", "1000 万元", 10, 10),  # the share gives more
        ("500 万元", "20000 万元", 10, 10),  # the amount gives more
        ("100 万元", "20000 万元", 2, 2),
        ("99 万元", "20000 万元", 0, 0),
        ("500 万元", None, 10, 10),  # the missing share could add nothing
        ("100 万元", None, 2, 10),
        (None, "1000 万元", 0, 10),
    ],
)
def test_a10_the_better_of_two_scales_counts(
    subject: Build, run: Run, rd: str | None, revenue: str | None, low: int, high: int
) -> None:
    facts = {"rd_expense_yuan": {2025: rd}} if rd else {}
    facts |= {"revenue_yuan": {2025: revenue}} if revenue else {}
    found = run(subject(facts), second=BETTER, maximum=10).condition("T-S2")
    assert found.points is not None
    assert (found.points.low, found.points.high) == (low, high)
    assert found.status.value == ("unknown" if low != high else "met" if low else "unmet")
    assert len(found.checks) == 2


@pytest.mark.parametrize(("years", "points"), [("0", 0), ("1.99", 0), ("2", 1), ("3.99", 1), ("4", 2), ("99", 3)])
def test_points_for_every_full_step_end_at_the_maximum(subject: Build, run: Run, years: str, points: int) -> None:
    steps = "measure: segment_years[t]\n    steps: {every: 2 年, points: 1}"
    found = run(subject({"segment_years": {2025: years}}), second=steps, maximum=3).condition("T-S2").points
    assert found is not None
    assert (found.low, found.high) == (points, points)


EACH = """each:
      points: 3
      of:
        - lead_product_in_sei = 是
        - ip_class1_count >= 1 项
        - {finding: market_position_leading}"""


@pytest.mark.parametrize(
    ("facts", "low", "high", "status"),
    [
        ({"lead_product_in_sei": "否", "ip_class1_count": "0"}, 0, 3, "manual_review"),
        ({"lead_product_in_sei": "是", "ip_class1_count": "0"}, 3, 5, "manual_review"),
        ({"lead_product_in_sei": "是"}, 3, 5, "unknown"),
        ({"lead_product_in_sei": "是", "ip_class1_count": "1"}, 5, 5, "met"),
        ({}, 0, 5, "unknown"),
    ],
)
def test_points_for_each_test_that_holds_end_at_the_maximum(
    subject: Build, run: Run, facts: dict[str, object], low: int, high: int, status: str
) -> None:
    found = run(subject(facts), second=EACH, maximum=5).condition("T-S2")
    assert found.points is not None
    assert (found.points.low, found.points.high, found.status.value) == (low, high, status)


def test_a_value_that_rounds_up_to_the_next_band_is_shown_with_enough_digits(subject: Build, run: Run) -> None:
    assert run(spent(subject, "499999.99 元")).condition("T-S1").value == "4.99999990%"
    assert run(spent(subject, "50 万元")).condition("T-S1").value == "5.00%"


def test_every_choice_is_looked_at_so_that_every_missing_fact_is_named(subject: Build, run: Run) -> None:
    choices = (
        "choices: [{when: ip_class1_count >= 1 项, points: 10}, {when: ip_class2_count >= 1 项, points: 5}, "
        "{otherwise: 无, points: 0}]"
    )
    known = subject({"revenue_yuan": {2025: "1 元"}, "rd_expense_yuan": {2025: "1 元"}, "ip_class1_count": "1"})
    found = run(known, second=choices, maximum=10)
    assert found.verdict is Verdict.ELIGIBLE
    assert [(each.fact_id, each.blocking) for each in found.missing] == [("ip_class2_count", False)]
