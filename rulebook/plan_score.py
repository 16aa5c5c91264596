"""Which indicators to improve so that total and sub-totals are reached: an exact search over the next bands.

Effort classes come first, distance second; that order is kept when costs are added up, so the best set for a number
of points can be built from best sets for fewer points (a small knapsack). Options of one indicator exclude each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from rulebook.assessment import ScoreCheck
from rulebook.pack import Indicator, Pack, Route, ScoreRule
from rulebook.plan_draft import Cost, Draft, Edit, Order, cost_of, merge, order_of
from rulebook.plan_figures import by_levers
from rulebook.plan_missing import lacks_of
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest
from rulebook.plan_time import FactKey
from rulebook.plan_walk import measures_of, scales_of
from rulebook.points import Earned
from rulebook.records import within
from rulebook.score import compile_indicator
from rulebook.status import Status

_MOST_STATES = 2_000


@dataclass(frozen=True, slots=True)
class Option:
    """One indicator brought to more points."""

    indicator: str
    group: str
    gain: Decimal
    way: Way


def scored_on(indicator: Indicator, draft: Draft, remedies: Remedies) -> Earned:
    asking = Asking(indicator.line.id, indicator.effort, indicator.only_sources)
    scorer = remedies.compiled(indicator, asking, lambda: compile_indicator(indicator, remedies.basis(asking)))
    return scorer(remedies.scene(draft, indicator))[0]


def points_of(earned: Earned, *, hopeful: bool, lacking: bool) -> Decimal:
    """The points that are certain; with `hopeful` those that people may still give.

    What lacks figures is asked for, so no step is derived from it: its points count as the most that it may come to.
    """
    open_ = (lacking and earned.cause is Status.UNKNOWN) or (hopeful and earned.cause is Status.MANUAL_REVIEW)
    return earned.high if open_ else earned.low


class Counting(NamedTuple):
    """Which points count beside those that are certain: the most that people may still give, and the most that what is
    missing may come to."""

    hopeful: bool
    lacking: bool = True


def _points_now(indicator: Indicator, draft: Draft, remedies: Remedies, counting: Counting) -> Decimal:
    earned = scored_on(indicator, draft, remedies)
    unknown = earned.cause is Status.UNKNOWN and bool(lacks_of(indicator, draft, remedies.clock))
    return points_of(earned, hopeful=counting.hopeful, lacking=counting.lacking and unknown)


def asks_of(indicators: Iterable[Indicator], draft: Draft, remedies: Remedies) -> Way:
    """What the indicators lack before their points are fixed, as far as it is not asked for yet."""
    found: dict[FactKey, Edit] = {}
    for indicator in indicators:
        if scored_on(indicator, draft, remedies).cause is Status.UNKNOWN:
            asking = Asking(indicator.line.id, indicator.effort, indicator.only_sources)
            for fact, year in lacks_of(indicator, draft, remedies.clock):
                if not draft.asks((fact.id, year)):
                    found.setdefault((fact.id, year), remedies.ask(fact, year, asking))
    return tuple(found.values())


def counted(pack: Pack, check: ScoreCheck) -> list[Indicator]:
    """The indicators that a threshold of the score adds up: those of its group, or all."""
    groups = {each.id: each.label for each in pack.groups}
    members = [each for each in pack.indicators if check.label == f"{groups.get(each.group)}得分"]
    return members or list(pack.indicators)


def options_of(
    indicator: Indicator, draft: Draft, remedies: Remedies, counting: Counting = Counting(hopeful=False)
) -> list[Option]:
    """Every number of points above the present one that something the enterprise can do will bring."""
    return remedies.remembered(
        "options", indicator, draft, counting, lambda: _options(indicator, draft, remedies, counting)
    )


def _options(indicator: Indicator, draft: Draft, remedies: Remedies, counting: Counting) -> list[Option]:
    asking = Asking(indicator.line.id, indicator.effort, indicator.only_sources)
    hopeful, now = counting.hopeful, _points_now(indicator, draft, remedies, counting)
    found: list[Option] = []
    for points in sorted(_levels(indicator, now, hopeful=hopeful)):

        def reached(after: Draft, points: Decimal = points) -> bool:
            return points_of(scored_on(indicator, after, remedies), hopeful=hopeful, lacking=False) >= points

        ways = by_levers(remedies, measures_of(indicator), reached, draft, asking, ask=False)
        ways += [way for way in _by_tests(indicator, points, draft, remedies, asking) if _leads(draft, way, reached)]
        if ways:
            found.append(Option(indicator.line.id, indicator.group, points - now, cheapest(ways)[0]))
    return [each for at, each in enumerate(found) if not any(_no_dearer(one, each) for one in found[at + 1 :])]


def _no_dearer(more: Option, less: Option) -> bool:
    """More points for no more effort: the other option is never needed."""
    return order_of(more.way)[:2] <= order_of(less.way)[:2]


def _leads(draft: Draft, way: Way, reached: Callable[[Draft], bool]) -> bool:
    after = draft.with_edits(way)
    return after is not None and reached(after)


def _levels(indicator: Indicator, now: Decimal, *, hopeful: bool) -> set[Decimal]:
    """Every number of points above the present one that the indicator can come to."""
    earned = [band for scale in scales_of(indicator) for band in scale.bands] + list(indicator.choices)
    levels = {each.points_high if hopeful else each.points_low for each in earned}
    levels |= {min(indicator.maximum, indicator.each_points * held) for held in range(1, len(indicator.each) + 1)}
    return {each for each in levels if each > now}


def _by_tests(indicator: Indicator, points: Decimal, draft: Draft, remedies: Remedies, asking: Asking) -> list[Way]:
    """Ways by a choice that gives the points, or by so many more of the tests that each earn some."""
    ways = [
        way
        for choice in indicator.choices
        if choice.test is not None and points in (choice.points_low, choice.points_high)
        for way in remedies.ways(choice.test, draft, asking)
    ]
    if indicator.each:
        opened = [test for test in indicator.each if remedies.status(test, draft, asking) is not Status.MET]
        by_cost = sorted(
            (own[0] for test in opened if (own := remedies.ways(test, draft, asking)) and own[0]),
            key=order_of,
        )
        for count in range(1, len(by_cost) + 1):
            merged = merge(edit for way in by_cost[:count] for edit in way)
            if merged is not None:
                ways.append(merged)
    return ways


def improve(pack: Pack, route: Route, draft: Draft, remedies: Remedies) -> Way | None:
    """The cheapest edits after which the points reach every threshold; None when nothing does.

    Points that are certain come first; only where they cannot suffice, those that people may still give count too. What
    is missing counts as the most that it may come to, unless as few changes reach the title without it.
    """
    certain = _knapsack(pack, route, draft, remedies, Counting(hopeful=False))
    if certain is None:
        return _knapsack(pack, route, draft, remedies, Counting(hopeful=True))
    if any(scored_on(each, draft, remedies).cause is Status.UNKNOWN for each in pack.indicators):
        without = _knapsack(pack, route, draft, remedies, Counting(hopeful=False, lacking=False))
        if without is not None and cost_of(without)[:3] <= cost_of(certain)[:3]:
            return without
    return certain


def _knapsack(pack: Pack, route: Route, draft: Draft, remedies: Remedies, counting: Counting) -> Way | None:
    """Best sets by what they bring to each group that counts for itself, and to the rest together."""
    assert route.score is not None
    watched = [each.id for each in pack.groups if each.maximum is not None or each.id in dict(route.score.groups)]
    base = [Decimal(0)] * (len(watched) + 1)
    for indicator in pack.indicators:
        points = _points_now(indicator, draft, remedies, counting)
        base[_place(indicator.group, watched)] += points
    caps = {each.id: each.maximum for each in pack.groups}
    offered = [options_of(each, draft, remedies, counting) for each in pack.indicators]
    most = list(base)
    for options in offered:
        if options:
            most[_place(options[0].group, watched)] += max(each.gain for each in options)
    if not _enough(route.score, tuple(most), watched, caps):
        return None
    states: dict[tuple[Decimal, ...], tuple[Cost, Way]] = {tuple(base): (cost_of(()), ())}
    for options in offered:
        further = dict(states)
        for earned, (_, way) in states.items():
            for option in options:
                merged = merge((*way, *option.way))
                if merged is None:
                    continue
                place = _place(option.group, watched)
                reached = tuple(each + option.gain * (at == place) for at, each in enumerate(earned))
                found = (cost_of(merged), merged)
                known = further.get(reached)
                if known is None or _before(found, known):
                    further[reached] = found
        states = _fewest(further)
    ways = [found for earned, found in states.items() if _enough(route.score, earned, watched, caps)]
    return min(ways, key=_order)[1] if ways else None


def _place(group: str, watched: list[str]) -> int:
    return watched.index(group) if group in watched else len(watched)


def _enough(
    rule: ScoreRule, earned: tuple[Decimal, ...], watched: list[str], caps: Mapping[str, Decimal | None]
) -> bool:
    """Whether total and sub-totals are reached, every group held down to its cap."""
    capped = dict(zip(watched, earned, strict=False))
    for group, points in capped.items():
        cap = caps[group]
        capped[group] = points if cap is None else min(points, cap)
    total = sum(capped.values(), earned[-1])
    return (rule.total is None or within(rule.total, total)) and all(
        within(limit, capped[group]) for group, limit in rule.groups
    )


def _fewest(states: dict[tuple[Decimal, ...], tuple[Cost, Way]]) -> dict[tuple[Decimal, ...], tuple[Cost, Way]]:
    """All of them; beyond the bound the cheapest."""
    if len(states) <= _MOST_STATES:
        return states
    return dict(sorted(states.items(), key=lambda each: _order(each[1]))[:_MOST_STATES])


def _before(one: tuple[Cost, Way], other: tuple[Cost, Way]) -> bool:
    return _order(one) < _order(other) if one[0] == other[0] else one[0] < other[0]


def _order(found: tuple[Cost, Way]) -> Order:
    return order_of(found[1])
