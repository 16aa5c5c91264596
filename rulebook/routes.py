"""What the lines come to together: groups of points, their total, and the routes to the title."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from rulebook.assessment import ConditionResult, GroupScore, Points, RouteResult, Score, ScoreCheck
from rulebook.pack import Group, Limit, Pack, Route
from rulebook.records import OPERATORS
from rulebook.score import Scored
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of

_NONE = Decimal(0)
Scoring = Callable[[Sequence[Scored]], Score | None]
"""From the indicators of the pack, in its order."""
Check = Callable[[Score, Sequence[Scored]], ScoreCheck]
Way = Callable[[Sequence[ConditionResult], Score | None, Sequence[Scored]], RouteResult]
"""From the requirements, the score and the indicators, in the pack's order."""


def compile_score(pack: Pack) -> Scoring:
    if not pack.indicators:
        return lambda scored: None
    groups = [(group, _members(pack, group.id)) for group in pack.groups]

    def score(scored: Sequence[Scored]) -> Score:
        found = [
            GroupScore(group.id, group.label, _added_up([scored[at].points for at in members], group))
            for group, members in groups
        ]
        return Score(_added_up([each.points for each in found]), tuple(found))

    return score


def _members(pack: Pack, group_id: str) -> list[int]:
    return [at for at, each in enumerate(pack.indicators) if each.group == group_id]


def _added_up(points: Iterable[Points], group: Group | None = None) -> Points:
    """The sum of both ends, each held down to the cap of the group."""
    low = high = most = _NONE
    for each in points:
        low, high, most = low + each[0], high + each[1], most + each[2]
    cap = None if group is None else group.maximum
    return Points(low, high, most) if cap is None else Points(min(low, cap), min(high, cap), min(most, cap))


def compile_route(route: Route, pack: Pack) -> Way:
    places = {each.line.id: at for at, each in enumerate(pack.conditions)}
    must = {each.line.id for each in pack.conditions if each.modality == "must"}
    every, some = ([places[each] for each in ids if each in must] for ids in (route.all_of, route.any_of))
    asked, offered = (*route.all_of, *route.any_of), bool(route.any_of)
    checks = _score_checks(route, pack)

    def judge(requirements: Sequence[ConditionResult], score: Score | None, scored: Sequence[Scored]) -> RouteResult:
        parts = [requirements[at].status for at in every]
        if offered:
            parts.append(any_of([requirements[at].status for at in some]))
        found = () if score is None else tuple([check(score, scored) for check in checks])
        parts += [check.status for check in found]
        return RouteResult(route.id, route.label, all_of(parts), asked, found)

    return judge


def _score_checks(route: Route, pack: Pack) -> list[Check]:
    if route.score is None:
        return []
    checks: list[Check] = []
    if route.score.total is not None:
        checks.append(_checking("评价得分", None, range(len(pack.indicators)), route.score.total))
    places = {group.id: at for at, group in enumerate(pack.groups)}
    for name, limit in route.score.groups:
        at = places[name]
        checks.append(_checking(f"{pack.groups[at].label}得分", at, _members(pack, name), limit))
    return checks


def _checking(label: str, group: int | None, members: Sequence[int], limit: Limit) -> Check:
    """The total, or the points of a group, against their threshold."""
    text, satisfies, least = limit.text, OPERATORS[limit.operator], limit.value

    def status_of(points: Points, scored: Sequence[Scored]) -> Status:
        """Decided only when the whole interval agrees; otherwise unknown while something is missing, else a person."""
        if satisfies(points.low, least):
            return MET
        if not satisfies(points.high, least):
            return UNMET
        return UNKNOWN if any(scored[at].cause is UNKNOWN for at in members) else MANUAL_REVIEW

    def check(score: Score, scored: Sequence[Scored]) -> ScoreCheck:
        points = score.points if group is None else score.groups[group].points
        return ScoreCheck(label, points, text, status_of(points, scored))

    return check
