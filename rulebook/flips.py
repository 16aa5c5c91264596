"""Which lines make an enterprise stand otherwise under another version of the rules: two assessments of one subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rulebook.assessment import Assessment, ConditionResult, RouteResult, ScoreCheck
from rulebook.status import Status, Verdict

_RANK = {Status.UNMET: 0, Status.UNKNOWN: 1, Status.MANUAL_REVIEW: 2, Status.MET: 3, Status.NOT_APPLICABLE: 3}
_VERDICTS = {Verdict.NOT_ELIGIBLE: 0, Verdict.UNKNOWN: 1, Verdict.MANUAL_REVIEW: 2, Verdict.ELIGIBLE: 3}
_NOT_ASKED = Status.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Stand:
    """How a line stands under one version: its status, what was found, what was asked."""

    status: str
    value: str
    threshold: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A line that does it. `what`: condition, indicator, score (a threshold of points), route, or rules where one side
    has none at all; a side that is null does not have the line."""

    what: str
    id: str
    label: str
    clause: str
    before: Stand | None
    after: Stand | None


def causes(before: Assessment, after: Assessment) -> tuple[Cause, ...]:
    """The lines that hold back the lower of the two verdicts and not the higher one.

    Of the requirements and scores only those on a way that leads further in the higher one; of a way that is not there
    in the lower one, that it is missing, and what holds back on the ways there are.
    """
    rising = _VERDICTS[after.verdict] > _VERDICTS[before.verdict]
    low, high = (before, after) if rising else (after, before)
    found = _Comparison(low, high, rising)
    told = {(each.what, each.id): each for each in found.causes()}
    return tuple(told.values())


@dataclass(frozen=True, slots=True)
class _Comparison:
    low: Assessment
    high: Assessment
    rising: bool

    def causes(self) -> Iterator[Cause]:
        held = {each.id: each for each in self.high.conditions}
        for line in self.low.conditions:
            if line.role == "gate" and line.modality == "must":
                yield from self._line(line, held.get(line.id))
        best_low, best_high = _best(self.low), _best(self.high)
        if best_high <= best_low:
            return
        ways = {each.id: each for each in self.low.routes}
        leading = [each for each in self.high.routes if _RANK[each.status] == best_high]
        for way in leading:
            if way.id in ways:
                yield from self._way(ways[way.id], way, held)
                continue
            stands = Stand(way.status.value, "", way.label)
            yield Cause("route", way.id, way.label, "", *self._sides(None, stands))
            for other in self.low.routes:
                yield from self._way(other, None, held)

    def _way(self, low: RouteResult, high: RouteResult | None, held: dict[str, ConditionResult]) -> Iterator[Cause]:
        asked = set(low.conditions)
        for line in self.low.conditions:
            if line.id in asked and line.modality == "must":
                yield from self._line(line, held.get(line.id))
        checks = {each.label: each for each in high.score_checks} if high is not None else {}
        for check in low.score_checks:
            other = checks.get(check.label)
            if check.status is Status.MET or (other is not None and _RANK[other.status] <= _RANK[check.status]):
                continue
            sides = self._sides(_check(check), _check(other) if other is not None else None)
            yield Cause("score", f"{low.id}:{check.label}", check.label, "", *sides)
            yield from self._indicators(held)

    def _line(self, low: ConditionResult, high: ConditionResult | None) -> Iterator[Cause]:
        if _RANK[low.status] == _RANK[Status.MET] or (high is not None and _RANK[high.status] <= _RANK[low.status]):
            return
        if high is not None and high.status is _NOT_ASKED:
            high = None
        sides = self._sides(_stand(low), _stand(high) if high is not None else None)
        yield Cause("condition", low.id, low.label, low.clause, *sides)

    def _indicators(self, held: dict[str, ConditionResult]) -> Iterator[Cause]:
        """Scored lines that earn less on the lower side."""
        for line in self.low.conditions:
            other = held.get(line.id)
            if line.points is None or other is None or other.points is None:
                continue
            if (line.points.low, line.points.high) != (other.points.low, other.points.high):
                low, high = (Stand(e.status.value, e.value, e.points.display) for e in (line, other) if e.points)
                yield Cause("indicator", line.id, line.label, line.clause, *self._sides(low, high))

    def _sides(self, low: Stand | None, high: Stand | None) -> tuple[Stand | None, Stand | None]:
        """As before and after."""
        return (low, high) if self.rising else (high, low)


def _best(found: Assessment) -> int:
    return max((_RANK[each.status] for each in found.routes), default=0)


def _stand(line: ConditionResult) -> Stand:
    return Stand(line.status.value, line.value, line.threshold)


def _check(check: ScoreCheck) -> Stand:
    return Stand(check.status.value, check.points.display, check.threshold)
