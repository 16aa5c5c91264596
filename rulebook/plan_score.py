"""Which indicators to improve so that total and sub-totals are reached: an exact search over the next bands.

Effort classes come first, distance second; that order is kept when costs are added up, so the best set for a number
of points can be built from best sets for fewer points (a small knapsack). Options of one indicator exclude each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rulebook.pack import Indicator, Pack, Route
from rulebook.plan_draft import Cost, Draft, cost_of, merge, signature
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest
from rulebook.plan_walk import measures_of
from rulebook.records import within
from rulebook.scene import Trace
from rulebook.score import Scored, score_indicator
from rulebook.status import Status

_MOST_STATES = 20_000


@dataclass(frozen=True, slots=True)
class Option:
    """One indicator brought to more points."""

    indicator: str
    group: str
    gain: Decimal
    way: Way


def scored_on(indicator: Indicator, draft: Draft, remedies: Remedies) -> Scored:
    asking = Asking(indicator.line.id, indicator.effort, indicator.only_sources)
    return score_indicator(indicator, remedies.scene(draft, asking), Trace())


def points_of(scored: Scored, *, hopeful: bool) -> Decimal:
    """The points that are certain; with `hopeful` those that people may still give."""
    return scored.points.high if hopeful and scored.cause is Status.MANUAL_REVIEW else scored.points.low


def options_of(indicator: Indicator, draft: Draft, remedies: Remedies, *, hopeful: bool = False) -> list[Option]:
    """Every number of points above the present one that something the enterprise can do will bring."""
    return remedies.remembered(
        ("options", indicator.line.id, hopeful, signature(draft.edits)),
        lambda: _options(indicator, draft, remedies, hopeful=hopeful),
    )


def _options(indicator: Indicator, draft: Draft, remedies: Remedies, *, hopeful: bool) -> list[Option]:
    asking = Asking(indicator.line.id, indicator.effort, indicator.only_sources)
    now = points_of(scored_on(indicator, draft, remedies), hopeful=hopeful)
    found: list[Option] = []
    for points in sorted(_levels(indicator, now)):

        def reached(after: Draft, points: Decimal = points) -> bool:
            return points_of(scored_on(indicator, after, remedies), hopeful=hopeful) >= points

        ways = remedies.by_levers(measures_of(indicator), reached, draft, asking)
        ways += [way for way in _by_tests(indicator, points, draft, remedies, asking) if _leads(draft, way, reached)]
        if ways:
            found.append(Option(indicator.line.id, indicator.group, points - now, cheapest(ways)[0]))
    return found


def _leads(draft: Draft, way: Way, reached: Callable[[Draft], bool]) -> bool:
    after = draft.with_edits(way)
    return after is not None and reached(after)


def _levels(indicator: Indicator, now: Decimal) -> set[Decimal]:
    levels = {points for band in indicator.bands for points in (band.points_low, band.points_high)}
    levels |= {points for choice in indicator.choices for points in (choice.points_low, choice.points_high)}
    return {each for each in levels if each > now}


def _by_tests(indicator: Indicator, points: Decimal, draft: Draft, remedies: Remedies, asking: Asking) -> list[Way]:
    return [
        way
        for choice in indicator.choices
        if choice.test is not None and points in (choice.points_low, choice.points_high)
        for way in remedies.ways(choice.test, draft, asking)
    ]


def improve(pack: Pack, route: Route, draft: Draft, remedies: Remedies) -> Way | None:
    """The cheapest edits after which the points reach every threshold; None when nothing does.

    Points that are certain come first; only where they cannot suffice, those that people may still give count too.
    """
    certain = _knapsack(pack, route, draft, remedies, hopeful=False)
    return certain if certain is not None else _knapsack(pack, route, draft, remedies, hopeful=True)


def _knapsack(pack: Pack, route: Route, draft: Draft, remedies: Remedies, *, hopeful: bool) -> Way | None:
    assert route.score is not None
    groups = [group for group, _ in route.score.groups]
    points = {each.line.id: points_of(scored_on(each, draft, remedies), hopeful=hopeful) for each in pack.indicators}
    base = _sums(pack, points, groups)

    def enough(gains: Sequence[Decimal]) -> bool:
        assert route.score is not None
        total = route.score.total is None or within(route.score.total, base[0] + gains[0])
        return total and all(
            within(limit, base[place] + gains[place]) for place, (_, limit) in enumerate(route.score.groups, start=1)
        )

    nothing = tuple(Decimal(0) for _ in base)
    states: dict[tuple[Decimal, ...], tuple[Cost, Way]] = {nothing: (cost_of(()), ())}
    for indicator in pack.indicators:
        options = options_of(indicator, draft, remedies, hopeful=hopeful)
        if not options:
            continue
        further = dict(states)
        for gains, (_, way) in states.items():
            for option in options:
                place = groups.index(option.group) + 1 if option.group in groups else 0
                reached = tuple(gain + (option.gain if at in (0, place) else 0) for at, gain in enumerate(gains))
                merged = merge((*way, *option.way))
                if merged is None:
                    continue
                found = (cost_of(merged), merged)
                known = further.get(reached)
                if known is None or _order(found) < _order(known):
                    further[reached] = found
        states = further if len(further) <= _MOST_STATES else dict(list(further.items())[:_MOST_STATES])
    ways = [found for gains, found in states.items() if enough(gains)]
    return min(ways, key=_order)[1] if ways else None


def _order(found: tuple[Cost, Way]) -> tuple[Cost, object]:
    return found[0], signature(found[1])


def _sums(pack: Pack, points: dict[str, Decimal], groups: list[str]) -> tuple[Decimal, ...]:
    parts = [
        sum((points[each.line.id] for each in pack.indicators if each.group == group), Decimal(0)) for group in groups
    ]
    return (sum(points.values(), Decimal(0)), *parts)
