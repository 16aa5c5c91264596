"""How one line can be closed: from the tree of its test to elementary edits, on one day.

The evaluator itself is the oracle: the target of a figure is the smallest step for which the test holds when judged
on the changed facts, so no formula of a share, a growth rate or a sum is written down twice, and a figure that is
shown suffices by construction. Steps are what people write: 0.01 万元, one item, 0.01 percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, TypeVar, cast

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.judge import compile_test
from rulebook.pack import Ref, Test, Total
from rulebook.plan_draft import SIZE_FACTS, Draft, Edit, merge, order_of, signature
from rulebook.plan_model import Kind
from rulebook.plan_steps import (
    FEWEST,
    STEPS,
    THOUSANDFOLD,
    accrues,
    canonical,
    distance,
    least,
    levers,
    on_grid,
    read_by,
    stand_in,
)
from rulebook.plan_time import LEAD_DAYS, Clock, FactKey
from rulebook.plan_walk import inside, refs_of
from rulebook.scene import Basis, Scene
from rulebook.status import Status
from rulebook.subject import POINT
from rulebook.wording import period_label

MOST_WAYS = 6
"""Ways kept per line, the cheapest: more alternatives than anybody reads."""

Way = tuple[Edit, ...]
Form = Callable[..., list[Way]]
"""(remedies, test, draft, asking, status) → ways."""

Thing = TypeVar("Thing")
Rule = TypeVar("Rule")


@dataclass(frozen=True, slots=True)
class Asking:
    """The line that asks: its id, how long its pack says it takes, and the sources it accepts."""

    condition: str
    effort: str = ""
    only_sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Remedies:
    """Ways to close lines on one day. `blocked` collects why a way is not open."""

    clock: Clock
    kind: str
    recorded: frozenset[FactKey]
    """What the enterprise really has on record; everything else is assumed or missing."""
    prior: Mapping[str, date | None]
    """The first day on which another title can be held; None when no way to it is known."""
    forms: Mapping[type, Form]
    """How each form of test is closed (rulebook.plan_forms)."""
    blocked: list[str] = field(default_factory=list)
    _known: dict[object, tuple[list[Any], tuple[str, ...]]] = field(default_factory=dict)
    _compiled: dict[tuple[int, frozenset[str]], tuple[object, object]] = field(default_factory=dict)

    def basis(self, asking: Asking) -> Basis:
        return Basis(self.clock.day.year, asking.only_sources)

    def scene(self, draft: Draft) -> Scene:
        return Scene(draft.subject, self.clock.day)

    def status(self, test: Test, draft: Draft, asking: Asking) -> Status:
        judge = self.compiled(test, asking, lambda: compile_test(test, self.basis(asking)))
        return judge(self.scene(draft))

    def compiled(self, rule: object, asking: Asking, compile_rule: Callable[[], Rule]) -> Rule:
        """What a rule of the pack was compiled to for these sources: it is asked of many drafts."""
        key = (id(rule), asking.only_sources)
        known = self._compiled.get(key)
        if known is None:
            known = self._compiled[key] = (rule, compile_rule())  # with the rule: while it lives, its id is its own
        return cast(Rule, known[1])

    def held(self, fact: Fact, year: int, draft: Draft) -> object:
        """The value of the draft, or None."""
        held = draft.subject.facts.get((fact.id, year))
        return None if held is None else held.value

    def day_before(self, days: Decimal) -> date:
        """So many days, rounded up, before the day of application."""
        return self.clock.day - timedelta(days=ceil(days) + 1)

    def frozen(self, fact_id: str, year: int) -> bool:
        return self.clock.history(None, year) and (fact_id, year) in self.recorded

    def ways(self, test: Test, draft: Draft, asking: Asking) -> list[Way]:
        """Sets of edits after which the test holds, cheapest first; an empty set where nothing is left to change."""
        key = (id(test), asking, signature(draft.edits))
        return self.remembered(key, lambda: self._ways(test, draft, asking))

    def remembered(self, key: object, find: Callable[[], list[Thing]]) -> list[Thing]:
        """What was found before for the same draft, with the reasons that were given."""
        known = self._known.get(key)
        if known is None:
            outer = list(self.blocked)
            self.blocked.clear()
            ways = find()
            known = self._known[key] = (ways, tuple(self.blocked))
            self.blocked[:] = outer
        for reason in known[1]:
            self.block(reason)
        return known[0]

    def _ways(self, test: Test, draft: Draft, asking: Asking) -> list[Way]:
        status = self.status(test, draft, asking)
        if status is Status.MET:
            return [()]
        form = self.forms.get(type(test))
        if form is None:
            self.block("这一条的写法尚无推算方法，需人工判断")
            return []
        return form(self, test, draft, asking, status)

    def block(self, reason: str) -> None:
        if reason not in self.blocked:
            self.blocked.append(reason)

    # -- figures --------------------------------------------------------------------------------------------------

    def by_levers(
        self, measures: Iterable[object], reached: Callable[[Draft], bool], draft: Draft, asking: Asking
    ) -> list[Way]:
        """Ways to move one figure of a measure until `reached`; figures that are missing are supplied first."""
        found: list[Way] = []
        for measure in measures:
            supplied = self._supplied(measure, draft, asking)
            if supplied is None:
                continue
            way, filled = supplied
            if reached(filled):
                found.append(self._likelier(measure, way, filled, reached, draft))
                continue
            for ref, falls in levers(measure):
                for direction in (1, -1):
                    edit = self._moved(ref, direction, reached, filled, asking, falls=falls)
                    merged = merge((*way, edit)) if edit is not None else None
                    if merged is not None:
                        found.append(merged)
        return cheapest(found)

    def _likelier(
        self, measure: object, way: Way, filled: Draft, reached: Callable[[Draft], bool], draft: Draft
    ) -> Way:
        """Where nothing at all would suffice (an upper limit), an ordinary figure stands in instead of zero."""
        if not isinstance(measure, Ref) or len(way) != 1 or not way[0].supplied:
            return way
        value = stand_in(measure.fact, self.year_of(measure), draft, alone=False)
        likelier = (replace(way[0], value=value),)
        after = draft.with_edits(likelier)
        return likelier if after is not None and reached(after) else way

    def _supplied(self, measure: object, draft: Draft, asking: Asking) -> tuple[Way, Draft] | None:
        """The missing figures of the measure, filled in, and those of a source that does not count, confirmed."""
        edits: list[Edit] = []
        refs = refs_of(measure)
        founded = self._founded(measure, draft)
        for ref in read_by(measure, refs):
            year = self.year_of(ref)
            if founded is not None and year != POINT and year < founded:
                continue  # years before the enterprise was founded are not asked for
            held = draft.subject.facts.get((ref.fact.id, year))
            if held is None or held.value is None:
                edit = self.missing(
                    ref.fact, year, stand_in(ref.fact, year, draft, alone=isinstance(measure, Ref)), asking
                )
            elif asking.only_sources and held.source not in asking.only_sources:
                edit = self.confirmed(ref.fact, year, held.value, asking)
            else:
                continue
            if edit is None:
                return None
            edits.append(edit)
        filled = draft.with_edits(edits)
        return None if filled is None else (tuple(edits), filled)

    def _founded(self, measure: object, draft: Draft) -> int | None:
        since = [each.since for each in inside(measure, (Total,)) if isinstance(each, Total) and each.since]
        held = self.held(since[0], POINT, draft) if since else None
        return None if held is None else date.fromisoformat(str(held)).year

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        return self.clock.day.year - (0 if ref.fact.year_of == "calendar" else 1) + ref.offset

    def missing(self, fact: Fact, year: int, value: object, asking: Asking) -> Edit | None:
        """A value that is not on record: of a year that has ended it is paperwork, otherwise still to be reached."""
        supplied = year < self.clock.as_of.year + (fact.year_of == "calendar")  # facts without a year too
        effort = "paperwork" if supplied or fact.type in NUMERIC else self.effort(fact, year, asking)
        return self.edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.SUPPLY if supplied else Kind.REACH,
                value=value,
                effort=effort,
                ready=self.ready(fact, year, effort),
                condition=asking.condition,
                fact=fact,
                source=source_of(fact, asking),
                supplied=True,
                distance=Fraction(0) if effort == "paperwork" else Fraction(1),
            )
        )

    def confirmed(self, fact: Fact, year: int, value: object, asking: Asking) -> Edit | None:
        return self.edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.CONFIRM,
                value=value,
                effort="paperwork",
                ready=self.clock.as_of,
                condition=asking.condition,
                fact=fact,
                before=value,
                source=source_of(fact, asking),
                distance=Fraction(0),
            )
        )

    def _moved(
        self,
        ref: Ref,
        direction: int,
        reached: Callable[[Draft], bool],
        draft: Draft,
        asking: Asking,
        *,
        falls: bool,
    ) -> Edit | None:
        """The smallest step of one figure in one direction that suffices, or None."""
        fact, year = ref.fact, self.year_of(ref)
        key = (fact.id, year)
        label = period_label(fact, year)
        known = next((edit for edit in draft.edits if edit.slot == ("fact", *key)), None)
        supplied = known is not None and known.supplied
        if direction < 0 and not falls and not supplied:
            return None
        if self.frozen(*key):
            self.block(f"{label}属于已结束的年度，不能再改变")
            return None
        if fact.elapses and not supplied:
            self.block(f"{label}只随时间增加")
            return None
        held = draft.subject.facts[key]
        if direction < 0 and not supplied and fact.id in SIZE_FACTS:
            self.block(f"{label}高于上限，不宜以缩减规模取得称号")
            return None
        if known is not None and not supplied and known.direction * direction < 0:
            return None
        ahead = year >= self.clock.as_of.year + (fact.year_of == "calendar")
        effort = "paperwork" if supplied and not ahead else self.effort(fact, year, asking)
        before = Fraction(str(held.value))
        on_file = None if supplied else draft.base.facts[key].value  # not what an earlier edit or a part made of it
        origin = before if supplied else Fraction(str(on_file))

        def at(steps: int) -> Edit:
            value = on_grid(fact, before, direction, steps)
            return Edit(
                slot=("fact", *key),
                kind=known.kind if known is not None and supplied else Kind.REACH,
                value=canonical(fact, value),
                effort=effort,
                ready=self.ready(fact, year, effort),
                condition=asking.condition,
                fact=fact,
                before=on_file,
                source=source_of(fact, asking) if asking.only_sources else held.source,
                direction=direction,
                supplied=supplied,
                distance=Fraction(int(ahead)) if supplied else distance(origin, Fraction(value)),
            )

        def suffices(steps: int) -> bool:
            after = draft.with_edits((at(steps),))
            return after is not None and reached(after)

        farthest = self._farthest(fact, year, before, direction, draft)
        paced = None if supplied or direction < 0 else self._paced(fact, year, before, draft)
        steps = least(suffices, farthest if paced is None else min(paced, farthest))
        if steps is None and paced is not None and paced < farthest and suffices(farthest):
            pace = f"{label}按 {year - 1} 年的进度，在余下的 {self.clock.days_left} 天里达不到所需数值"
            self.block(f"{pace}，须安排在下一个完整年度")
        return None if steps is None else self.edit(at(steps))

    def _paced(self, fact: Fact, year: int, before: Fraction, draft: Draft) -> int | None:
        """Steps that the days left of the running year can bring; None where nothing is known to tell the pace from."""
        last = draft.base.facts.get((fact.id, year - 1))
        if not accrues(fact) or not self.clock.running(year) or last is None or last.value is None:
            return None
        more = Fraction(str(last.value)) * self.clock.share_left
        if fact.type == "integer":
            more = max(more, Fraction(1))  # nobody is a tenth of a person
        step = Fraction(STEPS[fact.type])
        end = Fraction(str(draft.base.facts[(fact.id, year)].value)) + more
        return max(0, floor(end / step) - floor(before / step))

    def _farthest(self, fact: Fact, year: int, before: Fraction, direction: int, draft: Draft) -> int:
        """Steps to the end of what the figure can be: its bounds, its whole if that is history, a thousandfold."""
        step = Fraction(STEPS.get(fact.type, Decimal(1)))
        reach = max(abs(before) * THOUSANDFOLD, step * FEWEST)
        end = before + direction * reach
        if direction < 0 and fact.minimum is not None:
            end = max(end, Fraction(fact.minimum))
        if direction > 0:
            if fact.maximum is not None:
                end = min(end, Fraction(fact.maximum))
            whole = draft.subject.facts.get((fact.part_of, year))
            if whole is not None and whole.value is not None and self.frozen(fact.part_of, year):
                end = min(end, Fraction(str(whole.value)))
        start = floor(before / step) if direction > 0 else ceil(before / step)
        last = floor(end / step) if direction > 0 else ceil(end / step)
        return abs(last - start)

    def effort(self, fact: Fact, year: int, asking: Asking) -> str:
        if fact.yearly and fact.year_of == "fiscal":
            return "year" if year <= self.clock.as_of.year else "years"
        return asking.effort or ("year" if fact.type in NUMERIC else "months")

    def ready(self, fact: Fact, year: int, effort: str) -> date:
        """A figure of a fiscal year stands when the year is over; everything else when its time has passed."""
        if year != POINT and fact.year_of == "fiscal" and year >= self.clock.as_of.year:
            return date(year + 1, 1, 1)
        return max(self.clock.as_of + timedelta(days=LEAD_DAYS[effort]), date(year or 1, 1, 1))

    def edit(self, edit: Edit) -> Edit | None:
        """The edit, unless it cannot be complete on the day of application."""
        if edit.ready <= self.clock.day:
            return edit
        what = period_label(edit.fact, edit.year) if edit.fact is not None else edit.words
        self.block(f"{what}最早 {edit.ready} 才能完成")
        return None

    def together(self, tests: Iterable[tuple[Test, Asking]], draft: Draft) -> list[Way]:
        """All of the tests, one after the other on the same draft: a figure raised for one is seen by the next."""
        ways: list[Way] = [()]
        for test, asking in tests:
            further: list[Way] = []
            for way in ways:
                reached = draft.with_edits(way)
                if reached is None:
                    continue
                for more in self.ways(test, reached, asking):
                    merged = merge((*way, *more))
                    if merged is not None:
                        further.append(merged)
            ways = cheapest(further)
        return ways


def cheapest(ways: Iterable[Way]) -> list[Way]:
    """The best few, each once, in an order that does not depend on how they were found."""
    found = {signature(way): way for way in ways}
    return sorted(found.values(), key=order_of)[:MOST_WAYS]


def source_of(fact: Fact, asking: Asking) -> str:
    for source in fact.sources:
        if not asking.only_sources or source in asking.only_sources:
            return source
    return sorted(asking.only_sources)[0] if asking.only_sources else next(iter(SOURCE_KINDS))
