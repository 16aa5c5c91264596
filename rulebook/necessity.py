"""Which of the missing things an outcome waits for: those without which the title is not reached, and those that help.

A thing is required where the title stays out of reach without it, even if everything else that is open turns out well;
it matters where some turn of the rest lets it decide. Both are read off the comparisons of the assessment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from rulebook.pack import AllOf, AnyOf, CompareTotal, Entries, Holds, Indicator, Limit, Review, Test
from rulebook.records import within
from rulebook.requirement import leaves, placed
from rulebook.status import Status, Verdict, all_of, any_of
from rulebook.trace import Leaf, Missing, MissingKey

if TYPE_CHECKING:  # an assessment asks for its reasons
    from rulebook.assessment import Assessment, ConditionResult, GroupScore, RouteResult

_NONE = Decimal(0)
_OPEN = (Status.UNKNOWN, Status.MANUAL_REVIEW)
Keys = frozenset[MissingKey]
NOTHING: Keys = frozenset()


def key_of(missing: Missing) -> MissingKey:
    return missing.fact_id, missing.fiscal_year, missing.label


class _Line(NamedTuple):
    """A gate or requirement: what it asks and how each comparison came out, those of its premise first."""

    result: ConditionResult
    premise: Test | None
    test: Test | None

    def reached(self, without: Keys) -> bool:
        """Whether it holds, or does not apply, if all that is open but for `without` turns out well."""
        found, leaves_found = self.result.status, self.result.leaves
        if found not in _OPEN or self.test is None:
            return found in (Status.MET, Status.NOT_APPLICABLE)
        first = leaves(self.premise)
        if _reached(self.test, leaves_found, first, without):
            return True
        spared = [each for each in leaves_found[:first] if each.status in _OPEN]
        return bool(spared) and not any(each.lacking & without for each in spared)

    def asks(self, keys: Keys) -> bool:
        """Whether one of them may decide the line."""
        if self.result.status not in _OPEN or self.test is None:
            return False
        found, first = self.result.leaves, leaves(self.premise)
        if any(each.status in _OPEN and each.lacking & keys for each in found[:first]):
            return True
        return _asks(self.test, found, first, keys)


class Necessity:
    """What the missing things of one assessment are to its outcome."""

    def __init__(self, found: Assessment) -> None:
        pack, kind = found.pack, found.kind
        self._found = found
        asked = {
            each.line.id: (each.applies_if, each.tests.get(kind))
            for each in (*pack.gates, *pack.conditions)
            if each.modality == "must"
        }
        self._lines = {each.id: _Line(each, *asked[each.id]) for each in found.conditions if each.id in asked}
        self._gates = [self._lines[each.line.id] for each in pack.gates if each.line.id in self._lines]
        self._indicators = {each.line.id: each for each in pack.indicators}

    def open_routes(self) -> list[RouteResult]:
        """The ways that may still lead to the title; none where one does already."""
        if self._found.decision is Status.MET:
            return []
        return [each for each in self._found.routes if each.status in _OPEN]

    def required(self, keys: Collection[MissingKey]) -> bool:
        """Whether the title stays out of reach while none of them is there."""
        without = frozenset(keys)
        if not all(each.reached(without) for each in self._gates):
            return True
        if self._found.decision is Status.MET:
            return False
        return not any(self._route_reached(each, without) for each in self.open_routes())

    def required_on(self, route: RouteResult, keys: Collection[MissingKey]) -> bool:
        """The same of one way."""
        return not self._route_reached(route, frozenset(keys))

    def matters(self, keys: Collection[MissingKey]) -> bool:
        """Whether one of them may change the outcome. A verdict that is decided waits for nothing."""
        wanted = frozenset(keys)
        if self._found.verdict not in (Verdict.UNKNOWN, Verdict.MANUAL_REVIEW):
            return False
        return any(each.asks(wanted) for each in self._gates) or bool(self.ways(wanted))

    def ways(self, keys: Collection[MissingKey]) -> list[RouteResult]:
        """The open ways on which one of them may decide."""
        wanted = frozenset(keys)
        return [each for each in self.open_routes() if self._asked_on(each, wanted)]

    def scored_on(self, route: RouteResult, keys: Collection[MissingKey]) -> bool:
        """Whether one of them may move the points that this way asks for."""
        wanted = frozenset(keys)
        return any(_moves(indicator, result, wanted) for indicator, result in self._scored(route))

    def undecided(self, condition_id: str) -> bool:
        """Whether a gate or requirement is open and the outcome waits for it."""
        line = self._lines.get(condition_id)
        if line is None or line.result.status not in _OPEN:
            return False
        if self._found.verdict not in (Verdict.UNKNOWN, Verdict.MANUAL_REVIEW):
            return False
        return line in self._gates or any(line in self._waiting(route) for route in self.open_routes())

    # -- a way ----------------------------------------------------------------------------------------------------

    def _parts(self, route: RouteResult) -> tuple[list[_Line], list[_Line]]:
        [asked] = [each for each in self._found.pack.routes if each.id == route.id]
        every, some = (
            [self._lines[each] for each in ids if each in self._lines] for ids in (asked.all_of, asked.any_of)
        )
        return every, some

    def _route_reached(self, route: RouteResult, without: Keys) -> bool:
        every, some = self._parts(route)
        if not all(each.reached(without) for each in every) or not self._scores_reached(route, without):
            return False
        offered = [each for each in some if each.result.status is not Status.NOT_APPLICABLE]
        return not some or any(each.reached(without) for each in offered)

    def _waiting(self, route: RouteResult) -> Iterator[_Line]:
        every, some = self._parts(route)
        yield from (each for each in every if each.result.status in _OPEN)
        if all(each.result.status is not Status.MET for each in some):
            yield from (each for each in some if each.result.status in _OPEN)

    def _asked_on(self, route: RouteResult, keys: Keys) -> bool:
        return any(each.asks(keys) for each in self._waiting(route)) or self.scored_on(route, keys)

    # -- points ---------------------------------------------------------------------------------------------------

    def _limits(self, route: RouteResult) -> Iterator[tuple[Limit, str | None, Status]]:
        """What is asked of the points, of which group (none: of all), and whether that is decided."""
        [asked] = [each for each in self._found.pack.routes if each.id == route.id]
        if asked.score is None:
            return
        limits: list[tuple[Limit, str | None]] = [(limit, group) for group, limit in asked.score.groups]
        if asked.score.total is not None:
            limits.insert(0, (asked.score.total, None))
        for (limit, group), check in zip(limits, route.score_checks, strict=True):
            yield limit, group, check.status

    def _scored(self, route: RouteResult) -> Iterator[tuple[Indicator, ConditionResult]]:
        """The indicators whose points are open and count for something that is undecided on this way."""
        waiting = {group for _, group, status in self._limits(route) if status in _OPEN}
        capped = {each.id for each in self._groups() if each.points.low == each.points.high}
        for result in self._found.conditions:
            indicator = self._indicators.get(result.id)
            if indicator is None or indicator.group in capped:
                continue
            if waiting & {None, indicator.group}:
                yield indicator, result

    def _groups(self) -> Iterable[GroupScore]:
        return () if self._found.score is None else self._found.score.groups

    def _scores_reached(self, route: RouteResult, without: Keys) -> bool:
        most = self._most(without)
        return all(
            within(limit, sum(most.values(), _NONE) if group is None else most[group])
            for limit, group, _ in self._limits(route)
        )

    def _most(self, without: Keys) -> dict[str, Decimal]:
        """The most points of each group."""
        earned: dict[str, Decimal] = {each.id: _NONE for each in self._found.pack.groups}
        for result in self._found.conditions:
            indicator = self._indicators.get(result.id)
            if indicator is not None:
                earned[indicator.group] += _most_of(indicator, result, without)
        caps = {each.id: each.maximum for each in self._found.pack.groups}
        return {group: points if (cap := caps[group]) is None else min(points, cap) for group, points in earned.items()}


# -- comparisons of a test ----------------------------------------------------------------------------------------


def _reached(test: Test, found: Sequence[Leaf], first: int, without: Keys) -> bool:
    """Whether the test holds if its open comparisons but for those that wait for `without` turn out well."""
    match test:
        case Review():
            return _reached(test.test, found, first, without)
        case AllOf():
            return all(_reached(each, found, at, without) for each, at in placed(test, first))
        case AnyOf():
            return any(_reached(each, found, at, without) for each, at in placed(test, first))
        case _:
            leaf = found[first]
            return leaf.status is Status.MET or (leaf.status in _OPEN and not _waits(test, leaf, without))


def _waits(test: Test, leaf: Leaf, without: Keys) -> bool:
    """A figure is computed of all its facts; of entries and titles any one may be the one that counts."""
    any_will_do = isinstance(test, CompareTotal) or (isinstance(test, Entries | Holds) and not test.forbidden)
    return bool(leaf.lacking) and (leaf.lacking <= without if any_will_do else bool(leaf.lacking & without))


def _asks(test: Test, found: Sequence[Leaf], first: int, keys: Keys) -> bool:
    """Whether an open comparison that waits for one of the keys may still decide the test."""
    match test:
        case Review():
            return _asks(test.test, found, first, keys)
        case AllOf() | AnyOf():
            settled = Status.UNMET if isinstance(test, AllOf) else Status.MET
            parts = list(placed(test, first))
            if any(_status(each, found, at) is settled for each, at in parts):
                return False
            return any(_asks(each, found, at, keys) for each, at in parts)
        case _:
            return found[first].status in _OPEN and bool(found[first].lacking & keys)


def _status(test: Test, found: Sequence[Leaf], first: int) -> Status:
    match test:
        case Review():
            return _status(test.test, found, first)
        case AllOf():
            return all_of(_status(each, found, at) for each, at in placed(test, first))
        case AnyOf():
            return any_of(_status(each, found, at) for each, at in placed(test, first))
        case _:
            return found[first].status


# -- points of an indicator ---------------------------------------------------------------------------------------


def _most_of(indicator: Indicator, result: ConditionResult, without: Keys) -> Decimal:
    """The most points it can come to; experts may give any number that the data leave possible (A-29)."""
    points = result.points
    assert points is not None  # an indicator has points
    if points.low == points.high or indicator.expert is not None or not _open_parts(indicator, result, without):
        return points.high
    found = result.leaves
    if indicator.each:
        held = sum(_reached(test, found, at, without) for test, at in _tests(indicator))
        return min(points.high, held * indicator.each_points)
    if indicator.choices:
        earned = [each.points_high for each in indicator.choices if each.test is None]
        tests = [each for each in indicator.choices if each.test is not None]
        earned += [
            choice.points_high
            for choice, (test, at) in zip(tests, _tests(indicator), strict=True)
            if _reached(test, found, at, without)
        ]
        return min(points.high, max(earned, default=_NONE))
    open_ = [each for each in found if each.status in _OPEN]
    return points.low if all(each.lacking & without for each in open_) else points.high


def _moves(indicator: Indicator, result: ConditionResult, keys: Keys) -> bool:
    points = result.points
    return points is not None and points.low != points.high and _open_parts(indicator, result, keys)


def _open_parts(indicator: Indicator, result: ConditionResult, keys: Keys) -> bool:
    """Whether one of the keys is waited for by a part of the indicator that may still earn something."""
    found = result.leaves
    for test, at in _tests(indicator):
        if _asks(test, found, at, keys):
            return True
        if indicator.choices and _status(test, found, at) is Status.MET:
            return False  # choices fall: what comes after one that holds gives no more
    if indicator.each or indicator.choices:
        return False
    return any(each.status in _OPEN and each.lacking & keys for each in found)


def _tests(indicator: Indicator) -> Iterator[tuple[Test, int]]:
    """The tests that earn points, each with the place of its first comparison."""
    first = 0
    for test in (*indicator.each, *(each.test for each in indicator.choices if each.test is not None)):
        yield test, first
        first += leaves(test)
