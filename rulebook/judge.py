"""Tests compiled to functions of a scene. Every branch is looked at, decided or not, so every missing fact is named."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rulebook.dictionary import Shape
from rulebook.expressions import shape_of
from rulebook.measures import Exact, compare, compile_measure, display, is_figure, measure_label
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
    Ref,
    Review,
    SizeIn,
    Test,
)
from rulebook.records import OPERATORS, compile_entries, compile_total
from rulebook.scene import (
    ASKED,
    CHECK,
    Basis,
    FactUnreadable,
    Judge,
    Number,
    Scene,
    exact_decimal,
    figure_of,
    lacking,
)
from rulebook.standing import (
    compile_ban,
    compile_finding,
    compile_left_open,
    compile_plan,
    compile_size,
    compile_titles,
)
from rulebook.status import MANUAL_REVIEW, MET, UNMET, Status, both, either
from rulebook.subject import POINT
from rulebook.wording import period_label, shown, shown_value


def compile_test(test: Test, basis: Basis) -> Judge:
    """Judges met, unmet, unknown or manual review; the scene's trace keeps what was read and compared."""
    return _TESTS[type(test)](test, basis)


def _folded(test: AllOf | AnyOf, basis: Basis) -> Judge:
    """All (AND, from met on) or any (OR, from unmet on); every part is judged, since each leaves its trace."""
    judges = [compile_test(each, basis) for each in test.tests]
    neutral, combine = (MET, both) if isinstance(test, AllOf) else (UNMET, either)

    def judge(scene: Scene) -> Status:
        found = neutral
        for each in judges:
            status = each(scene)
            if status is not neutral:
                found = combine(found, status)
        return found

    return judge


def _review(test: Review, basis: Basis) -> Judge:
    inner = compile_test(test.test, basis)

    def judge(scene: Scene) -> Status:
        status = inner(scene)
        return MANUAL_REVIEW if status is MET else status

    return judge


def _compare(test: Compare, basis: Basis) -> Judge:
    what, label, limit = test.measure, measure_label(test.measure, basis), test.limit
    if isinstance(what, DaysSince):
        return _compare_days(what, limit, basis)
    if isinstance(what, Ref):
        return _compare_figure(what, limit, basis)
    meter, passes, shape = compile_measure(what, basis), _passing(what, limit), shape_of(what)

    def words(value: Exact | None) -> tuple[str, str, str]:
        return label, "" if value is None else exact_text(value, shape, (limit.value,)), limit.text

    def judge(scene: Scene) -> Status:
        value = meter(scene)
        if isinstance(value, Status):
            scene.trace.append((CHECK, words, value, None, ""))
            return value
        status = MET if passes(value) else UNMET
        scene.trace.append((CHECK, words, status, value, ""))
        return status

    return judge


def _compare_figure(ref: Ref, limit: Limit, basis: Basis) -> Judge:
    fact, year, asked = ref.fact, basis.year_of(ref), limit.text
    key, place, only, lack = (fact.id, year), (fact, year), basis.only_sources, lacking(fact, year, basis)
    satisfies, edge = OPERATORS[limit.operator], _edge(limit, fact)
    label = period_label(fact, year)

    def words(value: object) -> tuple[str, str, str]:
        shown = "" if value is None else exact_text(exact_decimal(fact.id, year, value), fact, (limit.value,))
        return label, shown, asked

    def judge(scene: Scene) -> Status:
        held = scene.facts.get(key)
        if held is None or held.value is None or (only and held.source not in only):
            status = lack(scene, held)
            scene.trace.append((CHECK, words, status, None, ""))
            return status
        figure = held.number
        if figure is None:
            figure = figure_of(key, held)
        status = MET if satisfies(figure, edge) else UNMET
        scene.trace.append((ASKED, place, words, status, held))
        return status

    return judge


def _compare_days(what: DaysSince, limit: Limit, basis: Basis) -> Judge:
    """The day itself is kept and shown: the number of days would be another one tomorrow."""
    fact, label, asked = what.fact, measure_label(what, basis), limit.text
    key, meter, passes = (fact.id, POINT), compile_measure(what, basis), _passing(what, limit)

    def words(value: object) -> tuple[str, str, str]:
        return label, "" if value is None else f"自 {shown_value(fact, value)}", asked

    def judge(scene: Scene) -> Status:
        days = meter(scene)
        if isinstance(days, Status):
            scene.trace.append((CHECK, words, days, None, ""))
            return days
        status = MET if passes(days) else UNMET
        scene.trace.append((CHECK, words, status, scene.facts[key].value, ""))
        return status

    return judge


def _passing(what: Measure, limit: Limit) -> Callable[[Any], bool]:
    """Whether a measured value satisfies the limit. Figures compare exactly as they are, a quotient by itself."""
    satisfies, edge = OPERATORS[limit.operator], _edge(limit, shape_of(what))
    if is_figure(what):
        return lambda value: satisfies(value, edge)
    return lambda value: satisfies(value.compare(limit.value), 0)


def _edge(limit: Limit, shape: Shape) -> Number:
    """A whole number for what is counted in whole numbers: they compare three times as fast."""
    whole = shape.type == "integer" and limit.value == int(limit.value)
    return int(limit.value) if whole else limit.value


def _equals(test: Equals, basis: Basis) -> Judge:
    fact, year, wanted, asked = test.ref.fact, basis.year_of(test.ref), test.value, f"＝{test.text}"
    key, place, only, lack = (fact.id, year), (fact, year), basis.only_sources, lacking(fact, year, basis)
    label, kind = period_label(fact, year), type(wanted)

    def words(value: object) -> tuple[str, str, str]:
        return label, "" if value is None else shown_value(fact, value), asked

    def judge(scene: Scene) -> Status:
        held = scene.facts.get(key)
        if held is None or (value := held.value) is None or (only and held.source not in only):
            status = lack(scene, held)
            scene.trace.append((CHECK, words, status, None, ""))
            return status
        if type(value) is not kind:  # 0 is not false, "是" is not true
            raise FactUnreadable(fact.id, year, value)
        status = MET if value == wanted else UNMET
        scene.trace.append((ASKED, place, words, status, held))
        return status

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
    AllOf: _folded,
    AnyOf: _folded,
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
