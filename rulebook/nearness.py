"""How near an assessment is to the title: the lines still open on the nearest route, and the hardest of them.

It is read off the assessment alone, so it can be stored with every assessment and searched over a population; the
plan itself is made only for those who are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rulebook.assessment import Assessment
from rulebook.pack import (
    EFFORTS,
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    Entries,
    Equals,
    Indicator,
    Pack,
    Ref,
    Review,
    Route,
    SizeIn,
    Test,
)
from rulebook.plan_entries import obtaining
from rulebook.plan_remedies import Asking
from rulebook.plan_search import OPEN, needs, route_in
from rulebook.plan_walk import facts_in, leaves_of, refs_of, tests_scoring
from rulebook.status import Status

SHARE = Decimal("0.0001")
"""How finely a distance is told."""
_UNSTATED = "months"
"""The effort of a line whose pack says nothing about it."""
_HARDEST = "years"
"""Of what no enterprise can change, or is advised to: too large a size, and what people determine."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """Lines that are unmet or unknown on the nearest route; lines that only officials decide are not counted."""

    route: str
    open_lines: int
    effort: str
    """The hardest effort class among them; empty when nothing is open."""
    distance: Decimal = Decimal(0)
    """The largest share of the demanded points that a score is short of for certain: 0 to 1; 0 where none is."""


def nearness(pack: Pack, found: Assessment) -> Nearness:
    """The route with the least effort, then the fewest open lines, then the fewest points short.

    A score that falls short is one line, however far; how far is the distance. Of equals the route with a score comes
    first, since of no other it is known how far it is.
    """
    near = [(route.score is None, _on(pack, route, found)) for route in pack.routes]
    return min(near, key=lambda each: (_rank(each[1].effort), each[1].open_lines, each[0], each[1].distance))[1]


def _on(pack: Pack, route: Route, found: Assessment) -> Nearness:
    efforts = [
        _least(_effort(test, asking, found) for test, asking in need.tests)
        for need in needs(pack, route, found.kind, found)
        if need.status in OPEN
    ]
    checks = [check.status for check in route_in(found, route).score_checks if check.status in OPEN]
    if checks:
        short = _least(each.effort for each in pack.indicators if not _judged(each))
        efforts.append(short if Status.UNMET in checks else "paperwork")
    return Nearness(route.id, len(efforts), max(efforts, key=_rank, default=""), _short(route, found))


def _effort(test: Test, asking: Asking, found: Assessment) -> str:
    """What the line itself takes: of several alternatives each is as near as it stands, not as the nearest known."""
    own = found.condition(asking.condition)
    if own.status is not Status.UNKNOWN:
        return _changing(test, asking)
    return _supplying(test, asking, frozenset(each.fact_id for each in own.missing))


def _changing(test: Test, asking: Asking) -> str:
    """Of a line that is unmet: the least of its parts, any of which may be open; a year's figure takes a year."""
    match test:
        case AllOf() | AnyOf():
            return _least(_changing(each, asking) for each in test.tests)
        case Review():
            return _changing(test.test, asking)
        case SizeIn():
            return _HARDEST
        case Equals() if test.ref.fact.judged:
            return _HARDEST
        case Compare(measure=Ref() as ref) if ref.fact.scale and test.limit.operator in ("<", "<="):
            return _HARDEST
        case Compare():
            refs = refs_of(test.measure)
            yearly = bool(refs) and all(ref.fact.yearly and ref.fact.year_of == "fiscal" for ref in refs)
            return max(asking.effort, "year", key=_rank) if yearly else asking.effort
        case Entries(forbidden=False) | CompareTotal():
            return obtaining(asking.effort)
        case _:
            return asking.effort


def _supplying(test: Test, asking: Asking, missing: frozenset[str]) -> str:
    """Of a line that is undecided: a figure is looked up, but a record that nobody knows of has to be obtained."""
    match test:
        case AllOf():  # a part that nothing is missing for is met, else the line were unmet
            return max((_supplying(each, asking, missing) for each in test.tests), key=_rank, default="paperwork")
        case AnyOf():  # and here it is unmet, else the line were met
            return _least(
                _supplying(each, asking, missing)
                if missing & {fact.id for fact in facts_in(each)}
                else _changing(each, asking)
                for each in test.tests
            )
        case Review():
            return _supplying(test.test, asking, missing)
        case Entries(forbidden=False) if test.fact.id in missing:
            return obtaining(asking.effort)
        case CompareTotal() if test.total.fact.id in missing:
            return obtaining(asking.effort)
        case _:
            return "paperwork"


def _judged(indicator: Indicator) -> bool:
    """Whether its points follow from nothing but what people determine."""
    leaves = [leaf for test in tests_scoring(indicator) for leaf in leaves_of(test)]
    asked = [leaf for leaf in leaves if isinstance(leaf, Equals)]
    return bool(leaves) and len(asked) == len(leaves) and all(leaf.ref.fact.judged for leaf in asked)


def _short(route: Route, found: Assessment) -> Decimal:
    if route.score is None:
        return Decimal(0)
    limits = [*([route.score.total] if route.score.total else []), *(limit for _, limit in route.score.groups)]
    checks = route_in(found, route).score_checks
    shares = [
        (limit.value - check.points.high) / limit.value
        if limit.value > 0
        else Decimal(1)  # "> 0": all of it is lacking
        for limit, check in zip(limits, checks, strict=True)
        if check.status is Status.UNMET
    ]
    return max(shares, default=Decimal(0)).quantize(SHARE)


def _least(efforts: Iterable[str]) -> str:
    return min((effort or _UNSTATED for effort in efforts), key=_rank, default=_HARDEST)


def _rank(effort: str) -> int:
    return EFFORTS.index(effort) + 1 if effort else 0
