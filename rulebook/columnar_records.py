"""Tests over the entries of a whole population: each entry is judged once, then the rows are put together (A-36)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

import numpy as np

from rulebook.columnar_codes import (
    MANUAL_REVIEW,
    MET,
    UNKNOWN,
    UNMET,
    Codes,
    Days,
    Flags,
    Ints,
    all_of,
    any_of,
    day_number,
    exchanged,
    flags,
    opposite,
)
from rulebook.columnar_frame import Entries as Slice
from rulebook.columnar_frame import Frame, Judge, Key, Manner
from rulebook.columnar_population import EntryField, Records, code_of, scale_of
from rulebook.dictionary import Fact
from rulebook.pack import Clause, CompareTotal, Entries, FieldTest, Limit, Window
from rulebook.subject import POINT

_UNBOUNDED = np.int64(2**62)


def field_key(fact: Fact, name: str) -> Key:
    """An entry's field that is missing. Which entry it is, the traced evaluator says."""
    column = fact.field_named(name)
    return (fact.id, POINT, f"{fact.label}（{column.label if column else name}）", "fact")


def asked_fields(test: Entries | CompareTotal) -> list[str]:
    """The fields that a test reads, in the order of the dictionary."""
    if isinstance(test, Entries):
        fact, clauses, window, amount = test.fact, (*test.where, *test.review_where), test.window, ""
    else:
        total = test.total
        fact, clauses, window, amount = total.fact, total.where, total.window, total.amount.name
    names = {each.field.name for clause in clauses for each in clause} | {amount}
    if window is not None:
        names.add(window.field.name)
    return [each.name for each in fact.fields if each.name in names]


def compile_entries(test: Entries, manner: Manner) -> Judge:
    asked = asked_fields(test)

    def judge(frame: Frame) -> Codes:
        gap = frame.gap(test.fact, POINT, manner.only_sources)
        held = _held(frame, test.fact)
        if held is None:
            assert gap is not None  # a fact without a column is missing everywhere
            return gap
        entries = Slice.of(frame, held)
        codes = _entry_codes(test, held, entries, frame)
        if not manner.silent:
            _name_missing(test.fact, asked, codes == UNKNOWN, held, entries, frame, gap)
        found: Codes = exchanged(entries.reduced(np.maximum, exchanged(codes), UNMET))
        if test.forbidden:
            found = opposite(found)
        return _with_gap(found, gap)

    return judge


def _entry_codes(test: Entries, held: Records, entries: Slice, frame: Frame) -> Codes:
    count = entries.count
    inside = np.full(count, MET, np.uint8)
    if test.window is not None:
        inside = _inside(test.window, entries.field(held.fields[test.window.field.name]), frame)
    counts = all_of([inside, _matches(test.where, held, entries)], count)
    if not test.review_where:
        return counts
    doubtful = all_of([inside, _matches(test.review_where, held, entries)], count)
    doubtful = doubtful ^ flags(doubtful == MET, MET ^ MANUAL_REVIEW)
    return any_of([counts, doubtful], count)


def compile_record_total(test: CompareTotal, manner: Manner) -> Judge:
    """The sum over complete fiscal years; money of the running year never decides alone (A-39)."""
    total, asked = test.total, asked_fields(test)

    def judge(frame: Frame) -> Codes:
        gap = frame.gap(total.fact, POINT, manner.only_sources)
        held = _held(frame, total.fact)
        if held is None:
            assert gap is not None  # as above
            return gap
        entries = Slice.of(frame, held)
        counts = _matches(total.where, held, entries)
        closed = entries.field(held.fields[total.window.field.name])
        amount = entries.field(held.fields[total.amount.name])
        inside, running = _years(total.window, closed, frame)
        candidate = counts != UNMET
        complete = candidate & (inside != UNMET)
        extended = candidate & ((inside != UNMET) | running)
        certain = (counts == MET) & (inside == MET)
        certain_too = (counts == MET) & ((inside == MET) | running)
        if not manner.silent:
            open_ = extended & (amount.missing | closed.missing | (counts == UNKNOWN))
            _name_missing(total.fact, asked, open_, held, entries, frame, gap)
        parts = scale_of(total.amount)
        base = _reaches(test.limit, parts, amount, complete, certain, entries)
        more = _reaches(test.limit, parts, amount, extended, certain_too, entries)
        found = base.copy()
        found[(base == UNMET) & (more == MET)] = MANUAL_REVIEW
        found[(base == UNMET) & (more == UNKNOWN)] = UNKNOWN
        return _with_gap(found, gap)

    return judge


