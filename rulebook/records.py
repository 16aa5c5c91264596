"""Tests over lists of dated entries: awards, accidents, financing rounds. A missing field leaves the entry open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from rulebook.dictionary import Fact, Shape
from rulebook.measures import EXACT
from rulebook.pack import Clause, CompareTotal, Entries, FieldTest, Limit, RecordTotal, Ref, Window
from rulebook.scene import FactUnreadable, Scene, Trace, exact_decimal
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of, opposite
from rulebook.subject import POINT
from rulebook.wording import shown

Entry = Mapping[str, object]


def judge_entries(test: Entries, scene: Scene, trace: Trace) -> Status:
    """Whether some entry (or none) matches; each entry is met, unmet, unknown or for review, then OR (A-36)."""
    read = _entries(test.fact, scene, trace)
    if isinstance(read, Status):
        return trace.check(read, lambda: (test.fact.label, "", test.text))
    found: list[Status] = []
    for position, entry in enumerate(read, start=1):
        matched = _entry_status(test, entry, scene)
        if matched is UNKNOWN:
            _name_missing_fields(test.fact, position, entry, test.window, (*test.where, *test.review_where), trace)
        found.append(matched)
    status = any_of(found)
    if status is MANUAL_REVIEW:
        trace.note(f"{test.fact.label}有 {found.count(MANUAL_REVIEW)} 条须人工核定是否计入")
    return trace.check(
        opposite(status) if test.forbidden else status, lambda: (test.fact.label, _counted(found), test.text)
    )


def _counted(found: list[Status]) -> str:
    return f"{found.count(MET)} 条相符（共 {len(found)} 条）" if found else "无"


def _entry_status(test: Entries, entry: Entry, scene: Scene) -> Status:
    inside = MET
    if test.window is not None:
        inside = _inside(test.window, entry, scene)
    counts = all_of((inside, _matches(test.where, entry)))
    if not test.review_where:
        return counts
    doubtful = all_of((inside, _matches(test.review_where, entry)))
    return any_of((counts, MANUAL_REVIEW if doubtful is MET else doubtful))


def judge_total(test: CompareTotal, scene: Scene, trace: Trace) -> Status:
    """The sum over complete fiscal years; money of the running year is shown apart and never decides alone (A-39)."""
    total = test.total
    read = _entries(total.fact, scene, trace)
    if isinstance(read, Status):
        return trace.check(read, lambda: (_total_label(total), "", test.limit.text))
    complete, with_running = _Sum(), _Sum()
    for position, entry in enumerate(read, start=1):
        counts = _matches(total.where, entry)
        if counts is UNMET:
            continue
        closed = _date(total.fact, entry, total.window.field.name)
        amount = _number(total.fact, entry, total.amount.name)
        inside, running = _years(total.window, closed, scene)
        if inside is not UNMET:
            complete.add(amount, certain=counts is MET and inside is MET)
        if inside is not UNMET or running:
            with_running.add(amount, certain=counts is MET and (inside is MET or running))
            if amount is None or closed is None or counts is UNKNOWN:
                _name_missing_fields(
                    total.fact, position, entry, total.window, total.where, trace, extra=total.amount.name
                )
    this_year = EXACT.subtract(with_running.least, complete.least)
    if this_year > 0:
        trace.note(f"{scene.application_date.year}年已到账 {shown(total.amount, this_year)}，另行列示，不计入（A-39）")
    base = complete.status(test.limit)
    extended = with_running.status(test.limit) if base is UNMET else base
    status = base
    if base is UNMET and extended is MET:
        status = MANUAL_REVIEW
        trace.note("仅计入申请当年到账的股权融资才达到要求，须人工核定（A-39）")
    elif base is UNMET and extended is UNKNOWN:
        status = UNKNOWN
    return trace.check(status, lambda: (_total_label(total), complete.text(total.amount), test.limit.text))


def _total_label(total: RecordTotal) -> str:
    return f"{total.window.text}{total.fact.label}合计"


@dataclass(slots=True)
class _Sum:
    """A sum with open ends: `most` None means unbounded."""

    least: Decimal = Decimal(0)
    most: Decimal | None = Decimal(0)

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


def within(limit: Limit, value: Decimal) -> bool:
    return holds(limit.operator, int(EXACT.compare(value, limit.value)))


def holds(operator: str, order: int) -> bool:
    """Whether a value that compares as `order` (−1, 0, 1) with the limit satisfies the operator (A-02)."""
    match operator:
        case ">=":
            return order >= 0
        case ">":
            return order > 0
        case "<=":
            return order <= 0
        case "<":
            return order < 0
        case _:
            return order == 0


def _entries(fact: Fact, scene: Scene, trace: Trace) -> list[Entry] | Status:
    value = scene.read(Ref(fact, None), trace)
    if isinstance(value, Status):
        return value
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise FactUnreadable(fact.id, POINT, value)
    return value


def _matches(where: tuple[Clause, ...], entry: Entry) -> Status:
    if not where:
        return MET
    return any_of([all_of([_field_status(test, entry) for test in clause]) for clause in where])


def _field_status(test: FieldTest, entry: Entry) -> Status:
    value = entry.get(test.field.name)
    if value is None:
        return UNKNOWN
    if test.limit is not None:
        matched = within(test.limit, exact_decimal(test.field.name, POINT, value))
    elif test.codes:
        matched = value in test.codes
    else:
        matched = value is test.flag
    return MET if matched else UNMET


def _inside(window: Window, entry: Entry, scene: Scene) -> Status:
    day = _date_of(window.field.name, entry.get(window.field.name))
    if day is None:
        return UNKNOWN
    if window.fiscal_years:
        return _years(window, day, scene)[0]
    if window.rolling_days:  # exactly on the far day no longer counts
        start = scene.application_date - timedelta(days=window.rolling_days)
        return MET if start < day <= scene.application_date else UNMET
    if window.calendar_years:
        first = scene.application_date.year - window.calendar_years + 1
        return MET if first <= day.year and day <= scene.application_date else UNMET
    return MET if day >= scene.application_date else UNMET


def _years(window: Window, day: date | None, scene: Scene) -> tuple[Status, bool]:
    """Whether the day lies in the last complete fiscal years (A-03), and whether in the running one."""
    if day is None:
        return UNKNOWN, False
    last = scene.fiscal_year
    inside = last - window.fiscal_years < day.year <= last
    return MET if inside else UNMET, last < day.year and day <= scene.application_date


def _date(fact: Fact, entry: Entry, name: str) -> date | None:
    return _date_of(f"{fact.id}.{name}", entry.get(name))


def _date_of(where: str, value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise FactUnreadable(where, POINT, value) from None


def _number(fact: Fact, entry: Entry, name: str) -> Decimal | None:
    value = entry.get(name)
    return None if value is None else exact_decimal(f"{fact.id}.{name}", POINT, value)


def _name_missing_fields(
    fact: Fact,
    position: int,
    entry: Entry,
    window: Window | None,
    where: tuple[Clause, ...],
    trace: Trace,
    extra: str = "",
) -> None:
    asked = {test.field.name for clause in where for test in clause} | {extra}
    if window is not None:
        asked.add(window.field.name)
    for each in fact.fields:
        if each.name in asked and entry.get(each.name) is None:
            trace.miss(fact.id, f"{fact.label}（第 {position} 条的{each.label}）")
