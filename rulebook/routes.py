"""What the lines come to together: groups of points, their total, and the routes to the title."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from rulebook.assessment import GroupScore, RouteResult, Score, ScoreCheck
from rulebook.pack import Limit, Pack, Route
from rulebook.points import Points, Scored
from rulebook.records import OPERATORS
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of, both

_NONE = Decimal(0)
Tally = list[tuple[Decimal, Decimal]]
"""Least and most points of each group, and at the end of all together."""
Statuses = Sequence[Status]
"""Of the gates and then the conditions of a pack."""


class Scoring:
    """The groups of a pack, and which indicators are in them."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._groups = [(_members(pack, group.id), group.maximum) for group in pack.groups]

    def tally(self, scored: Sequence[Scored]) -> Tally:
        """The sum of both ends, each held down to the cap of its group (HT-S1)."""
        found: Tally = []
        all_low = all_high = _NONE
        for members, cap in self._groups:
            low = open_ = _NONE
            for at in members:
                earned = scored[at][0]
                low += earned.low
                if earned.high is not earned.low:
                    open_ += earned.high - earned.low
            high = low + open_ if open_ else low
            if cap is not None:
                low, high = min(low, cap), min(high, cap)
            found.append((low, high))
            all_low += low
            all_high += high
        found.append((all_low, all_high))
        return found

    def score(self, tally: Tally) -> Score | None:
        if not self.pack.indicators:
            return None
        groups = []
        for group, (members, cap), (low, high) in zip(self.pack.groups, self._groups, tally, strict=False):
            most = sum([self.pack.indicators[at].maximum for at in members], _NONE)
            most = most if cap is None else min(most, cap)
            groups.append(GroupScore(group.id, group.label, Points(low, high, most)))
        low, high = tally[-1]
        return Score(Points(low, high, sum([each.points.max for each in groups], _NONE)), tuple(groups))


def _members(pack: Pack, group_id: str) -> list[int]:
    return [at for at, each in enumerate(pack.indicators) if each.group == group_id]


class Threshold(NamedTuple):
    """The total, or the points of a group, against what they have to come to."""

    label: str
    group: int
    """Place in the tally; −1 is the total."""
    limit: Limit
    judge: Callable[[Tally, Sequence[Scored]], Status]


class Way(NamedTuple):
    """One route of a pack, compiled."""

    route: Route
    thresholds: tuple[Threshold, ...]
    judge: Callable[[Statuses, Statuses], Status]
    """From the statuses of the lines, and those of its thresholds."""

    def result(self, status: Status, reached: Statuses, score: Score | None) -> RouteResult:
        checks = []
        for (label, group, limit, _), judged in zip(self.thresholds, reached, strict=True):
            assert score is not None  # a pack with thresholds has indicators
            points = score.points if group < 0 else score.groups[group].points
            checks.append(ScoreCheck(label, points, limit.text, judged))
        route = self.route
        return RouteResult(route.id, route.label, status, (*route.all_of, *route.any_of), tuple(checks))


def compile_route(route: Route, pack: Pack) -> Way:
    first = len(pack.gates)
    places = {each.line.id: first + at for at, each in enumerate(pack.conditions)}
    must = {each.line.id for each in pack.conditions if each.modality == "must"}
    every, some = ([places[each] for each in ids if each in must] for ids in (route.all_of, route.any_of))
    offered = bool(route.any_of)

    def judge(lines: Statuses, reached: Statuses) -> Status:
        found = all_of([lines[at] for at in every])
        for status in reached:
            found = both(found, status)
        return both(found, any_of([lines[at] for at in some])) if offered else found

    return Way(route, tuple(_thresholds(route, pack)), judge)


def _thresholds(route: Route, pack: Pack) -> Iterable[Threshold]:
    if route.score is None or not pack.indicators:
        return
    if route.score.total is not None:
        yield _threshold("评价得分", -1, range(len(pack.indicators)), route.score.total)
    places = {group.id: at for at, group in enumerate(pack.groups)}
    for name, limit in route.score.groups:
        at = places[name]
        yield _threshold(f"{pack.groups[at].label}得分", at, _members(pack, name), limit)


def _threshold(label: str, group: int, members: Sequence[int], limit: Limit) -> Threshold:
    satisfies, least = OPERATORS[limit.operator], limit.value

    def judge(tally: Tally, scored: Sequence[Scored]) -> Status:
        """Decided only when the whole interval agrees; otherwise unknown while something is missing, else a person."""
        low, high = tally[group]
        if satisfies(low, least):
            return MET
        if not satisfies(high, least):
            return UNMET
        return UNKNOWN if any(scored[at][0].cause is UNKNOWN for at in members) else MANUAL_REVIEW

    return Threshold(label, group, limit, judge)
