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
from typing import Any, TypeVar
from zlib import crc32

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact, RecordField
from rulebook.judge import judge
from rulebook.pack import (
    SIZES,
    TITLES,
    AllOf,
    AnyOf,
    Clause,
    Compare,
    CompareTotal,
    Entries,
    Equals,
    FieldTest,
    Found,
    Growth,
    Holds,
    NoBan,
    Ref,
    Review,
    Share,
    SizeIn,
    Test,
    Window,
)
from rulebook.plan_draft import SIZE_FACTS, Draft, Edit, cost_of, merge, signature
from rulebook.plan_model import Kind
from rulebook.plan_time import LEAD_DAYS, Clock, FactKey
from rulebook.plan_walk import refs_of
from rulebook.scene import Scene, Trace
from rulebook.size import SizeResult
from rulebook.status import Status
from rulebook.subject import POINT, Title
from rulebook.units import money_text, plain_decimal
from rulebook.values import Value
from rulebook.wording import period_label

MOST_WAYS = 6
"""Ways kept per line, the cheapest: more alternatives than anybody reads."""

STEPS = {"money": Decimal(100), "integer": Decimal(1), "number": Decimal("0.01"), "ratio": Decimal("0.0001")}
"""The unit people write: amounts in 万元 with two decimals, shares with two decimals of a percent."""

_STAND_IN = {"money": Decimal(10_000_000), "integer": Decimal(100), "number": Decimal(100), "ratio": Decimal(1)}
"""For a figure that is missing and of which only its relation to another is asked; never shown."""

_THOUSANDFOLD = 1000
_FEWEST = 10_000_000
"""How far a figure is looked for: a thousandfold, and from nothing to ten million steps (10 亿元)."""

