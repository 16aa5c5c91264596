"""Fact entries: what is stated, what is on file, and which entries a statement really changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any

from rulebook.dictionary import Dictionary, Fact
from rulebook.parts import Excess, excesses
from services.registry.domain.periods import implied_date

Entry = dict[str, Any]
"""`{value, source, as_of, recorded_at}` as it is stored and as it travels."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A canonical value and where it comes from; `value` None withdraws the fact; `as_of` None is implied.

    `field` is where it stands in the request.
    """

    value: Any
    source: str
    as_of: dt.date | None = None
    field: str = ""


def instant(moment: dt.datetime) -> str:
    """An instant as entries carry it, to the second."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def revise(
    current: Mapping[str, Entry], stated: Mapping[str, Stated], fiscal_year: int, *, now: dt.datetime, today: dt.date
) -> dict[str, Entry | None]:
    """The entries of one period that change: fact id → new entry, or None when withdrawn.

    The same value from the same source again is no change, unless it is stated for another date.
    """
    changed: dict[str, Entry | None] = {}
    recorded_at, implied = instant(now), implied_date(fiscal_year, today).isoformat()
    for fact_id, statement in stated.items():
        known = current.get(fact_id)
        if statement.value is None:
            if known is not None:
                changed[fact_id] = None
            continue
        if known is not None and _says_the_same(known, statement):
            continue
        changed[fact_id] = {
            "value": statement.value,
            "source": statement.source,
            "as_of": statement.as_of.isoformat() if statement.as_of else implied,
            "recorded_at": recorded_at,
        }
    return changed


def apply(current: Mapping[str, Entry], changed: Mapping[str, Entry | None]) -> dict[str, Entry]:
    """The period's entries after the change; withdrawn ones are gone, that is missing."""
    merged = {**current, **changed}
    return {fact_id: entry for fact_id, entry in sorted(merged.items()) if entry is not None}


def impossible(
    dictionary: Dictionary, fiscal_year: int, stated: Iterable[str], after: Mapping[str, Entry]
) -> Iterator[Excess]:
    """What is stated and cannot be true beside what the period would hold `after` it: each part above its whole.

    An impossible state of which nothing is stated stays as it is: whoever writes something else cannot mend it.
    """
    return excesses(dictionary, fiscal_year, stated, lambda fact_id: after.get(fact_id, {}).get("value"))


def beside(found: Excess, stated: Container[str]) -> str:
    """What to do about it, by which of the two figures is stated and which is on file."""
    on_file = [each.label for each in (found.part, found.whole) if each.id not in stated]
    if not on_file:
        return "请核对两个数"
    return f"其中“{on_file[0]}”是已登记的数：请核对，有误的请一并更正（或先撤回）"


def _says_the_same(known: Entry, stated: Stated) -> bool:
    if known["value"] != stated.value or type(known["value"]) is not type(stated.value):
        return False
    return known["source"] == stated.source and (stated.as_of is None or known["as_of"] == stated.as_of.isoformat())


def accepted_source(fact: Fact, source: str) -> bool:
    """Whether the dictionary lets this fact come from that kind of source."""
    return source in fact.sources


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of the dictionary is known of an enterprise: point facts, and yearly ones of the last complete year."""

    fiscal_year: int
    present: int
    expected: int
    missing: tuple[tuple[str, int], ...] = ()
    """Fact id and the year in which it is wanted, 0 for a point fact; in the dictionary's order."""

    @property
    def score(self) -> Decimal:
        """Ratio of what is there, two places, rounded down: only the whole is 1."""
        if not self.expected:
            return Decimal(1)
        return (Decimal(self.present) / self.expected).quantize(Decimal("0.01"), ROUND_DOWN)


def completeness(dictionary: Dictionary, periods: Mapping[int, Mapping[str, Entry]], fiscal_year: int) -> Completeness:
    """Count the facts that are there; a calendar-year fact counts in `fiscal_year` or the year after."""
    present = 0
    missing: list[tuple[str, int]] = []
    for fact in dictionary:
        years: tuple[int, ...] = (fiscal_year,) if fact.yearly else (0,)
        if fact.yearly and fact.year_of == "calendar":
            years = (fiscal_year, fiscal_year + 1)
        there = any(fact.id in periods.get(year, {}) for year in years)
        present += there
        if not there:
            missing.append((fact.id, years[0]))
    return Completeness(fiscal_year, present, len(dictionary), tuple(missing))
