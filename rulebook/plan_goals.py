"""What the edits of a plan are for: the lines that they close and the points that they earn, as the lines put it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rulebook.dictionary import NUMERIC
from rulebook.expressions import shape_of
from rulebook.measures import compile_measure, display, measure_label
from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    DaysSince,
    Indicator,
    Line,
    Measure,
    Pack,
    Ref,
    Review,
    Share,
    Total,
)
from rulebook.plan_amounts import amount
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_missing import lacks, lacks_of
from rulebook.plan_remedies import Asking, Remedies
from rulebook.plan_score import scored_on
from rulebook.plan_steps import canonical
from rulebook.plan_time import Clock
from rulebook.plan_walk import leaves_of, measures_of, refs_of, tests_scoring
from rulebook.status import Status
from rulebook.wording import period_label, shown


@dataclass(frozen=True, slots=True)
class Goals:
    """Of one draft. `before` is the same day without any edit."""

    pack: Pack
    kind: str
    clock: Clock
    before: Draft
    after: Draft
    remedies: Remedies
    needed: tuple[str, ...]
    """The lines that the route asks for."""

    def of(self, edit: Edit) -> tuple[list[str], list[str]]:
        """What the edit brings about, as the lines put it, and which lines those are."""
        if edit.asked:
            return self._decided_by(edit)
        if edit.slot[0] != "fact" or edit.fact is None or edit.fact.type not in NUMERIC:
            return [], []
        goals: dict[str, None] = {}
        conditions: dict[str, None] = {}
        for test, asking in self._tests():
            if not isinstance(test, Compare) or not self._reads(test.measure, edit):
                continue
            if self.remedies.status(test, self.after, asking) is not Status.MET:
                continue
            was = self.remedies.status(test, self.before, asking)
            if was is Status.MET:
                continue
            goals[self._goal(test, edit, was)] = None
            conditions[asking.condition] = None
        for indicator in self.pack.indicators:
            if indicator.line.id not in self.needed:
                continue
            if any(self._reads(each, edit) for each in (*measures_of(indicator), *tests_scoring(indicator))):
                goal = self._points(indicator, edit)
                if goal:
                    goals[goal] = None
                    conditions[indicator.line.id] = None
        return list(goals), list(conditions)

    def limit(self, edit: Edit) -> object:
        """What a missing figure has to come to by itself, where lines limit it from one side; no relation to others."""
        limits = [test.limit for test, _, alone in self.waiting(edit) if alone and isinstance(test.measure, Ref)]
        sides = {each.operator for each in limits}
        if edit.fact is None or edit.fact.type not in NUMERIC or not (sides <= {">="} or sides <= {"<="}) or not limits:
            return None
        chosen = max if sides == {">="} else min
        return canonical(edit.fact, chosen(each.value for each in limits))

    def _decided_by(self, edit: Edit) -> tuple[list[str], list[str]]:
        """What a missing figure has to come to by itself, or the lines that can be computed only with it."""
        goals: dict[str, None] = {}
        lines: dict[str, None] = {}
        for test, line, alone in self.waiting(edit):
            goals[test.limit.text if alone and by_itself(test) else f"“{line.label}”"] = None
            lines[line.id] = None
        for indicator in self.pack.indicators:
            lacking = lacks_of(indicator, self.after, self.clock) if indicator.line.id in self.needed else []
            if edit.fact is not None and (edit.fact, edit.year) in lacking:
                goals[f"“{indicator.line.label}”的得分"] = None
                lines[indicator.line.id] = None
        return list(goals), list(lines)

    def waiting(self, edit: Edit) -> Iterator[tuple[Compare, Line, bool]]:
        """Comparisons that lack the figure, each with whether it decides: of that year, and no other way round it."""
        for each in (*self.pack.gates, *self.pack.conditions):
            test = each.tests.get(self.kind)
            if test is None or each.modality != "must" or each.line.id not in self.needed or not self._applies(each):
                continue
            asking = Asking(each.line.id, each.effort, each.only_sources)
            for leaf, alone in self._open_leaves(test, asking):
                lacking = lacks(leaf.measure, self.after, self.clock)
                if edit.fact is not None and (edit.fact, edit.year) in lacking:
                    own = not isinstance(leaf.measure, Ref) or self.remedies.year_of(leaf.measure) == edit.year
                    yield leaf, each.line, alone and own and each.applies_if is None

    def _open_leaves(self, test: object, asking: Asking, alone: bool = True) -> Iterator[tuple[Compare, bool]]:
        """The comparisons that may still decide, and whether nothing else can stand in for them."""
        match test:
            case AllOf():
                for each in test.tests:
                    yield from self._open_leaves(each, asking, alone)
            case AnyOf():
                able = [each for each in test.tests if self.remedies.status(each, self.after, asking) is Status.UNKNOWN]
                for each in able:
                    yield from self._open_leaves(each, asking, alone and len(able) == 1)
            case Review():
                yield from self._open_leaves(test.test, asking, alone)
            case Compare():
                yield test, alone

    def _tests(self) -> Iterator[tuple[object, Asking]]:
        for each in (*self.pack.gates, *self.pack.conditions):
            test = each.tests.get(self.kind)
            bound = each.modality == "must" and each.line.id in self.needed
            if test is not None and bound and self._applies(each):
                for leaf in leaves_of(test):
                    yield leaf, Asking(each.line.id, each.effort, each.only_sources)

    def _applies(self, condition: Condition) -> bool:
        """A tier that the changed facts leave behind asks nothing."""
        if condition.applies_if is None:
            return True
        return self.remedies.status(condition.applies_if, self.after, Asking("")) is not Status.UNMET

    def _reads(self, what: object, edit: Edit) -> bool:
        return any(ref.fact is edit.fact and self.remedies.year_of(ref) == edit.year for ref in refs_of(what))

    def _goal(self, test: Compare, edit: Edit, was: Status) -> str:
        shape = shape_of(test.measure)
        if isinstance(test.measure, Ref):
            return f"{test.limit.text}"
        now = "" if was is Status.UNKNOWN else f"由 {self._value(test.measure, self.before) or '不详'} "
        verb = "降到" if test.limit.operator in ("<", "<=") else "达到"
        label = shape.label
        if isinstance(test.measure, Total):
            label = measure_label(test.measure, self.remedies.basis(Asking("")))
        return f"{label}{now}{verb} {test.limit.written}{self._kept(test, edit)}"

    def _value(self, what: Measure, draft: Draft) -> str:
        asking = Asking("")
        meter = self.remedies.compiled(what, asking, lambda: compile_measure(what, self.remedies.basis(asking)))
        value = meter(self.remedies.scene(draft, what))
        return "" if isinstance(value, Status) else shown(shape_of(what), display(value))

    def _kept(self, test: Compare, edit: Edit) -> str:
        """What a share takes for granted: the other side, as it stands in the plan."""
        if not isinstance(test.measure, Share):
            return ""
        others = [ref for ref in refs_of(test.measure) if ref.fact is not edit.fact]
        moved = {each.slot for each in self.after.edits}
        kept = [ref for ref in others if ("fact", ref.fact.id, self.remedies.year_of(ref)) not in moved]
        said = []
        years = {(ref.fact.id, self.remedies.year_of(ref)) for ref in kept}
        for ref in kept:
            year = self.remedies.year_of(ref)
            held = self.after.subject.facts.get((ref.fact.id, year))
            if held is not None and held.value is not None:
                label = period_label(ref.fact, year) if len(years) > 1 else ref.fact.label
                said.append(f"{label} {amount(ref.fact, held.value)}")
        return f"（按{'、'.join(said)}计）" if said else ""

    def _points(self, indicator: Indicator, edit: Edit) -> str:
        """What the edit earns."""
        before = scored_on(indicator, self.before, self.remedies).points
        after = scored_on(indicator, self.after, self.remedies).points
        if after.low <= before.low:
            return ""
        moved = ""
        for each in measures_of(indicator):
            was, now = self._value(each, self.before), self._value(each, self.after)
            if was != now:
                moved = f"（{was} → {now}）" if was else f"（{now}）"
        return f"“{indicator.line.label}”{moved}由 {before.display}提高到 {after.display}"


def by_itself(test: Compare) -> bool:
    """Whether one figure or date is all that is compared."""
    return isinstance(test.measure, Ref | DaysSince)
