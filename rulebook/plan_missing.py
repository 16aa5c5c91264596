"""What is missing is asked for, and nothing is derived from it.

A figure that is not on record has no value in a plan: no other figure's target follows from a guess of it, and it is no
lever towards a target either. The lines that read it stay undecided in the changed facts; once everything they lack is
asked for, the plan has done what it can for them, and says that the rest can be computed only then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rulebook.dictionary import Fact
from rulebook.pack import Compare, CompareTotal, DaysSince, Entries, Equals, Indicator
from rulebook.plan_draft import Draft
from rulebook.plan_steps import read_by
from rulebook.plan_time import Clock, FactKey
from rulebook.plan_walk import leaves_of, measures_of, refs_of, tests_scoring, totals_in
from rulebook.scene import Basis
from rulebook.subject import POINT

Lacking = tuple[Fact, int]
"""A fact and the year that it is asked for."""


def lacks(measure: object, draft: Draft, clock: Clock) -> list[Lacking]:
    """The figures of a measure that are not known, each with the year to ask for.

    Of a year that has not ended nothing can be asked: it is carried forward from the last complete one, so that is.
    """
    if isinstance(measure, DaysSince):
        return [] if _known(draft, (measure.fact.id, POINT)) else [(measure.fact, POINT)]
    founded = _founded(measure, draft)
    found: dict[FactKey, Lacking] = {}
    for ref in read_by(measure, refs_of(measure)):
        year = Basis(clock.day.year).year_of(ref)
        if founded is not None and year != POINT and year < founded:
            continue  # years before the enterprise was founded are not asked for
        if not _known(draft, (ref.fact.id, year)):
            asked = clock.last_known(ref.fact, year)
            found[(ref.fact.id, asked)] = (ref.fact, asked)
    return list(found.values())


def lacks_of(indicator: Indicator, draft: Draft, clock: Clock) -> list[Lacking]:
    """What an indicator lacks before its points are fixed: facts of every form that it reads."""
    found = [each for measure in measures_of(indicator) for each in lacks(measure, draft, clock)]
    for leaf in (leaf for test in tests_scoring(indicator) for leaf in leaves_of(test)):
        match leaf:
            case Compare():
                found += lacks(leaf.measure, draft, clock)
            case Equals():
                found += lacks(leaf.ref, draft, clock)
            case Entries():
                found += [] if _known(draft, (leaf.fact.id, POINT)) else [(leaf.fact, POINT)]
            case CompareTotal():
                found += [] if _known(draft, (leaf.total.fact.id, POINT)) else [(leaf.total.fact, POINT)]
    return list({(fact.id, year): (fact, year) for fact, year in found}.values())


def lacking_in(test: object, draft: Draft, clock: Clock) -> list[Lacking]:
    """What the comparisons inside a test lack."""
    return [each for leaf in leaves_of(test) if isinstance(leaf, Compare) for each in lacks(leaf.measure, draft, clock)]


def asked_for(lacking: Iterable[Lacking], draft: Draft) -> bool:
    """Whether something is missing and all of it is asked for."""
    wanted = list(lacking)
    return bool(wanted) and all(draft.asks((fact.id, year)) for fact, year in wanted)


def _known(draft: Draft, key: FactKey) -> bool:
    held = draft.subject.facts.get(key)
    return held is not None and held.value is not None


def _founded(measure: object, draft: Draft) -> int | None:
    since = [each.since for each in totals_in(measure) if each.since]
    held = draft.subject.facts.get((since[0].id, POINT)) if since else None
    return None if held is None or held.value is None else date.fromisoformat(str(held.value)).year
