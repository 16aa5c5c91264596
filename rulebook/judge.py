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
    FirstOf,
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
        case FirstOf():
            return _first_of(test, scene, trace)
        case LeftOpen():
            return judge_left_open(test, trace)
        case InPlan():
            return judge_plan(test, scene, trace)
        case _:
            return judge_size(test, scene, trace)


def _first_of(test: FirstOf, scene: Scene, trace: Trace) -> Status:
    """The outcome of the tier that applies; while the tier is open, only what every possible tier agrees on."""
    outcomes: list[Status] = []
    causes: list[Status] = []
    for arm in test.arms:
        applies = Status.MET if arm.when is None else _applies(arm.when, scene, trace)
        if applies is Status.UNMET:
            continue
        outcomes.append(judge(arm.then, scene, trace))
        causes.append(applies)
        if applies is Status.MET:
            break
    if len(set(outcomes)) == 1:
        return outcomes[0]
    return Status.UNKNOWN if Status.UNKNOWN in (*outcomes, *causes) else Status.MANUAL_REVIEW


def _applies(when: Test, scene: Scene, trace: Trace) -> Status:
    """A tier that does not apply leaves no trace: it is no requirement that was missed."""
    own = Trace()
    status = judge(when, scene, own)
    if status is not Status.UNMET:
        trace.checks += own.checks
        for note in own.notes:
            trace.note(note)
    trace.inputs.update(own.inputs)
    trace.missing.update(own.missing)
    trace.undefined = trace.undefined or own.undefined
    return status


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
