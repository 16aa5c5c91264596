"""Which statements change what is on file; history adds up to the current state."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain.facts import Entry, Stated, apply, completeness, revise
from services.registry.domain.knowledge import Knowledge
from services.registry.store.knowledge import load_knowledge

ROOT = Path(__file__).resolve().parents[3]
NOW = dt.datetime(2026, 11, 23, 1, 2, 3, 456789, dt.UTC)
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge(
        ROOT / "contracts" / "facts", ROOT / "services" / "eligibility" / "policies" / "size-2011-2017.yaml"
    )


def changed(current: dict[str, Entry], stated: dict[str, Stated], year: int = 2025) -> dict[str, Entry | None]:
    return revise(current, stated, year, now=NOW, today=TODAY)


def entry(value: Any, source: str = "tax", as_of: str = "2025-12-31") -> Entry:
    return {"value": value, "source": source, "as_of": as_of, "recorded_at": "2026-01-01T00:00:00Z"}


def test_a_new_fact_is_entered_with_its_provenance() -> None:
    assert changed({}, {"a": Stated("1.00", "tax")}) == {
        "a": {"value": "1.00", "source": "tax", "as_of": "2025-12-31", "recorded_at": "2026-11-23T01:02:03Z"}
    }


@pytest.mark.parametrize(
    ("stated", "changes"),
    [
        (Stated("1.00", "tax"), False),
        (Stated("1.00", "tax", dt.date(2025, 12, 31)), False),
        (Stated("1.00", "tax", dt.date(2026, 3, 31)), True),
        (Stated("1.00", "audit_report"), True),
        (Stated("2.00", "tax"), True),
        (Stated(None, "tax"), True),
    ],
)
def test_only_what_differs_is_a_change(stated: Stated, changes: bool) -> None:
    assert bool(changed({"a": entry("1.00")}, {"a": stated})) is changes


@pytest.mark.parametrize(("known", "stated"), [(False, 0), (True, 1), (0, False)])
def test_false_zero_and_missing_are_three_things(known: Any, stated: Any) -> None:
    assert changed({"a": entry(known)}, {"a": Stated(stated, "tax")})
    assert changed({}, {"a": Stated(stated, "tax")})
    assert changed({}, {"a": Stated(None, "tax")}) == {}


_values = st.sampled_from([None, "0", "1.00", False, True, 0, 1, [], [{"k": "x"}]])
_statement = st.builds(
    Stated,
    _values,
    st.sampled_from(["tax", "import"]),
    st.sampled_from([None, dt.date(2025, 6, 30), dt.date(2025, 12, 31)]),
)
_statements = st.dictionaries(st.sampled_from("abc"), _statement)


@given(st.lists(_statements, max_size=8))
def test_the_revisions_add_up_to_the_current_state_and_saying_it_again_changes_nothing(
    history: list[dict[str, Stated]],
) -> None:
    current: dict[str, Entry] = {}
    replayed: dict[str, Entry] = {}
    for stated in history:
        revision = changed(current, stated)
        current = apply(current, revision)
        for fact, revised in revision.items():
            if revised is None:
                replayed.pop(fact)
            else:
                replayed[fact] = revised
        assert changed(current, stated) == {}
        assert current == dict(sorted(replayed.items()))
        assert all(value["value"] is not None for value in current.values())


def test_completeness_counts_each_fact_of_the_dictionary_once(knowledge: Knowledge) -> None:
    dictionary = knowledge.dictionary
    everything = {
        year: {fact.id: entry("x") for fact in dictionary if fact.yearly == bool(year)} for year in (0, 2024, 2025)
    }
    full = completeness(dictionary, everything, 2025)
    assert (full.present, full.expected) == (len(dictionary), len(dictionary))
    assert completeness(dictionary, {2024: everything[2024]}, 2025).present == 0
    score = completeness(dictionary, {2026: {"development_score": entry("80")}}, 2025)
    assert score.present == 1, "the official score is kept under the calendar year of the application"


def test_the_size_class_is_told_by_one_year_only(knowledge: Knowledge) -> None:
    old = {"headcount": entry(2000), "revenue_yuan": entry("900000000.00")}
    assert knowledge.size("3911", {2024: old}).size_class == "large"
    mixed = knowledge.size("3911", {2024: old, 2025: {"headcount": entry(2000)}})
    assert mixed.size_class is None
    assert "营业收入" in mixed.reason
    assert "2025" in mixed.reason
    assert knowledge.size(None, {}).size_class is None
    assert knowledge.size(None, {2024: old, 0: {"industry_code": entry("C3911")}}).size_class == "large"
