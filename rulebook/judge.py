"""Tests compiled to functions of a scene. Every branch is looked at, decided or not, so every missing fact is named."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rulebook.dictionary import Fact, Shape
from rulebook.expressions import shape_of
from rulebook.measures import Exact, Meter, compare, compile_measure, display, is_figure, measure_label
from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    DaysSince,
    Entries,
    Equals,
    Found,
    Holds,
    InPlan,
    LeftOpen,
    Limit,
    Measure,
    NoBan,
    Review,
    SizeIn,
    Test,
)
from rulebook.records import OPERATORS, compile_entries, compile_total
from rulebook.scene import CHECK, Basis, Event, FactUnreadable, Judge, Scene, reader
from rulebook.standing import (
    compile_ban,
    compile_finding,
    compile_left_open,
    compile_plan,
    compile_size,
    compile_titles,
)
from rulebook.status import MANUAL_REVIEW, MET, UNMET, Status, all_of, any_of
from rulebook.subject import POINT
from rulebook.wording import period_label, shown, shown_value


def compile_test(test: Test, basis: Basis) -> Judge:
    """Judges met, unmet, unknown or manual review; the scene's trace keeps what was read and compared."""
    return _TESTS[type(test)](test, basis)


def _all_of(test: AllOf, basis: Basis) -> Judge:
    judges = [compile_test(each, basis) for each in test.tests]
    return lambda scene: all_of([judge(scene) for judge in judges])


def _any_of(test: AnyOf, basis: Basis) -> Judge:
    judges = [compile_test(each, basis) for each in test.tests]
    return lambda scene: any_of([judge(scene) for judge in judges])


def _review(test: Review, basis: Basis) -> Judge:
    inner = compile_test(test.test, basis)

    def judge(scene: Scene) -> Status:
        status = inner(scene)
        return MANUAL_REVIEW if status is MET else status

    return judge


def _compare(test: Compare, basis: Basis) -> Judge:
    what, label, asked = test.measure, measure_label(test.measure, basis), test.limit.text
    meter, passes = compile_measure(what, basis), _passing(what, test.limit)
    if isinstance(what, DaysSince):
        return _compare_days(what.fact, meter, passes, (label, asked))
    shape, limits = shape_of(what), (test.limit.value,)

    def words(value: Exact) -> tuple[str, str, str]:
        return label, exact_text(value, shape, limits), asked

    def words_if_open(_: None) -> tuple[str, str, str]:
        return label, "", asked

    def judge(scene: Scene) -> Status:
        value = meter(scene)
        if isinstance(value, Status):
            scene.trace.append((CHECK, words_if_open, value, None, ""))
            return value
        status = MET if passes(value) else UNMET
        scene.trace.append((CHECK, words, status, value, ""))
        return status

    return judge


def _compare_days(fact: Fact, meter: Meter, passes: Callable[[Any], bool], said: tuple[str, str]) -> Judge:
    """The day itself is kept and shown: the number of days would be another one tomorrow."""
    key = (fact.id, POINT)

    def words(value: object) -> tuple[str, str, str]:
        return said[0], "" if value is None else f"自 {shown_value(fact, value)}", said[1]

    def judge(scene: Scene) -> Status:
        days = meter(scene)
        known = not isinstance(days, Status)
        status = days if isinstance(days, Status) else MET if passes(days) else UNMET
        scene.trace.append((CHECK, words, status, scene.facts[key].value if known else None, ""))
        return status

    return judge


def _passing(what: Measure, limit: Limit) -> Callable[[Any], bool]:
    """Whether a measured value satisfies the limit. Figures compare exactly as they are, a quotient by itself."""
    satisfies, least = OPERATORS[limit.operator], limit.value
    if is_figure(what):
        edge = int(least) if shape_of(what).type == "integer" and least == int(least) else least
        return lambda value: satisfies(value, edge)
    return lambda value: satisfies(value.compare(least), 0)


def _equals(test: Equals, basis: Basis) -> Judge:
    fact, wanted, asked = test.ref.fact, test.value, f"＝{test.text}"
    year, kind = basis.year_of(test.ref), type(test.value)
    label, read = period_label(fact, year), reader(fact, year, basis)

    def words(value: object) -> tuple[str, str, str]:
        return label, "" if value is None else shown_value(fact, value), asked

    met: Event = (CHECK, words, MET, wanted, "")

    def judge(scene: Scene) -> Status:
        value = read(scene)
        if isinstance(value, Status):
            scene.trace.append((CHECK, words, value, None, ""))
            return value
        if type(value) is not kind:  # 0 is not false, "是" is not true
            raise FactUnreadable(fact.id, year, value)
        if value == wanted:
            scene.trace.append(met)
            return MET
        scene.trace.append((CHECK, words, UNMET, value, ""))
        return UNMET

    return judge


_TESTS: dict[type, Callable[[Any, Basis], Judge]] = {
    Compare: _compare,
    CompareTotal: compile_total,
    Equals: _equals,
    Entries: compile_entries,
    Holds: compile_titles,
    NoBan: compile_ban,
    SizeIn: compile_size,
    Found: compile_finding,
    AllOf: _all_of,
    AnyOf: _any_of,
    Review: _review,
    LeftOpen: compile_left_open,
    InPlan: compile_plan,
}


def exact_text(value: Exact, shape: Shape, limits: tuple[Decimal, ...]) -> str:
    """The value for display, with as many decimals as needed not to contradict the outcome."""
    orders = [(limit, compare(value, limit)) for limit in limits]

    def faithful(rounded: Decimal) -> bool:
        return all(int(rounded.compare(limit)) == order for limit, order in orders)

    return shown(shape, display(value), faithful)
