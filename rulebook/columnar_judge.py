"""Tests of a whole population: every kind of test of the model has its form here (an architecture test counts them)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from rulebook.columnar_codes import MANUAL_REVIEW, MET, Codes, Flags, all_of, any_of, decided, flags
from rulebook.columnar_frame import Frame, Judge, Manner
from rulebook.columnar_measures import Meter, Order, compile_measure
from rulebook.columnar_population import code_of
from rulebook.columnar_records import compile_entries, compile_record_total
from rulebook.columnar_standing import compile_ban, compile_finding, compile_size, compile_titles
from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    Entries,
    Equals,
    Found,
    Holds,
    InPlan,
    LeftOpen,
    Limit,
    NoBan,
    Review,
    SizeIn,
    Test,
)


def compile_test(test: Test, manner: Manner) -> Judge:
    return TESTS[type(test)](test, manner)


def satisfies(order: Order, limit: Limit) -> Flags:
    """Whether each value is within the limit (A-02)."""
    edge = Fraction(limit.value)
    match limit.operator:
        case ">=":
            return order.at_least(edge)
        case ">":
            return order.above(edge)
        case "<=":
            return ~order.above(edge)
        case "<":
            return ~order.at_least(edge)
        case _:
            return order.at_least(edge) & ~order.above(edge)


def _compare(test: Compare, manner: Manner) -> Judge:
    meter, limit = compile_measure(test.measure, manner), test.limit

    def judge(frame: Frame) -> Codes:
        measured = meter(frame)
        return decided(satisfies(measured.order, limit), measured.gap)

    return judge


def _equals(test: Equals, manner: Manner) -> Judge:
    fact = test.ref.fact
    wanted = code_of(fact, test.value)

    def judge(frame: Frame) -> Codes:
        year = frame.year_of(test.ref)
        return decided(frame.values(fact, year) == wanted, frame.gap(fact, year, manner.only_sources))

    return judge


def _all_of(test: AllOf, manner: Manner) -> Judge:
    judges = [compile_test(each, manner) for each in test.tests]
    return lambda frame: all_of([judge(frame) for judge in judges], frame.size)


def _any_of(test: AnyOf, manner: Manner) -> Judge:
    judges = [compile_test(each, manner) for each in test.tests]
    return lambda frame: any_of([judge(frame) for judge in judges], frame.size)


def _review(test: Review, manner: Manner) -> Judge:
    inner = compile_test(test.test, manner)

    def judge(frame: Frame) -> Codes:
        codes = inner(frame)
        return codes ^ flags(codes == MET, MET ^ MANUAL_REVIEW)

    return judge


def _left_open(test: LeftOpen, manner: Manner) -> Judge:
    return lambda frame: np.full(frame.size, MANUAL_REVIEW, np.uint8)


def _in_plan(test: InPlan, manner: Manner) -> Judge:
    return lambda frame: np.full(frame.size, MET if frame.day <= test.until else MANUAL_REVIEW, np.uint8)


TESTS: dict[type, Callable[[Any, Manner], Judge]] = {
    Compare: _compare,
    CompareTotal: compile_record_total,
    Equals: _equals,
    Entries: compile_entries,
    Holds: compile_titles,
    NoBan: compile_ban,
    SizeIn: compile_size,
    Found: compile_finding,
    AllOf: _all_of,
    AnyOf: _any_of,
    Review: _review,
    LeftOpen: _left_open,
    InPlan: _in_plan,
}


def leaves(test: Test) -> Iterator[Test]:
    """The tests that read something, out of all that are combined."""
    match test:
        case AllOf() | AnyOf():
            for each in test.tests:
                yield from leaves(each)
        case Review():
            yield from leaves(test.test)
        case _:
            yield test


def undefined_rows(test: Test, manner: Manner) -> Callable[[Frame], Flags | None]:
    """Where a share that the test compares has no whole (A-07)."""
    meters: list[Meter] = [compile_measure(each.measure, manner) for each in leaves(test) if isinstance(each, Compare)]

    def rows(frame: Frame) -> Flags | None:
        found: Flags | None = None
        for meter in meters:
            undefined = meter(frame).undefined
            if undefined is not None:
                found = undefined if found is None else np.logical_or(found, undefined)
        return found

    return rows
