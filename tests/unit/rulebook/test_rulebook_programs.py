"""Packs are compiled once and judged many times: what stays with a pack, and what an assessment keeps of a subject."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.measures import Rational
from rulebook.pack import Limit, Pack
from rulebook.status import MET, UNMET
from rulebook.subject import FactValue, Subject, fact_value
from tests.unit.rulebook.conftest import PACK, SCORED

Build = Callable[..., Subject]
DAY = date(2026, 6, 30)


def with_limit(pack: Pack, limit: str) -> Pack:
    """The same pack, hash and all, asking for another amount."""
    condition = pack.conditions[0]
    test = replace(condition.tests["new"], limit=Limit(">=", Decimal(limit), limit))  # type: ignore[arg-type]
    return replace(pack, conditions=(replace(condition, tests={"new": test}),))


def test_a_replaced_pack_is_judged_by_its_own_rules(dictionary: Dictionary, subject: Build) -> None:
    pack, who = load_pack(PACK, dictionary), subject({"revenue_yuan": {2025: "100 万元"}})
    assert evaluate(pack, who, application_date=DAY).decision is MET
    stricter = with_limit(pack, "1000001")
    assert stricter.sha256 == pack.sha256
    assert evaluate(stricter, who, application_date=DAY).decision is UNMET
    assert evaluate(pack, who, application_date=DAY).decision is MET


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda pack: pickle.loads(pickle.dumps(pack))])
def test_a_pack_is_copied_and_sent_without_what_was_compiled(
    copied: Callable[[Pack], Pack], dictionary: Dictionary, subject: Build
) -> None:
    pack, who = load_pack(PACK, dictionary), subject({"revenue_yuan": {2025: "100 万元"}})
    first = evaluate(pack, who, application_date=DAY)
    again = copied(pack)
    assert again == pack
    assert evaluate(again, who, application_date=DAY) == first


def test_every_year_of_application_reads_its_own_year(dictionary: Dictionary, subject: Build) -> None:
    pack = load_pack(PACK, dictionary)
    who = subject({"revenue_yuan": {2025: "100 万元", 2030: "1 万元"}})
    for year, outcome in ((2026, MET), (2031, UNMET), (2026, MET)):
        found = evaluate(pack, who, application_date=date(year, 6, 30))
        assert (found.decision, found.conditions[0].inputs[0].fiscal_year) == (outcome, year - 1)


def test_few_programs_are_kept_whatever_years_are_asked_for(dictionary: Dictionary, subject: Build) -> None:
    pack = load_pack(PACK, dictionary)
    for year in range(2026, 2126):
        evaluate(pack, subject(), application_date=date(year, 6, 30))
    assert len(pack.programs) <= 12


def test_an_assessment_read_late_tells_what_was_judged(dictionary: Dictionary, subject: Build) -> None:
    """The trace is kept while judging: nothing is looked up or judged again when somebody reads it."""
    pack = load_pack(SCORED, dictionary)
    facts = {"rd_expense_yuan": {2025: "4 万元"}, "revenue_yuan": {2025: "100 万元"}}
    read_at_once = evaluate(pack, subject(facts), application_date=DAY).to_json()
    who = subject(facts)
    found = evaluate(pack, who, application_date=DAY)
    who.facts.clear()  # type: ignore[attr-defined]
    assert found.to_json() == read_at_once
    assert [each.fact_id for each in found.conditions[0].inputs] == ["rd_expense_yuan", "revenue_yuan"]


def test_an_assessment_of_one_subject_knows_nothing_of_the_next(dictionary: Dictionary, subject: Build) -> None:
    pack = load_pack(SCORED, dictionary)
    first_facts = {"rd_expense_yuan": {2025: "4 万元"}, "revenue_yuan": {2025: "100 万元"}}
    alone = evaluate(pack, subject(first_facts), application_date=DAY).to_json()
    first = evaluate(pack, subject(first_facts), application_date=DAY)
    evaluate(pack, subject({"revenue_yuan": {2025: "7 万元"}}), application_date=DAY)
    assert first.to_json() == alone


def test_a_figure_read_once_is_the_same_figure_for_every_pack(dictionary: Dictionary) -> None:
    held = FactValue("1000000.00", "tax")
    who = Subject({("revenue_yuan", 2025): held})
    first = evaluate(load_pack(PACK, dictionary), who, application_date=DAY)
    assert (held.number, held) == (Decimal("1000000.00"), FactValue("1000000.00", "tax"))
    assert evaluate(load_pack(PACK, dictionary), who, application_date=DAY) == first


# -- quotients ---------------------------------------------------------------------------------------------------------

money = st.integers(1, 10**20).map(lambda fen: Decimal(fen) / 100)
thresholds = st.integers(0, 10**6).map(lambda parts: Decimal(parts) / 10**4)


@given(above=money, below=money, threshold=thresholds)
@example(above=Decimal("2999999999999999999999999999999.99"), below=Decimal(10**32), threshold=Decimal("0.03"))
@example(above=Decimal("3000000000000000000000000000000.01"), below=Decimal(10**32), threshold=Decimal("0.03"))
@example(above=Decimal("3E+30"), below=Decimal(10**32), threshold=Decimal("0.03"))
def test_a06_a_quotient_that_is_rounded_compares_as_the_exact_one(
    above: Decimal, below: Decimal, threshold: Decimal
) -> None:
    exact, asked = Fraction(above) / Fraction(below), Fraction(threshold)
    assert Rational(above, below).compare(threshold) == (exact > asked) - (exact < asked)


@pytest.mark.parametrize(
    ("rd", "points"),
    [
        ("50000000000000000000000000000.01", 20),
        ("50000000000000000000000000000.00", 20),
        ("49999999999999999999999999999.99", 10),
        ("30000000000000000000000000000.00", 10),
        ("29999999999999999999999999999.99", 0),
    ],
)
def test_a02_a_band_begins_exactly_on_its_edge(rd: str, points: int, dictionary: Dictionary) -> None:
    """Rounded to 28 digits every one of them lies on an edge."""
    facts = {
        ("rd_expense_yuan", 2025): FactValue(rd, "audit_report"),
        ("revenue_yuan", 2025): FactValue("1000000000000000000000000000000.00", "audit_report"),
    }
    found = evaluate(load_pack(SCORED, dictionary), Subject(facts), application_date=DAY)
    assert found.conditions[0].points == (points, points, 20)


def test_a_stored_value_is_read_with_its_dates() -> None:
    stored = {"value": "1.00", "source": "tax", "as_of": "2026-03-31", "recorded_at": "2026-04-01T08:00:00+00:00"}
    told = datetime(2026, 4, 1, 8, tzinfo=UTC)
    assert fact_value(stored) == FactValue("1.00", "tax", date(2026, 3, 31), told)
    assert fact_value({"value": None}) == FactValue(None, "", None, None)
    assert fact_value(stored | {"as_of": "2026-03-31T00:00:00"}).as_of == date(2026, 3, 31)
