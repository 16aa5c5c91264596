"""A-29: points that experts give, grades and choices, and bands whose edge a value leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.status import Status, Verdict
from rulebook.subject import Subject
from tests.unit.rulebook.conftest import refused

Build = Callable[..., Subject]
Judge = Callable[..., object]
DAY = date(2026, 6, 30)


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


# -- mistakes ----------------------------------------------------------------------------------------------------------


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