def _reaches(limit: Limit, parts: int, amount: EntryField, counting: Flags, certain: Flags, entries: Slice) -> Codes:
    """Met when what is certain reaches the limit, unmet when all that may count does not."""
    known = counting & ~amount.missing
    values: Ints = amount.values * known
    least = entries.reduced(np.add, values * certain, 0)
    most = entries.reduced(np.add, values, 0)
    boundless = entries.reduced(np.maximum, flags(counting & amount.missing), 0)
    most = np.maximum(most, _UNBOUNDED * boundless)
    edge = Fraction(limit.value) * parts
    bound = np.int64(min(ceil(edge) if limit.operator == ">=" else floor(edge) + 1, int(_UNBOUNDED)))
    met: Flags = least >= bound
    possible: Flags = most >= bound
    return flags(met, MET) | flags(possible & ~met, UNKNOWN)


def _held(frame: Frame, fact: Fact) -> Records | None:
    held = frame.population.records.get(fact.id)
    if held is not None and held.broken is not None:
        frame.trace_rows(held.broken[frame.start : frame.stop])
    return held


def _with_gap(codes: Codes, gap: Codes | None) -> Codes:
    return codes if gap is None else flags(gap == 0) * codes | gap


def _name_missing(
    fact: Fact, asked: Iterable[str], open_: Flags, held: Records, entries: Slice, frame: Frame, gap: Codes | None
) -> None:
    """The fields for want of which an entry stays open."""
    if not open_.any():
        return
    for name in asked:
        lacking = open_ & entries.field(held.fields[name]).missing
        if lacking.any():
            rows: Flags = entries.reduced(np.logical_or, lacking, 0)
            frame.miss(field_key(fact, name), rows if gap is None else rows & (gap == 0))


def _matches(where: tuple[Clause, ...], held: Records, entries: Slice) -> Codes:
    if not where:
        return np.full(entries.count, MET, np.uint8)
    clauses = [
        all_of([_field_codes(test, entries.field(held.fields[test.field.name])) for test in clause], entries.count)
        for clause in where
    ]
    return any_of(clauses, entries.count)


def _field_codes(test: FieldTest, column: EntryField) -> Codes:
    values = column.values
    if test.limit is not None:
        matched = _within(test.limit, values, scale_of(test.field))
    elif test.codes:
        wanted = np.zeros(256, np.bool_)
        wanted[[code_of(test.field, code) for code in test.codes]] = True
        matched = wanted[values]
    else:
        matched = values == int(bool(test.flag))
    return flags(matched & ~column.missing, MET) | flags(column.missing, UNKNOWN)


def _within(limit: Limit, values: Ints, parts: int) -> Flags:
    edge = Fraction(limit.value) * parts
    found: Flags
    match limit.operator:
        case ">=":
            found = values >= ceil(edge)
        case ">":
            found = values > floor(edge)
        case "<=":
            found = values <= floor(edge)
        case "<":
            found = values < ceil(edge)
        case _:
            found = (values >= ceil(edge)) & (values <= floor(edge))
    return found


def _inside(window: Window, column: EntryField, frame: Frame) -> Codes:
    if window.fiscal_years:
        return _years(window, column, frame)[0]
    days: Days = column.values
    if window.calendar_years:
        inside = (days >= day_number(frame.day.year - window.calendar_years + 1, 1, 1)) & (days <= frame.day_number)
    elif window.rolling_days:  # exactly on the far day no longer counts
        start = frame.day - timedelta(days=window.rolling_days)
        inside = (days > day_number(start.year, start.month, start.day)) & (days <= frame.day_number)
    else:
        inside = days >= frame.day_number
    return flags(inside & ~column.missing, MET) | flags(column.missing, UNKNOWN)


def _years(window: Window, column: EntryField, frame: Frame) -> tuple[Codes, Flags]:
    """Whether the day lies in the last complete fiscal years (A-03), and whether in the running one."""
    days, last = column.values, frame.fiscal_year
    years = days // 10_000
    inside = (years > last - window.fiscal_years) & (years <= last) & ~column.missing
    running = (years > last) & (days <= frame.day_number) & ~column.missing
    return flags(inside, MET) | flags(column.missing, UNKNOWN), running
