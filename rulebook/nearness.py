"""How near an assessment is to the title: the lines still open on the nearest route, and the hardest of them.

It is read off the assessment alone, so it can be stored with every assessment and searched over a population; the
plan itself is made only for those who are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rulebook.assessment import Assessment
from rulebook.pack import EFFORTS, Pack, Route
from rulebook.plan_search import OPEN, needs, route_in
from rulebook.status import Status

SHARE = Decimal("0.0001")
"""How finely a distance is told."""
_UNSTATED = "months"
"""The effort of a line whose pack says nothing about it."""


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

    A score that falls short is one line, however far; how far is the distance.
    """
    near = [_on(pack, route, found) for route in pack.routes]
    return min(near, key=lambda each: (_rank(each.effort), each.open_lines, each.distance))


def _on(pack: Pack, route: Route, found: Assessment) -> Nearness:
    efforts = [
        "paperwork" if need.status is Status.UNKNOWN else _least(asking.effort for _, asking in need.tests)
        for need in needs(pack, route, found.kind, found)
        if need.status in OPEN
    ]
    checks = [check.status for check in route_in(found, route).score_checks if check.status in OPEN]
    if checks:
        short = _least(each.effort for each in pack.indicators)
        efforts.append(short if Status.UNMET in checks else "paperwork")
    return Nearness(route.id, len(efforts), max(efforts, key=_rank, default=""), _short(route, found))


def _short(route: Route, found: Assessment) -> Decimal:
    if route.score is None:
        return Decimal(0)
    limits = [*([route.score.total] if route.score.total else []), *(limit for _, limit in route.score.groups)]
    checks = route_in(found, route).score_checks
    shares = [
        (limit.value - check.points.high) / limit.value
        for limit, check in zip(limits, checks, strict=True)
        if check.status is Status.UNMET and limit.value > 0
    ]
    return max(shares, default=Decimal(0)).quantize(SHARE)


def _least(efforts: Iterable[str]) -> str:
    return min((effort or _UNSTATED for effort in efforts), key=_rank)


def _rank(effort: str) -> int:
    return EFFORTS.index(effort) + 1 if effort else 0