Way = tuple[Edit, ...]
Thing = TypeVar("Thing")


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
    blocked: list[str] = field(default_factory=list)
    _known: dict[object, tuple[list[Any], tuple[str, ...]]] = field(default_factory=dict)

    def scene(self, draft: Draft, asking: Asking) -> Scene:
        return Scene(draft.subject, self.clock.day, self.kind, asking.only_sources)

    def status(self, test: Test, draft: Draft, asking: Asking) -> Status:
        return judge(test, self.scene(draft, asking), Trace())

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
        form = _FORMS.get(type(test))
        if form is None:
            self.block("这一条的写法尚无推算方法，需人工判断")
            return []
        return form(self, test, draft, asking, status)

    def block(self, reason: str) -> None:
        if reason not in self.blocked:
            self.blocked.append(reason)

    # -- trees ----------------------------------------------------------------------------------------------------

    def _all(self, test: AllOf, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        return self.together(((each, asking) for each in test.tests), draft)

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

    def _any(self, test: AnyOf, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        return cheapest([way for each in test.tests for way in self.ways(each, draft, asking)])

    def _review(self, test: Review, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        return self.ways(test.test, draft, asking)

    # -- figures --------------------------------------------------------------------------------------------------

    def _compare(self, test: Compare, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        def reached(after: Draft) -> bool:
            return self.status(test, after, asking) is Status.MET

        return self.by_levers([test.measure], reached, draft, asking)

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
                found.append(way)
                continue
            for ref, falls in _levers(measure):
                for direction in (1, -1):
                    edit = self._moved(ref, direction, reached, filled, asking, falls=falls)
                    merged = merge((*way, edit)) if edit is not None else None
                    if merged is not None:
                        found.append(merged)
        return cheapest(found)

    def _supplied(self, measure: object, draft: Draft, asking: Asking) -> tuple[Way, Draft] | None:
        """The missing figures of the measure, filled in, and those of a source that does not count, confirmed."""
        edits: list[Edit] = []
        refs = refs_of(measure)
        for ref in _read_by(measure, refs):
            year = self.year_of(ref)
            held = draft.subject.facts.get((ref.fact.id, year))
            if held is None or held.value is None:
                edit = self._missing(
                    ref.fact, year, _stand_in(ref.fact, year, draft, alone=isinstance(measure, Ref)), asking
                )
            elif asking.only_sources and held.source not in asking.only_sources:
                edit = self._confirmed(ref.fact, year, held.value, asking)
            else:
                continue
            if edit is None:
                return None
            edits.append(edit)
        filled = draft.with_edits(edits)
        return None if filled is None else (tuple(edits), filled)

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        return self.clock.day.year - (0 if ref.fact.year_of == "calendar" else 1) + ref.offset

    def _missing(self, fact: Fact, year: int, value: object, asking: Asking) -> Edit | None:
        """A value that is not on record: of a year that has ended it is paperwork, otherwise still to be reached."""
        supplied = year < self.clock.as_of.year + (fact.year_of == "calendar")  # facts without a year too
        effort = "paperwork" if supplied else self._effort(fact, year, asking)
        return self._edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.SUPPLY if supplied else Kind.REACH,
                value=value,
                effort=effort,
                ready=self._ready(fact, year, effort),
                condition=asking.condition,
                fact=fact,
                source=_source(fact, asking),
                supplied=True,
                distance=Fraction(0) if supplied else Fraction(1),
            )
        )

    def _confirmed(self, fact: Fact, year: int, value: object, asking: Asking) -> Edit | None:
        return self._edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.CONFIRM,
                value=value,
                effort="paperwork",
                ready=self.clock.as_of,
                condition=asking.condition,
                fact=fact,
                before=value,
                source=_source(fact, asking),
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
        held = draft.subject.facts[key]
        if direction < 0 and not supplied and fact.id in SIZE_FACTS:
            self.block(f"{label}高于上限，不宜以缩减规模取得称号")
            return None
        if known is not None and not supplied and known.direction * direction < 0:
            return None
        effort = known.effort if known is not None and supplied else self._effort(fact, year, asking)
        before = Fraction(str(held.value))

        def at(steps: int) -> Edit:
            value = _on_grid(fact, before, direction, steps)
            return Edit(
                slot=("fact", *key),
                kind=known.kind if known is not None and supplied else Kind.REACH,
                value=_canonical(fact, value),
                effort=effort,
                ready=self._ready(fact, year, effort),
                condition=asking.condition,
                fact=fact,
                before=None if supplied else held.value,
                source=_source(fact, asking) if asking.only_sources else held.source,
                direction=direction,
                supplied=supplied,
                distance=known.distance if known is not None and supplied else _distance(before, Fraction(value)),
            )

        def suffices(steps: int) -> bool:
            after = draft.with_edits((at(steps),))
            return after is not None and reached(after)

        steps = _least(suffices, self._farthest(fact, year, before, direction, draft))
        return None if steps is None else self._edit(at(steps))

    def _farthest(self, fact: Fact, year: int, before: Fraction, direction: int, draft: Draft) -> int:
        """Steps to the end of what the figure can be: its bounds, its whole if that is history, a thousandfold."""
        step = Fraction(STEPS.get(fact.type, Decimal(1)))
        reach = max(abs(before) * _THOUSANDFOLD, step * _FEWEST)
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

    def _effort(self, fact: Fact, year: int, asking: Asking) -> str:
        if fact.yearly and fact.year_of == "fiscal":
            return "year" if year <= self.clock.as_of.year else "years"
        return asking.effort or ("year" if fact.type in NUMERIC else "months")

    def _ready(self, fact: Fact, year: int, effort: str) -> date:
        """A figure of a fiscal year stands when the year is over; everything else when its time has passed."""
        if year != POINT and fact.year_of == "fiscal" and year >= self.clock.as_of.year:
            return date(year + 1, 1, 1)
        return max(self.clock.as_of + timedelta(days=LEAD_DAYS[effort]), date(year or 1, 1, 1))

    def _edit(self, edit: Edit) -> Edit | None:
        """The edit, unless it cannot be complete on the day of application."""
        if edit.ready <= self.clock.day:
            return edit
        what = period_label(edit.fact, edit.year) if edit.fact is not None else edit.words
        self.block(f"{what}最早 {edit.ready} 才能完成")
        return None

    # -- states ---------------------------------------------------------------------------------------------------

    def _equals(self, test: Equals, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        fact, year = test.ref.fact, self.year_of(test.ref)
        held = draft.subject.facts.get((fact.id, year))
        if held is None or held.value is None:
            edit = self._missing(fact, year, test.value, asking)
        elif held.value == test.value:  # the source does not count
            edit = self._confirmed(fact, year, held.value, asking)
        elif self.frozen(fact.id, year):
            self.block(f"{period_label(fact, year)}属于已结束的年度，不能再改变")
            edit = None
        else:
            effort = self._effort(fact, year, asking)
            edit = self._edit(
                Edit(
                    slot=("fact", fact.id, year),
                    kind=Kind.REACH,
                    value=test.value,
                    effort=effort,
                    ready=self._ready(fact, year, effort),
                    condition=asking.condition,
                    fact=fact,
                    before=held.value,
                    source=_source(fact, asking),
                )
            )
        return [] if edit is None else [(edit,)]

    def _found(self, test: Found, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        refused = status is Status.UNMET
        effort = (asking.effort if asking.effort not in ("", "paperwork") else "months") if refused else "paperwork"
        edit = self._edit(
            Edit(
                slot=("fact", test.fact.id, POINT),
                kind=Kind.DECIDE,
                value={"decision": "met", "reason": "按规划假定", "evidence": None, "valid_until": None},
                effort=effort,
                ready=self._ready(test.fact, POINT, effort),
                condition=asking.condition,
                fact=test.fact,
                before="unmet" if refused else None,
                distance=Fraction(int(refused)),
                source="official_finding",
            )
        )
        return [] if edit is None else [(edit,)]

    def _size(self, test: SizeIn, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        size = draft.subject.size
        if status is Status.MANUAL_REVIEW:
            return [()]
        if status is Status.UNMET and size is not None:
            self.block(f"企业规模为{size.label}，{size.reason}；不宜以缩减规模取得称号")
            return []
        smallest = min(test.sizes, key=lambda each: -list(SIZES).index(each))
        missing = size.missing if size is not None else ()
        edit = Edit(
            slot=("size", "", POINT),
            kind=Kind.SUPPLY,
            value=SizeResult(smallest, frozenset((smallest,)), "按规划假定"),
            effort="paperwork",
            ready=self.clock.as_of,
            condition=asking.condition,
            distance=Fraction(0),
            words="、".join(_SIZE_WORDS.get(each, each) for each in missing) or "划型所需数据",
            before="、".join(label for code, label in SIZES.items() if code in test.sizes),
        )
        return [(edit,)]

    # -- titles ---------------------------------------------------------------------------------------------------

    def _holds(self, test: Holds, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        if test.forbidden:
            if status is Status.UNKNOWN:
                return self._ledger(draft, asking)
            if status is Status.UNMET:
                names = "、".join(TITLES.get(each, each) for each in test.titles)
                self.block(f"仍持有{names}，有效期满前不能申报")
                return []
            return [()]
        if status is Status.MANUAL_REVIEW:
            return [()]
        return cheapest([(edit,) for code in test.titles if (edit := self._title(code, draft, asking)) is not None])

    def _title(self, code: str, draft: Draft, asking: Asking) -> Edit | None:
        name = TITLES.get(code, code)
        first = self.prior.get(code, self.clock.as_of)
        if first is None:
            self.block(f"目前没有取得{name}的可行途径")
            return None
        effort = "months" if asking.effort in ("", "paperwork") else asking.effort
        held = [each for each in draft.subject.titles or () if each.code == code and each.state != "cancelled"]
        words = "先取得"
        if any(each.valid_to is None and each.state == "valid" for each in held):
            effort, words = "paperwork", "补登有效期"
        elif any(each.state in ("valid", "under_review") and _still(each, self.clock.as_of) for each in held):
            words = "到期前通过复核"
        ready = first + timedelta(days=LEAD_DAYS[effort])
        return self._edit(
            Edit(
                slot=("title", code, POINT),
                kind=Kind.TITLE,
                value=Title(code, "valid", min(ready, self.clock.day), self.clock.day),
                effort=effort,
                ready=ready,
                condition=asking.condition,
                words=f"{words}{name}",
                before=words,
            )
        )

    def _ledger(self, draft: Draft, asking: Asking) -> list[Way]:
        if draft.subject.titles is not None:
            return [()]  # the ledger may be incomplete: a person knows
        edit = Edit(
            slot=("ledger", "", POINT),
            kind=Kind.SUPPLY,
            value="",
            effort="paperwork",
            ready=self.clock.as_of,
            condition=asking.condition,
            distance=Fraction(0),
            words="已有称号和称号取消记录（没有的写“无”）",
        )
        return [(edit,)]

    def _ban(self, test: NoBan, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        if status is Status.UNKNOWN:
            return self._ledger(draft, asking)
        if status is Status.UNMET:
            self.block(f"称号取消未满 {test.years} 年，禁止申报期未过")
            return []
        return [()]

    # -- lists of entries -----------------------------------------------------------------------------------------

    def _entries(self, test: Entries, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        held = draft.subject.facts.get((test.fact.id, POINT))
        if test.forbidden:
            if held is None or held.value is None:
                edit = self._missing(test.fact, POINT, [], asking)
                return [] if edit is None else [(edit,)]
            if status is Status.UNMET:
                self.block(f"有{test.fact.label}仍在{test.window.text if test.window else '限制'}期内")
                return []
            return self._completed(test, draft, asking) if status is Status.UNKNOWN else [()]
        if status is Status.MANUAL_REVIEW:
            return [()]
        on = self._entry_day(test.window)
        if on is None:
            self.block(f"{test.fact.label}须在{test.window.text if test.window else ''}内取得，该期间已结束")
            return []
        found: list[Way] = []
        for number, clause in enumerate(test.where or ((),)):
            entry = _fitting(test.fact, clause, test.window, on)
            effort = asking.effort if asking.effort not in ("", "paperwork") else "year"
            edit = self._edit(
                Edit(
                    slot=("entry", test.fact.id, number + hash_of(test.text)),
                    kind=Kind.OBTAIN,
                    value=entry,
                    effort=effort,
                    ready=self._ready(test.fact, POINT, effort),
                    condition=asking.condition,
                    fact=test.fact,
                    source=_source(test.fact, asking),
                    words=_wanted(test.fact, clause, test.window),
                    before="missing" if held is None or held.value is None else None,
                )
            )
            if edit is not None:
                found.append((edit,))
        return cheapest(found)

    def _completed(self, test: Entries, draft: Draft, asking: Asking) -> list[Way]:
        """Fields that are missing in entries on record: any value that does not count against the enterprise."""
        held = draft.subject.facts[(test.fact.id, POINT)]
        assert isinstance(held.value, list)
        edits: list[Edit] = []
        reached = draft
        for position, entry in enumerate(held.value):
            for each in test.fact.fields:
                if entry.get(each.name) is not None:
                    continue
                for value in _candidates(each):
                    edit = Edit(
                        slot=("field", f"{test.fact.id}.{each.name}", position),
                        kind=Kind.SUPPLY,
                        value=value,
                        effort="paperwork",
                        ready=self.clock.as_of,
                        condition=asking.condition,
                        fact=test.fact,
                        position=position,
                        field_name=each.name,
                        distance=Fraction(0),
                        words=f"{test.fact.label}第 {position + 1} 条的{each.label}",
                    )
                    after = draft.with_edits((*edits, edit))
                    if after is not None and self.status(test, after, asking) is not Status.UNMET:
                        edits.append(edit)
                        reached = after
                        break
                if self.status(test, reached, asking) in (Status.MET, Status.MANUAL_REVIEW):
                    return [tuple(edits)]
        self.block(f"{test.fact.label}的记录不完整，须人工核实")
        return []

    def _total(self, test: CompareTotal, draft: Draft, asking: Asking, status: Status) -> list[Way]:
        total = test.total
        on = self._entry_day(total.window)
        if on is None:
            self.block(f"{total.window.text}{total.fact.label}所属年度已结束，不能再增加")
            return []
        effort = "year" if on.year <= self.clock.as_of.year else "years"
        ready = max(on, self.clock.as_of)
        clause = total.where[0] if total.where else ()
        slot = ("entry", total.fact.id, hash_of(total.amount.name))
        known = next((edit for edit in draft.edits if edit.slot == slot), None)
        already = Decimal(str(_amount(known, total.amount.name))) if known is not None else Decimal(0)

        def at(steps: int) -> Edit:
            amount = already + STEPS["money"] * steps
            entry = _fitting(total.fact, clause, total.window, on) | {total.amount.name: money_text(amount)}
            return Edit(
                slot=slot,
                kind=Kind.OBTAIN,
                value=entry,
                effort=effort,
                ready=ready,
                condition=asking.condition,
                fact=total.fact,
                source=_source(total.fact, asking),
                words=_wanted(total.fact, clause, None),
                field_name=total.amount.name,
            )

        def suffices(steps: int) -> bool:
            after = draft.with_edits((at(steps),))
            return after is not None and self.status(test, after, asking) is Status.MET

        steps = _least(suffices, _FEWEST)
        edit = None if steps is None else self._edit(at(steps))
        return [] if edit is None else [(edit,)]

    def _entry_day(self, window: Window | None) -> date | None:
        """The last day on which a new entry still counts, if it is not over when the plan is made."""
        day = self.clock.day
        if window is None or not window.fiscal_years:
            return day
        last = date(day.year - 1, 12, 31)
        return last if last >= self.clock.as_of else None


Form = Callable[[Remedies, "Test", Draft, Asking, Status], list[Way]]
_FORMS: dict[type, Callable[..., list[Way]]] = {
    AllOf: Remedies._all,
    AnyOf: Remedies._any,
    Review: Remedies._review,
    Compare: Remedies._compare,
    CompareTotal: Remedies._total,
    Equals: Remedies._equals,
    Entries: Remedies._entries,
    Holds: Remedies._holds,
    NoBan: Remedies._ban,
    SizeIn: Remedies._size,
    Found: Remedies._found,
}
"""Every form of test and its remedy; an architecture test holds this table against the model of the pack."""

LEFT_TO_PEOPLE: frozenset[type] = frozenset()
"""Forms of test that no change of facts decides: the plan says 需人工判断."""

_SIZE_WORDS = {
    "industry_code": "所属行业代码",
    "headcount": "期末从业人员",
    "revenue_yuan": "营业收入",
    "total_assets_yuan": "资产总额",
}


def cheapest(ways: Iterable[Way]) -> list[Way]:
    """The best few, each once, in an order that does not depend on how they were found."""
    found = {signature(way): way for way in ways}
    return sorted(found.values(), key=lambda way: (cost_of(way), signature(way)))[:MOST_WAYS]


def hash_of(text: str) -> int:
    """A number that is the same in every process: the hash of a text is not."""
    return crc32(text.encode())


def _levers(measure: object) -> list[tuple[Ref, bool]]:
    """Figures that may rise, and whether they may fall: a whole is not shrunk for a share, nor a base for growth."""
    if isinstance(measure, Share):
        parts, wholes = refs_of(measure.part), refs_of(measure.whole)
        return [(ref, True) for ref in parts] + [(ref, False) for ref in wholes if ref not in parts]
    if isinstance(measure, Growth):
        return [(ref, False) for ref in _read_by(measure, [measure.at])]
    return [(ref, True) for ref in refs_of(measure)]


def _read_by(measure: object, refs: list[Ref]) -> list[Ref]:
    """The figures that the measure reads: growth also reads the years before."""
    found = list(refs)
    for each in refs:
        if isinstance(measure, Growth) and each == measure.at:
            reach = 1 if measure.manner == "yearly" else 2
            found += [replace(each, offset=(each.offset or 0) - back) for back in range(1, reach + 1)]
    return found


def _stand_in(fact: Fact, year: int, draft: Draft, *, alone: bool) -> object:
    """The nearest year that is known; otherwise nothing where the figure itself is asked for, else any amount."""
    whole = draft.subject.facts.get((fact.part_of, year))
    near = sorted(
        (abs(other - year), str(held.value))
        for (fact_id, other), held in draft.subject.facts.items()
        if fact_id == fact.id and other != year and held.value is not None
    )
    least = fact.minimum if fact.minimum is not None else Decimal(0)
    if alone:
        return _canonical(fact, least)
    value = Decimal(near[0][1]) if near else max(least, _STAND_IN.get(fact.type, Decimal(1)))
    if whole is not None and whole.value is not None:
        value = min(value, Decimal(str(whole.value)))
    return _canonical(fact, value)


def _source(fact: Fact, asking: Asking) -> str:
    for source in fact.sources:
        if not asking.only_sources or source in asking.only_sources:
            return source
    return sorted(asking.only_sources)[0] if asking.only_sources else next(iter(SOURCE_KINDS))


def _on_grid(fact: Fact, before: Fraction, direction: int, steps: int) -> Decimal:
    """The value `steps` steps away, on the grid of what people write; 0 steps is the value itself."""
    step = Fraction(STEPS.get(fact.type, Decimal(1)))
    start = floor(before / step) if direction > 0 else ceil(before / step)
    exact = (start + direction * steps) * step
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def _least(suffices: Callable[[int], bool], farthest: int) -> int | None:
    """The smallest number of steps that suffices: doubled until it does, then halved in between."""
    if farthest < 1 or not suffices(farthest):
        return None
    high = 1
    while high < farthest and not suffices(high):
        high *= 2
    low, high = high // 2, min(high, farthest)
    while high - low > 1:
        middle = (low + high) // 2
        if suffices(middle):
            high = middle
        else:
            low = middle
    return high


def _canonical(fact: Fact, value: Decimal) -> Value:
    if fact.type == "integer":
        return int(value)
    return money_text(value) if fact.type == "money" else plain_decimal(value)


def _distance(before: Fraction, after: Fraction) -> Fraction:
    """How far, as a part of the larger figure: between 0 and 2, the same for 元 and 万元."""
    most = max(abs(before), abs(after))
    return abs(after - before) / most if most else Fraction(0)


def _still(title: Title, day: date) -> bool:
    return title.valid_to is not None and title.valid_to >= day


def _fitting(fact: Fact, clause: Clause, window: Window | None, on: date) -> dict[str, Value]:
    """An entry that satisfies the clause, with the least that it asks."""
    entry: dict[str, Value] = {}
    asked = {test.field.name: test for test in clause}
    for each in fact.fields:
        test = asked.get(each.name)
        if test is not None:
            entry[each.name] = _least_of(test)
        elif window is not None and each.name == window.field.name:
            entry[each.name] = on.isoformat()
        elif each.required:
            entry[each.name] = next(iter(_candidates(each)), None)
    return entry


def _least_of(test: FieldTest) -> Value:
    if test.codes:
        return [each.code for each in test.field.allowed if each.code in test.codes][-1]
    if test.limit is None:
        return test.flag
    step = STEPS.get(test.field.type, Decimal(1))
    value = test.limit.value + {">": step, "<": -step}.get(test.limit.operator, Decimal(0))
    if test.field.type == "integer":
        return int(value)
    return money_text(value) if test.field.type == "money" else plain_decimal(value)


def _candidates(each: RecordField) -> list[Value]:
    """Values a field may have, for an entry of which nothing more is known."""
    match each.type:
        case "code":
            return [one.code for one in each.allowed]
        case "boolean":
            return [False, True]
        case "date":
            return ["1990-01-01"]
        case "money":
            return ["0.00"]
        case "integer":
            return [int(each.minimum or 0)]
        case "text":
            return ["（待补充）"]
        case _:
            return [plain_decimal(each.minimum or Decimal(0))]


def _wanted(fact: Fact, clause: Clause, window: Window | None) -> str:
    parts = [window.text] if window is not None and window.text else []
    for test in clause:
        if test.codes:
            labels = [one.label for one in test.field.allowed if one.code in test.codes]
            parts.append(f"{test.field.label}为{'或'.join(labels)}")
        elif test.limit is not None:
            parts.append(f"{test.field.label}{test.limit.text}")
        else:
            parts.append(test.field.label if test.flag else f"非{test.field.label}")
    return "，".join(parts)


def _amount(edit: Edit, name: str) -> object:
    assert isinstance(edit.value, dict)
    return edit.value[name]
