"""Closes lists of entries: one to obtain, a field to complete, a sum to raise; what is forbidden must pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rulebook.dictionary import Fact, RecordField
from rulebook.pack import PACK_TITLES, Clause, CompareTotal, Entries, FieldTest, Window
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_model import Kind
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest, source_of
from rulebook.plan_steps import FEWEST, STEPS, hash_of, least
from rulebook.status import Status
from rulebook.subject import POINT
from rulebook.units import money_text, plain_decimal
from rulebook.values import Value


def close_entries(remedies: Remedies, test: Entries, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    held = draft.subject.facts.get((test.fact.id, POINT))
    if test.forbidden:
        if held is None or held.value is None:
            edit = remedies.missing(test.fact, POINT, [], asking)
            return [] if edit is None else [(edit,)]
        if status is Status.UNMET:
            remedies.block(f"有{test.fact.label}仍在{test.window.text if test.window else '限制'}期内")
            return []
        return _completed(remedies, test, draft, asking) if status is Status.UNKNOWN else [()]
    if status is Status.MANUAL_REVIEW:
        return [()]
    missing = held is None or held.value is None
    if test.fact.judged and not missing:
        remedies.block(f"{test.fact.label}由主管部门认定，不由企业决定，有异议的请主管部门复核")
        return []
    on = _entry_day(remedies, test.window)
    if on is None:
        remedies.block(f"{test.fact.label}须在{test.window.text if test.window else ''}内取得，该期间已结束")
        return []
    found: list[Way] = []
    for number, clause in enumerate(each for asked in test.where or ((),) for each in _ways_to(asked)):
        entry = _fitting(test.fact, clause, test.window, on)
        effort = "paperwork" if test.fact.judged else obtaining(asking.effort)
        ready = remedies.in_time(effort)
        title = title_of(entry)
        if title:
            granted = remedies.granted(title, effort)
            if granted is None:
                continue
            effort, ready = granted
        edit = _in_time(
            remedies,
            Edit(
                slot=("entry", test.fact.id, number + hash_of(test.text)),
                kind=Kind.SUPPLY if test.fact.judged else Kind.OBTAIN,
                value=entry,
                effort=effort,
                ready=ready,
                condition=asking.condition,
                fact=test.fact,
                source=source_of(test.fact, asking),
                words=_wanted(test.fact, clause, test.window),
                before="missing" if missing else None,
                distance=Fraction(0) if test.fact.judged else Fraction(1),
            ),
            on,
        )
        if edit is not None:
            found.append((edit,))
    return cheapest(found)


def _ways_to(clause: Clause) -> Iterator[Clause]:
    """A clause that lets titles do beside other honours: each title is a way of its own, since its own plan says when
    it can be had, and the other honours together are one."""
    for place, test in enumerate(clause):
        titles = [each.code for each in test.field.allowed if each.code in test.codes and each.code in PACK_TITLES]
        others = frozenset(test.codes) - frozenset(titles)
        if titles and (others or len(titles) > 1):
            for codes in (*([others] if others else []), *(frozenset((each,)) for each in titles)):
                yield (*clause[:place], replace(test, codes=codes), *clause[place + 1 :])
            return
    yield clause


def title_of(entry: object) -> str:
    """The title that an entry stands for: an honour may be another title."""
    values = entry.values() if isinstance(entry, dict) else ()
    return next((each for each in values if isinstance(each, str) and each in PACK_TITLES), "")


def _in_time(remedies: Remedies, edit: Edit, on: date) -> Edit | None:
    """The edit, unless what it obtains would come after the last day that counts."""
    if edit.ready <= on:
        return remedies.edit(edit)
    assert edit.fact is not None
    remedies.block(f"{edit.fact.label}最早 {edit.ready} 才能取得，此次申报只计至 {on}")
    return None


def obtaining(effort: str) -> str:
    """How long an entry takes to obtain, by what its line says: it is never only written down."""
    return effort if effort not in ("", "paperwork") else "year"


def _completed(remedies: Remedies, test: Entries, draft: Draft, asking: Asking) -> list[Way]:
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
                    ready=remedies.clock.as_of,
                    condition=asking.condition,
                    fact=test.fact,
                    position=position,
                    field_name=each.name,
                    distance=Fraction(0),
                    words=f"{test.fact.label}第 {position + 1} 条的{each.label}",
                )
                after = draft.with_edits((*edits, edit))
                if after is not None and remedies.status(test, after, asking) is not Status.UNMET:
                    edits.append(edit)
                    reached = after
                    break
            if remedies.status(test, reached, asking) in (Status.MET, Status.MANUAL_REVIEW):
                return [tuple(edits)]
    remedies.block(f"{test.fact.label}的记录不完整，须人工核实")
    return []


def close_total(remedies: Remedies, test: CompareTotal, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    total = test.total
    on = _entry_day(remedies, total.window)
    if on is None:
        remedies.block(f"{total.window.text}{total.fact.label}所属年度已结束，不能再增加")
        return []
    effort = obtaining(asking.effort)
    ready = remedies.in_time(effort)
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
            source=source_of(total.fact, asking),
            words=_wanted(total.fact, clause, None),
            field_name=total.amount.name,
        )

    def suffices(steps: int) -> bool:
        after = draft.with_edits((at(steps),))
        return after is not None and remedies.status(test, after, asking) is Status.MET

    steps = least(suffices, FEWEST)
    edit = None if steps is None else _in_time(remedies, at(steps), on)
    return [] if edit is None else [(edit,)]


def _entry_day(remedies: Remedies, window: Window | None) -> date | None:
    """The last day on which a new entry still counts, if it is not over when the plan is made."""
    day = remedies.clock.day
    if window is None or not window.fiscal_years:
        return day
    last = date(day.year - 1, 12, 31)
    return last if last >= remedies.clock.as_of else None


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
