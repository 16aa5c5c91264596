"""Tests over lists of dated entries: awards, accidents, financing rounds. A missing field leaves the entry open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rulebook.dictionary import NUMERIC, Fact, RecordField, Shape
from rulebook.measures import EXACT
from rulebook.pack import Clause, CompareTotal, Entries, FieldTest, Limit, RecordTotal, Window
from rulebook.scene import (
    ASKED,
    CHECK,
    MISS,
    NOTE,
    READ,
    Basis,
    FactUnreadable,
    Judge,
    Scene,
    Words,
    exact_decimal,
    lacking,
)
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of, opposite
from rulebook.subject import POINT, FactValue
from rulebook.wording import shown

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda value, edge: value >= edge,
    ">": lambda value, edge: value > edge,
    "<=": lambda value, edge: value <= edge,
    "<": lambda value, edge: value < edge,
    "=": lambda value, edge: value == edge,
}
"""A-02: what a comparison in a pack means; decimals compare without rounding."""

Entry = Mapping[str, object]
Match = Callable[[Entry], Status]
_NOTHING = Decimal(0)


def within(limit: Limit, value: Decimal) -> bool:
    return OPERATORS[limit.operator](value, limit.value)


# -- some entry, or none -----------------------------------------------------------------------------------------------


def compile_entries(test: Entries, basis: Basis) -> Judge:
    """Whether some entry (or none) matches; each entry is met, unmet, unknown or for review, then OR (A-36)."""
    fact, forbidden = test.fact, test.forbidden
    key, place, only, lack = (fact.id, POINT), (fact, POINT), basis.only_sources, lacking(fact, POINT, basis)
    judge_each = _judging_each(test, basis)
    if_empty = MET if forbidden else UNMET

    def words(found: list[Status] | None) -> tuple[str, str, str]:
        return fact.label, "" if found is None else _counted(found), test.text

    def doubted(seen: tuple[list[Entry], list[Status]]) -> str:
        entries, statuses = seen
        which = [
            f"第 {position} 条（{_described(fact, entry)}）"
            for position, (entry, status) in enumerate(zip(entries, statuses, strict=True), start=1)
            if status is MANUAL_REVIEW
        ]
        return f"{fact.label}{'、'.join(which)}是否计入，须人工核定"

    def judge(scene: Scene) -> Status:
        held = scene.facts.get(key)
        if held is None or held.value is None or (only and held.source not in only):
            status = lack(scene, held)
            scene.trace.append((CHECK, words, status, None, ""))
            return status
        if held.value == []:
            scene.trace.append((ASKED, place, words, if_empty, held))
            return if_empty
        scene.trace.append((READ, place, held))
        found = judge_each(_entries_of(fact, held), scene)
        status = any_of(found)
        if status is MANUAL_REVIEW:
            scene.trace.append((NOTE, doubted, (held.value, found)))
        if forbidden:
            status = opposite(status)
        scene.trace.append((CHECK, words, status, found, ""))
        return status

    return judge


def _judging_each(test: Entries, basis: Basis) -> Callable[[list[Entry], Scene], list[Status]]:
    status_of = _entry_status(test, basis)
    name_missing = _naming_missing(test.fact, test.window, (*test.where, *test.review_where))

    def judge_each(entries: list[Entry], scene: Scene) -> list[Status]:
        found = []
        for position, entry in enumerate(entries, start=1):
            matched = status_of(entry, scene)
            if matched is UNKNOWN:
                name_missing(position, entry, scene)
            found.append(matched)
        return found

    return judge_each


def _described(fact: Fact, entry: Entry) -> str:
    """An entry as it was filled in, but for what is not there."""
    told = ((each, entry.get(each.name)) for each in fact.fields)
    return "，".join(f"{each.label}：{_shown(each, value)}" for each, value in told if value is not None)


def _shown(field: RecordField, value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if field.type in NUMERIC:
        return shown(field, exact_decimal(field.name, POINT, value))
    return field.label_of(str(value)) if field.allowed else str(value)


def _counted(found: list[Status]) -> str:
    return f"{found.count(MET)} 条相符（共 {len(found)} 条）" if found else "无"


def _entry_status(test: Entries, basis: Basis) -> Callable[[Entry, Scene], Status]:
    inside = _inside(test.window, basis)
    counting, doubting = _matching(test.where), _matching(test.review_where)
    doubtful = bool(test.review_where)

    def status_of(entry: Entry, scene: Scene) -> Status:
        timely = inside(entry, scene)
        counts = all_of((timely, counting(entry)))
        if not doubtful:
            return counts
        doubt = all_of((timely, doubting(entry)))
        return any_of((counts, MANUAL_REVIEW if doubt is MET else doubt))

    return status_of


def _inside(window: Window | None, basis: Basis) -> Callable[[Entry, Scene], Status]:
    if window is None:
        return lambda entry, scene: MET
    name, timely = window.field.name, _timely(window, basis)

    def inside(entry: Entry, scene: Scene) -> Status:
        day = _date_of(name, entry.get(name))
        if day is None:
            return UNKNOWN
        return MET if timely(day, scene.day) else UNMET

    return inside


def _timely(window: Window, basis: Basis) -> Callable[[date, date], bool]:
    """Whether an entry of the first day counts on the second, that of the application."""
    if window.fiscal_years:
        last = basis.fiscal_year
        first = last - window.fiscal_years + 1
        return lambda day, _: first <= day.year <= last
    if window.rolling_days:  # exactly on the far day no longer counts
        span = timedelta(days=window.rolling_days)
        return lambda day, today: today - span < day <= today
    if window.calendar_years:
        earliest = basis.year - window.calendar_years + 1
        return lambda day, today: earliest <= day.year and day <= today
    return lambda day, today: day >= today


def _matching(where: tuple[Clause, ...]) -> Match:
    if not where:
        return lambda entry: MET
    clauses = [_clause(clause) for clause in where]
    if len(clauses) == 1:
        return clauses[0]
    return lambda entry: any_of([matches(entry) for matches in clauses])


def _clause(clause: Clause) -> Match:
    fields = [_field(test) for test in clause]
    if len(fields) == 1:
        return fields[0]
    return lambda entry: all_of([matches(entry) for matches in fields])


def _field(test: FieldTest) -> Match:
    name, passes = test.field.name, _passing(test)

    def matches(entry: Entry) -> Status:
        value = entry.get(name)
        if value is None:
            return UNKNOWN
        return MET if passes(value) else UNMET

    return matches


def _passing(test: FieldTest) -> Callable[[Any], bool]:
    name, codes, flag, limit = test.field.name, test.codes, test.flag, test.limit
    if limit is not None:
        satisfies, least = OPERATORS[limit.operator], limit.value
        return lambda value: satisfies(exact_decimal(name, POINT, value), least)
    if codes:
        return lambda value: value in codes
    return lambda value: value is flag


# -- the sum over entries ----------------------------------------------------------------------------------------------


def compile_total(test: CompareTotal, basis: Basis) -> Judge:
    """The sum over complete fiscal years; money of the running year is shown apart and never decides alone (A-39)."""
    total, fact, limit, words = test.total, test.total.fact, test.limit, _total_words(test)
    key, place, only, lack = (fact.id, POINT), (fact, POINT), basis.only_sources, lacking(fact, POINT, basis)
    add_up, if_empty = _adding_up(total, basis), _Sum().status(limit)

    def say_this_year(amount: Decimal) -> str:
        return f"{basis.year}年已到账 {shown(total.amount, amount)}，另行列示，不计入"

    def doubted(seen: tuple[list[Entry], list[Status]]) -> str:
        entries, statuses = seen
        which = [
            f"第 {position} 条（{_described(fact, entry)}）"
            for position, (entry, status) in enumerate(zip(entries, statuses, strict=True), start=1)
            if status is MANUAL_REVIEW
        ]
        return f"{fact.label}{'、'.join(which)}是否计入，须人工核定"

    def judge(scene: Scene) -> Status:
        held = scene.facts.get(key)
        if held is None or held.value is None or (only and held.source not in only):
            status = lack(scene, held)
            scene.trace.append((CHECK, words, status, None, ""))
            return status
        if held.value == []:
            scene.trace.append((ASKED, place, words, if_empty, held))
            return if_empty
        scene.trace.append((READ, place, held))
        complete, with_running = add_up(_entries_of(fact, held), scene)
        this_year = EXACT.subtract(with_running.least, complete.least)
        if this_year > 0:
            scene.trace.append((NOTE, say_this_year, this_year))
        status = _with_running_year(complete.status(limit), with_running.status(limit), scene)
        scene.trace.append((CHECK, words, status, complete, ""))
        return status

    return judge


def _with_running_year(complete: Status, extended: Status, scene: Scene) -> Status:
    if complete is not UNMET:
        return complete
    if extended is MET:
        scene.note("仅计入申请当年到账的股权融资才达到要求，须人工核定")
        return MANUAL_REVIEW
    return extended


def _total_words(test: CompareTotal) -> Words:
    total = test.total
    label = f"{total.window.text}{total.fact.label}合计"

    def words(found: _Sum | list[Entry] | None) -> tuple[str, str, str]:
        """Of the sum, or of the list itself where it is empty."""
        value = "" if found is None else (found if isinstance(found, _Sum) else _Sum()).text(total.amount)
        return label, value, test.limit.text

    return words


def _adding_up(total: RecordTotal, basis: Basis) -> Callable[[list[Entry], Scene], tuple[_Sum, _Sum]]:
    """The sums without and with the running year; what is not there of entries that could count is named."""
    fact, window = total.fact, total.window
    on, amount_in = window.field.name, total.amount.name
    on_where, amount_where = f"{fact.id}.{on}", f"{fact.id}.{amount_in}"
    counting, last = _matching(total.where), basis.fiscal_year
    name_missing = _naming_missing(fact, window, total.where, extra=amount_in)

    def add_up(entries: list[Entry], scene: Scene) -> tuple[_Sum, _Sum]:
        complete, with_running = _Sum(), _Sum()
        for position, entry in enumerate(entries, start=1):
            counts = counting(entry)
            if counts is UNMET:
                continue
            closed = _date_of(on_where, entry.get(on))
            amount = _number(amount_where, entry.get(amount_in))
            open_ = closed is None
            inside = closed is not None and last - window.fiscal_years < closed.year <= last
            running = closed is not None and last < closed.year and closed <= scene.day
            if inside or open_:
                complete.add(amount, certain=counts is MET and inside)
            if inside or open_ or running:
                with_running.add(amount, certain=counts is MET and not open_)
                if amount is None or open_ or counts is UNKNOWN:
                    name_missing(position, entry, scene)
        return complete, with_running

    return add_up


@dataclass(slots=True)
class _Sum:
    """A sum with open ends: `most` None means unbounded."""

    least: Decimal = _NOTHING
    most: Decimal | None = _NOTHING

    def add(self, amount: Decimal | None, *, certain: bool) -> None:
        if amount is None:
            self.most = None
            return
        if certain:
            self.least = EXACT.add(self.least, amount)
        if self.most is not None:
            self.most = EXACT.add(self.most, amount)

    def status(self, limit: Limit) -> Status:
        if within(limit, self.least):
            return MET
        return UNKNOWN if self.most is None or within(limit, self.most) else UNMET

    def text(self, amount: Shape) -> str:
        if self.most is None:
            return f"至少 {shown(amount, self.least)}"
        low, high = shown(amount, self.least), shown(amount, self.most)
        return low if self.least == self.most else f"{low}～{high}"


# -- entries -----------------------------------------------------------------------------------------------------------


def _entries_of(fact: Fact, held: FactValue) -> list[Entry]:
    entries = held.value
    if not isinstance(entries, list):
        raise FactUnreadable(fact.id, POINT, entries)
    for entry in entries:
        if not isinstance(entry, (dict, Mapping)):  # most are the former, and that is soon seen
            raise FactUnreadable(fact.id, POINT, entries)
    return entries


def _date_of(where: str, value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise FactUnreadable(where, POINT, value) from None


def _number(where: str, value: object) -> Decimal | None:
    return None if value is None else exact_decimal(where, POINT, value)


def _naming_missing(
    fact: Fact, window: Window | None, where: tuple[Clause, ...], extra: str = ""
) -> Callable[[int, Entry, Scene], None]:
    asked = {test.field.name for clause in where for test in clause} | {extra}
    if window is not None:
        asked.add(window.field.name)
    fields = [(each.name, each.label) for each in fact.fields if each.name in asked]

    def name_missing(position: int, entry: Entry, scene: Scene) -> None:
        for name, label in fields:
            if entry.get(name) is None:
                scene.trace.append((MISS, fact.id, f"{fact.label}（第 {position} 条的{label}）", POINT, "fact"))

    return name_missing
