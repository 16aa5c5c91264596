"""What the edits of a plan are for: the lines that they close and the points that they earn, as the lines put it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from rulebook.dictionary import NUMERIC, Fact
from rulebook.expressions import shape_of
from rulebook.measures import compare, compile_measure, display, measure_label
from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    DaysSince,
    Growth,
    Indicator,
    Limit,
    Line,
    Measure,
    Pack,
    Ref,
    Review,
    Total,
)
from rulebook.plan_amounts import amount
from rulebook.plan_draft import Draft, Edit, bare
from rulebook.plan_missing import lacks, lacks_of
from rulebook.plan_remedies import Asking, Remedies
from rulebook.plan_score import scored_on
from rulebook.plan_steps import canonical, read_by
from rulebook.plan_time import Clock
from rulebook.plan_walk import leaves_of, measures_of, refs_of, tests_scoring
from rulebook.records import OPERATORS, within
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
        closed: dict[tuple[str, str], tuple[Compare, bool]] = {}
        less, alone = self._without(edit), bare(self.after).with_edits((edit,))
        for test, asking in self._tests():
            if not isinstance(test, Compare) or not self._reads(test.measure, edit, alone):
                continue
            if self.remedies.status(test, self.after, asking) is not Status.MET:
                continue
            was = self.remedies.status(test, self.before, asking)

            def holds(draft: Draft, test: Compare = test, asking: Asking = asking) -> bool:
                return self.remedies.status(test, draft, asking) is Status.MET

            if not (_needs(holds, less) or (was is not Status.MET and alone is not None and holds(alone))):
                continue
            key = (measure_label(test.measure, self.remedies.basis(asking)), test.limit.operator[0])
            if key not in closed or _stricter(test, closed[key][0]):
                closed[key] = test, was is Status.MET
            conditions[asking.condition] = None
        for test, was_met in closed.values():
            goals[self._goal(test, edit, was_met=was_met)] = None
        for indicator in self.pack.indicators:
            if indicator.line.id not in self.needed:
                continue
            if any(self._reads(each, edit, alone) for each in (*measures_of(indicator), *tests_scoring(indicator))):
                goal = self._points(indicator, edit, less, alone)
                if goal:
                    goals[goal] = None
                    conditions[indicator.line.id] = None
        return list(goals), list(conditions)

    def _without(self, edit: Edit) -> Draft | None:
        """The plan but for this edit; None where the others cannot be without it."""
        return bare(self.after).with_edits(each for each in self.after.edits if each is not edit)

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

    def _reads(self, what: object, edit: Edit, alone: Draft | None) -> bool:
        """Whether a measure or test reads the figure, or a whole that rises with it."""
        moved = {edit.slot[1:], *(alone.lifted() if alone is not None else ())}
        return any((ref.fact.id, self.remedies.year_of(ref)) in moved for ref in _read(what))

    def _goal(self, test: Compare, edit: Edit, *, was_met: bool) -> str:
        """What the measure comes to on the changed facts, what is required, and what is held for it."""
        if isinstance(test.measure, Ref):
            return test.limit.text
        was, now = (self._value(test.measure, draft, test.limit) for draft in (self.before, self.after))
        moved = f"由 {was} {'降至' if test.limit.operator in ('<', '<=') else '升至'} {now}" if was else f"达到 {now}"
        if was_met:
            moved = f"保持在 {now}"  # what another change of the plan would break
        label = shape_of(test.measure).label
        if isinstance(test.measure, Total | Growth):
            label = measure_label(test.measure, self.remedies.basis(Asking("")))
        said = [f"要求{_REQUIRED[test.limit.operator]} {test.limit.written}", *self._held(test.measure, edit)]
        return f"{label}{moved}（{'；'.join(said)}）"

    def _value(self, what: Measure, draft: Draft, limit: Limit | None = None) -> str:
        """For display, on the side of the limit where it is."""
        asking = Asking("")
        meter = self.remedies.compiled(what, asking, lambda: compile_measure(what, self.remedies.basis(asking)))
        value = meter(self.remedies.scene(draft, what))
        if isinstance(value, Status):
            return ""
        exact = display(value)
        if limit is None:
            return shown(shape_of(what), exact)
        holds = OPERATORS[limit.operator](compare(value, limit.value), 0)
        return shown(shape_of(what), exact, lambda rounded: within(limit, rounded) is holds)

    def _held(self, what: Measure, edit: Edit) -> list[str]:
        """The figures beside the edit that the measure rests on and that the plan leaves as they are."""
        same: dict[str, tuple[Fact, list[int]]] = {}
        for ref in _read(what):
            key = (ref.fact.id, self.remedies.year_of(ref))
            before, after = (draft.subject.facts.get(key) for draft in (self.before, self.after))
            if key != edit.slot[1:] and before is not None and after is not None and before.value == after.value:
                same.setdefault(ref.fact.id, (ref.fact, []))[1].append(key[1])
        told = [
            (fact, each)
            for fact, years in same.values()
            for each in ([[year] for year in sorted(years)] if isinstance(what, Growth) else [sorted(years)])
        ]
        figures = "、".join(self._figures(fact, years, edit) for fact, years in told)
        return [f"{figures}不变时"] if figures else []

    def _figures(self, fact: Fact, years: list[int], edit: Edit) -> str:
        """`营业收入 1,000 万元`; of other years than the edit's with the year, of several years their sum."""
        values = [self.after.subject.facts[(fact.id, year)].value for year in years]
        total = sum((Decimal(str(each)) for each in values), Decimal(0))
        if len(years) == 1:
            label = fact.label if years == [edit.year] else period_label(fact, years[0])
            return f"{label} {amount(fact, total)}"
        joined = years == list(range(years[0], years[-1] + 1))
        span = f"{years[0]}—{years[-1]}" if joined else "、".join(str(each) for each in years)
        return f"{span}年{fact.label}合计 {amount(fact, total)}"

    def _points(self, indicator: Indicator, edit: Edit, less: Draft | None, alone: Draft | None) -> str:
        """What the edit earns: points that are certain, or the most that people may then give."""
        before = scored_on(indicator, self.before, self.remedies).points
        after = scored_on(indicator, self.after, self.remedies).points

        def earns(draft: Draft) -> bool:
            return scored_on(indicator, draft, self.remedies).points[:2] >= after[:2]

        lost = _needs(earns, less)
        if after[:2] < before[:2] or not (lost or (after[:2] > before[:2] and alone is not None and earns(alone))):
            return ""
        if after[:2] == before[:2]:
            return f"“{indicator.line.label}”保持 {after.display}"  # what another change of the plan would cost
        moved = ""
        for each in measures_of(indicator):
            was, now = self._value(each, self.before), self._value(each, self.after)
            if was != now and self._reads(each, edit, alone):
                moved = f"（{'；'.join([f'{was} → {now}' if was else now, *self._held(each, edit)])}）"
        return f"“{indicator.line.label}”{moved}由 {before.display}提高到 {after.display}"


def _needs(holds: Callable[[Draft], bool], less: Draft | None) -> bool:
    """Whether it fails in the plan without an edit; None is a plan that cannot be without it."""
    return less is None or not holds(less)


_REQUIRED = {">=": "不低于", ">": "高于", "<=": "不高于", "<": "低于", "=": "等于"}


def _read(what: object) -> list[Ref]:
    """The figures that decide a measure; compound growth passes over the year between its two ends."""
    between = (what.at.offset or 0) - 1 if isinstance(what, Growth) and what.manner == "compound" else None
    return [ref for ref in read_by(what, refs_of(what)) if between is None or ref.offset != between]


def _stricter(one: Compare, other: Compare) -> bool:
    """Of two limits on one measure from the same side."""
    if one.limit.value == other.limit.value:
        return len(one.limit.operator) < len(other.limit.operator)
    return (one.limit.value > other.limit.value) is (one.limit.operator[0] == ">")


def by_itself(test: Compare) -> bool:
    """Whether one figure or date is all that is compared."""
    return isinstance(test.measure, Ref | DaysSince)
