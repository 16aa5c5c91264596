"""Judges one test on one scene. Every branch is looked at, decided or not, so that every missing fact is named."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rulebook.dictionary import Shape
from rulebook.expressions import shape_of
from rulebook.measures import Exact, measure, measure_label
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
    NoBan,
    Review,
    SizeIn,
    Test,
)
from rulebook.records import holds, judge_entries, judge_total
from rulebook.scene import FactUnreadable, Scene, Trace
from rulebook.standing import judge_ban, judge_finding, judge_left_open, judge_plan, judge_size, judge_titles
from rulebook.status import MANUAL_REVIEW, MET, UNMET, Status, all_of, any_of
from rulebook.subject import POINT
from rulebook.wording import period_label, shown, shown_value


def judge(test: Test, scene: Scene, trace: Trace) -> Status:
    """Met, unmet, unknown or manual review; the trace keeps what was read and compared."""
    return _JUDGES[type(test)](test, scene, trace)


def _all_of(test: AllOf, scene: Scene, trace: Trace) -> Status:
    return all_of([_JUDGES[type(each)](each, scene, trace) for each in test.tests])


def _any_of(test: AnyOf, scene: Scene, trace: Trace) -> Status:
    return any_of([_JUDGES[type(each)](each, scene, trace) for each in test.tests])


def _review(test: Review, scene: Scene, trace: Trace) -> Status:
    inner = judge(test.test, scene, trace)
    return MANUAL_REVIEW if inner is MET else inner


def _compare(test: Compare, scene: Scene, trace: Trace) -> Status:
    limit = test.limit
    value = measure(test.measure, scene, trace)
    if isinstance(value, Status):
        return trace.check(value, lambda: (measure_label(test.measure, scene), "", limit.text))
    met = holds(limit.operator, value.compare(limit.value))

    def text() -> str:
        if isinstance(test.measure, DaysSince):  # the day itself: the number of days would be another one tomorrow
            fact = test.measure.fact
            return f"自 {shown_value(fact, scene.subject.facts[(fact.id, POINT)].value)}"
        return exact_text(value, shape_of(test.measure), (limit.value,))

    return trace.check(MET if met else UNMET, lambda: (measure_label(test.measure, scene), text(), limit.text))


def _equals(test: Equals, scene: Scene, trace: Trace) -> Status:
    fact, year = test.ref.fact, scene.year_of(test.ref)
    value = scene.read_fact(fact, year, trace)
    if isinstance(value, Status):
        return trace.check(value, lambda: (period_label(fact, year), "", f"＝{test.text}"))
    if type(value) is not type(test.value):  # 0 is not false, "是" is not true
        raise FactUnreadable(fact.id, year, value)
    return trace.check(
        MET if value == test.value else UNMET,
        lambda: (period_label(fact, year), shown_value(fact, value), f"＝{test.text}"),
    )


_JUDGES: dict[type, Callable[[Any, Scene, Trace], Status]] = {
    Compare: _compare,
    CompareTotal: judge_total,
    Equals: _equals,
    Entries: judge_entries,
    Holds: judge_titles,
    NoBan: judge_ban,
    SizeIn: judge_size,
    Found: judge_finding,
    AllOf: _all_of,
    AnyOf: _any_of,
    Review: _review,
    LeftOpen: judge_left_open,
    InPlan: judge_plan,
}


def exact_text(value: Exact, shape: Shape, limits: tuple[Decimal, ...]) -> str:
    """The value for display, with as many decimals as needed not to contradict the outcome."""
    orders = [(limit, value.compare(limit)) for limit in limits]

    def faithful(rounded: Decimal) -> bool:
        return all(int(rounded.compare(limit)) == order for limit, order in orders)

    return shown(shape, value.display(), faithful)
