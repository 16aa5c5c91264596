"""What a pack's outcome depends on, and how long it cannot become another one by the calendar alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from typing import get_args

from rulebook.criteria import SIZE_FACTS
from rulebook.dictionary import Fact
from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    Condition,
    DaysSince,
    Entries,
    Equals,
    Found,
    Growth,
    Holds,
    InPlan,
    LeftOpen,
    Measure,
    NoBan,
    Pack,
    RecordTotal,
    Ref,
    Review,
    Share,
    SizeIn,
    Term,
    Test,
    Total,
    Window,
)
from rulebook.standing import years_later
from rulebook.subject import POINT, Subject

_RULES = frozenset((*get_args(Test), *get_args(Measure), RecordTotal, Window))
_CALENDAR_KNOWN = frozenset(
    {AllOf, AnyOf, Compare, CompareTotal, DaysSince, Entries, Equals, Found, Growth, Holds, InPlan, LeftOpen, NoBan,
     RecordTotal, Ref, Review, Share, SizeIn, Total, Window}
)  # fmt: skip
"""Kinds of tests and measures whose calendar `settled_until` follows; for any other the next day may change it."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything outside the pack that its outcome can change with."""

    facts: frozenset[str]
    titles: frozenset[str]
    size: bool
    windows: frozenset[tuple[str, Window]]
    """(record fact, window on one of its date fields)"""

    ban_years: frozenset[int]
    findings: frozenset[str]
    spans: frozenset[tuple[str, int]]
    """(date fact, days from that date to a threshold)"""

    turning: frozenset[date]
    """Days on which the pack's own words begin or cease to apply."""

    daily: bool
    """Holds a kind of test whose calendar is not known here."""


_KNOWN: dict[str, Dependencies] = {}
"""By the pack's content: hashing a whole pack would cost more than walking through it."""


def dependencies(pack: Pack) -> Dependencies:
    """The facts, titles, size class and windows that the pack looks at on any route and for any kind."""
    if pack.sha256 not in _KNOWN:
        _KNOWN[pack.sha256] = _dependencies(pack)
    return _KNOWN[pack.sha256]


def _dependencies(pack: Pack) -> Dependencies:
    facts: set[str] = set()
    titles = {pack.title}  # held or not makes it a review or a new application
    windows: set[tuple[str, Window]] = set()
    bans: set[int] = set()
    findings: set[str] = set()
    spans: set[tuple[str, int]] = set()
    turning: set[date] = set()
    size = daily = False
    for node in _nodes(pack):
        match node:
            case Fact():
                facts.add(node.id)
                if node.type == "finding":
                    findings.add(node.id)
            case Holds():
                titles.update(node.titles)
            case NoBan():
                titles.update(node.titles)
                bans.add(node.years)
            case SizeIn():
                size = True
                facts.update(SIZE_FACTS)
            case Compare(measure=DaysSince(fact=fact), limit=limit):
                spans.add((fact.id, math.ceil(limit.value)))
            case Term(start=start, end=end):
                turning.update({start} if end is None else {start, end + timedelta(days=1)})
            case InPlan(until=until):
                turning.add(until + timedelta(days=1))
            case Entries(fact=fact, window=Window() as window):
                windows.add((fact.id, window))
            case RecordTotal(fact=fact, window=window):
                windows.add((fact.id, window))
            case _:
                pass
        daily = daily or (type(node) in _RULES and type(node) not in _CALENDAR_KNOWN)
    return Dependencies(
        facts=frozenset(facts),
        titles=frozenset(titles),
        size=size,
        windows=frozenset(windows),
        ban_years=frozenset(bans),
        findings=frozenset(findings),
        spans=frozenset(spans),
        turning=frozenset(turning),
        daily=daily,
    )


def settled_until(pack: Pack, subject: Subject, day: date) -> date:
    """The first day after `day` on which the same facts and titles might give another outcome.

    At the latest New Year's Day, when t becomes another fiscal year. Every day before it gives the outcome of `day`.
    """
    needs = dependencies(pack)
    if needs.daily:
        return day + timedelta(days=1)
    candidates = {date(day.year + 1, 1, 1), *needs.turning}
    for title in subject.titles or ():
        if title.code not in needs.titles:
            continue
        candidates.update(each for each in (title.valid_from, title.cancelled_on) if each is not None)
        if title.valid_to is not None:
            candidates.add(title.valid_to + timedelta(days=1))
        if title.cancelled_on is not None:
            candidates.update(years_later(title.cancelled_on, years) for years in needs.ban_years)
    for fact_id, window in needs.windows:
        for entry_day in _dates(subject, fact_id, window.field.name):
            candidates.update({entry_day, entry_day + timedelta(days=window.rolling_days or 1)})
    for fact_id in needs.findings:
        held = subject.facts.get((fact_id, POINT))
        until = held.value.get("valid_until") if held is not None and isinstance(held.value, Mapping) else None
        if until is not None:
            candidates.add(date.fromisoformat(str(until)) + timedelta(days=1))
    for fact_id, days in needs.spans:
        held = subject.facts.get((fact_id, POINT))
        if held is not None and isinstance(held.value, str):
            reached = date.fromisoformat(held.value) + timedelta(days=days)
            candidates.update({reached, reached + timedelta(days=1)})
    return min(each for each in candidates if each > day)


def _dates(subject: Subject, fact_id: str, field: str) -> Iterator[date]:
    held = subject.facts.get((fact_id, POINT))
    entries = held.value if held is not None and isinstance(held.value, list) else []
    for entry in entries:
        text = entry.get(field) if isinstance(entry, Mapping) else None
        if isinstance(text, str):
            yield date.fromisoformat(text)


def _nodes(value: object) -> Iterator[object]:
    """Every dataclass below `value`; what a fact is made of is its own affair."""
    if isinstance(value, Fact):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _nodes(each)
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from _nodes(each)
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        for each in fields(value):
            if not (isinstance(value, Condition) and each.name == "line"):
                yield from _nodes(getattr(value, each.name))
