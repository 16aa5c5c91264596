"""How one line can be closed: from the tree of its test to elementary edits, on one day.

Here is what every form of test (rulebook.plan_forms) needs to find its ways: the evaluator's judgement of a draft, what
was found before, and the elementary edits that are common to them. Figures are moved by rulebook.plan_figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, TypeVar, cast

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.judge import compile_test
from rulebook.pack import TITLES, AllOf, AnyOf, Compare, Ref, Review, Test
from rulebook.plan_bounds import Bounds
from rulebook.plan_draft import Draft, Edit, merge, order_of, signature
from rulebook.plan_missing import asked_for, lacks
from rulebook.plan_model import Kind
from rulebook.plan_scope import Scope, scope_of
from rulebook.plan_time import LEAD_DAYS, Clock, FactKey, effort_until, harder
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

    bounds: Bounds
    kind: str
    prior: Mapping[str, date | None]
    """The first day on which another title can be held; None when no way to it is known."""
    forms: Mapping[type, Form]
    """How each form of test is closed (rulebook.plan_forms)."""
    blocked: list[str] = field(default_factory=list)
    _scopes: dict[int, tuple[object, Scope]] = field(default_factory=dict)
    _known: dict[object, tuple[list[Any], tuple[str, ...]]] = field(default_factory=dict)
    _compiled: dict[tuple[int, frozenset[str]], tuple[object, object]] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.bounds.clock

    @property
    def recorded(self) -> frozenset[FactKey]:
        """What the enterprise really has on record; everything else is assumed or missing."""
        return self.bounds.recorded

    def basis(self, asking: Asking) -> Basis:
        return Basis(self.clock.day.year, asking.only_sources)

    def scene(self, draft: Draft, rule: object) -> Scene:
        """The changed facts, with the size class where the rule reads it: working it out takes longer than the rest."""
        return Scene(draft.subject if self.scope(rule).size else draft.unsized, self.clock.day)

    def status(self, test: Test, draft: Draft, asking: Asking) -> Status:
        judge = self.compiled(test, asking, lambda: compile_test(test, self.basis(asking)))
        return judge(self.scene(draft, test))

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
        return self.bounds.frozen(fact_id, year)

    def ways(self, test: Test, draft: Draft, asking: Asking) -> list[Way]:
        """Sets of edits after which the test holds, cheapest first; an empty set where nothing is left to change."""
        return self.remembered("ways", test, draft, asking, lambda: self._ways(test, draft, asking))

    def remembered(
        self, what: str, rule: object, draft: Draft, asking: object, find: Callable[[], list[Thing]]
    ) -> list[Thing]:
        """What was found before where the rule sees the same edits, with the reasons that were given."""
        key = (what, id(rule), asking, self.scope(rule).of(draft.edits))
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

    def scope(self, rule: object) -> Scope:
        known = self._scopes.get(id(rule))
        if known is None:
            known = self._scopes[id(rule)] = (rule, scope_of(rule, self.bounds.wholes))
        return known[1]

    def _ways(self, test: Test, draft: Draft, asking: Asking) -> list[Way]:
        status = self.status(test, draft, asking)
        if status is Status.MET or (status is Status.UNKNOWN and self.settled(test, draft, asking)):
            return [()]
        form = self.forms.get(type(test))
        if form is None:
            self.block("这一条的写法尚无推算方法，需人工判断")
            return []
        return form(self, test, draft, asking, status)

    def settled(self, test: Test, draft: Draft, asking: Asking) -> bool:
        """Whether a test holds, or will be known once what is asked for has been supplied."""
        status = self.status(test, draft, asking)
        if status is not Status.UNKNOWN:
            return status is not Status.UNMET
        match test:
            case AllOf():
                return all(self.settled(each, draft, asking) for each in test.tests)
            case AnyOf():
                return any(self.settled(each, draft, asking) for each in test.tests)
            case Review():
                return self.settled(test.test, draft, asking)
            case Compare():
                return asked_for(lacks(test.measure, draft, self.clock), draft)
            case _:
                return False

    def block(self, reason: str) -> None:
        if reason not in self.blocked:
            self.blocked.append(reason)

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        return self.clock.day.year - (0 if ref.fact.year_of == "calendar" else 1) + ref.offset

    def ask(self, fact: Fact, year: int, asking: Asking) -> Edit:
        """Whatever the value is: it is to be put on record, and what depends on it is computed then."""
        return Edit(
            slot=("fact", fact.id, year),
            kind=Kind.SUPPLY,
            value=None,
            effort="paperwork",
            ready=self.clock.as_of,
            condition=asking.condition,
            fact=fact,
            source=source_of(fact, asking),
            asked=True,
            distance=Fraction(0),
        )

    def missing(self, fact: Fact, year: int, value: object, asking: Asking) -> Edit | None:
        """The one value that will do, not on record: of a year that has ended paperwork, else still to be reached."""
        supplied = year < self.clock.as_of.year + (fact.year_of == "calendar")  # facts without a year too
        effort, ready = ("paperwork", self.clock.as_of) if supplied else self.timing(fact, year, asking)
        return self.edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.SUPPLY if supplied else Kind.REACH,
                value=value,
                effort=effort,
                ready=ready,
                condition=asking.condition,
                fact=fact,
                source=source_of(fact, asking),
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

    def timing(self, fact: Fact, year: int, asking: Asking) -> tuple[str, date]:
        """How long the change of a fact takes, and when it can be complete: the class is that of the day it comes to.

        A figure of a fiscal year takes until that year is over, anything else as long as its line says.
        """
        if fact.yearly and fact.year_of == "fiscal":
            own, ready = "", date(max(year, self.clock.as_of.year) + 1, 1, 1)
        else:
            own = asking.effort or ("year" if fact.type in NUMERIC else "months")
            ready = max(self.in_time(own), date(year or 1, 1, 1))
        return harder(own, effort_until(ready, self.clock.as_of) if ready > self.clock.as_of else ""), ready

    def in_time(self, effort: str) -> date:
        """When what begins on the day of the plan and takes so long is complete."""
        return self.clock.as_of + timedelta(days=LEAD_DAYS[effort])

    def granted(self, code: str, effort: str) -> tuple[str, date] | None:
        """How long it takes to obtain another title, and the first day on which it can be held; None: by no known way.

        Its own plan says when it can be applied for; the class is that of the day it comes to.
        """
        first = self.prior.get(code, self.clock.as_of)
        if first is None:
            self.block(f"目前没有取得{TITLES.get(code, code)}的可行途径")
            return None
        ready = max(first, self.clock.as_of) + timedelta(days=LEAD_DAYS[effort])
        return harder(effort, effort_until(ready, self.clock.as_of)), ready

    def edit(self, edit: Edit) -> Edit | None:
        """The edit, unless it cannot be complete on the day of application."""
        if edit.ready <= self.clock.day:
            return edit
        what = period_label(edit.fact, edit.year) if edit.fact is not None else edit.words
        if edit.slot[0] == "title":
            what = f"{TITLES.get(edit.slot[1], edit.slot[1])}称号"
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
