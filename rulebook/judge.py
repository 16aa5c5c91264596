"""Judges one test on one scene. Every branch is looked at, decided or not, so that every missing fact is named."""

from __future__ import annotations

from decimal import Decimal

from rulebook.dictionary import Shape
from rulebook.expressions import shape_of
from rulebook.measures import Exact, measure, measure_label
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
    NoBan,
    Review,
    Test,
)
from rulebook.records import holds, judge_entries, judge_total
from rulebook.scene import FactUnreadable, Scene, Trace
from rulebook.standing import judge_ban, judge_finding, judge_left_open, judge_plan, judge_size, judge_titles
from rulebook.status import Status, all_of, any_of
from rulebook.wording import period_label, shown


def judge(test: Test, scene: Scene, trace: Trace) -> Status:
    """Met, unmet, unknown or manual review; the trace keeps what was read and compared."""
    match test:
        case Compare():
            return _compare(test, scene, trace)
        case AllOf():
            return all_of([judge(each, scene, trace) for each in test.tests])
        case AnyOf():
            return any_of([judge(each, scene, trace) for each in test.tests])
        case Equals():
            return _equals(test, scene, trace)
        case Entries():
            return judge_entries(test, scene, trace)
        case CompareTotal():
            return judge_total(test, scene, trace)
        case Holds():
            return judge_titles(test, scene, trace)
        case NoBan():
            return judge_ban(test, scene, trace)
        case Found():
            return judge_finding(test, scene, trace)
        case Review():
            inner = judge(test.test, scene, trace)
            return Status.MANUAL_REVIEW if inner is Status.MET else inner
        case LeftOpen():
            return judge_left_open(test, trace)
        case InPlan():
            return judge_plan(test, scene, trace)
        case _:
            return judge_size(test, scene, trace)


def _compare(test: Compare, scene: Scene, trace: Trace) -> Status:
    label, limit = measure_label(test.measure, scene), test.limit
    value = measure(test.measure, scene, trace)
    if isinstance(value, Status):
        return trace.check(label, "", limit.text, value)
    met = holds(limit.operator, value.compare(limit.value))
    text = exact_text(value, shape_of(test.measure), (limit.value,))
    return trace.check(label, text, limit.text, Status.MET if met else Status.UNMET)


def _equals(test: Equals, scene: Scene, trace: Trace) -> Status:
    label = period_label(test.ref.fact, scene.year_of(test.ref))
    value = scene.read(test.ref, trace)
    threshold = f"＝{test.text}"
    if isinstance(value, Status):
        return trace.check(label, "", threshold, value)
    year = scene.year_of(test.ref)
    if type(value) is not type(test.value):  # 0 is not false, "是" is not true
        raise FactUnreadable(test.ref.fact.id, year, value)
    met = value == test.value
    shown_as = trace.inputs[(test.ref.fact.id, year)].display
    return trace.check(label, shown_as, threshold, Status.MET if met else Status.UNMET)


def exact_text(value: Exact, shape: Shape, limits: tuple[Decimal, ...]) -> str:
    """The value for display, with as many decimals as needed not to contradict the outcome."""
    orders = [(limit, value.compare(limit)) for limit in limits]

    def faithful(rounded: Decimal) -> bool:
        return all(int(rounded.compare(limit)) == order for limit, order in orders)

    return shown(shape, value.display(), faithful)
