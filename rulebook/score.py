"""Points as intervals: exact when everything is known, otherwise what is still possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from rulebook.assessment import Check, NextBand, Points, checks_text
from rulebook.expressions import limit_text, shape_of
from rulebook.judge import exact_text, judge
from rulebook.measures import Exact, measure, measure_label
from rulebook.pack import AnyOf, Band, Choice, Grade, Group, Indicator, Limit, Measure, Ref, Scale, Test
from rulebook.records import within
from rulebook.scene import Scene, Trace, exact_decimal
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status
from rulebook.units import plain_decimal
from rulebook.wording import period_label

_NONE = Decimal(0)


def _nothing() -> None:
    return None


@dataclass(slots=True)
class Scored:
    """Points of one indicator; `cause` says why an interval is open: unknown (missing) or manual review."""

    points: Points
    cause: Status | None
    words: Callable[[], tuple[str, str]]
    """The value and the scale, for people."""
    better: Callable[[], NextBand | None] = _nothing
    """The nearest better band."""

    @property
    def status(self) -> Status:
        if self.cause is not None:
            return self.cause
        return MET if self.points.low > 0 else UNMET


def score_indicator(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    computed = _computed(indicator, scene, trace)
    return computed if indicator.expert is None else _with_expert(indicator.expert, computed, scene, trace)


def _with_expert(expert: Ref, computed: Scored, scene: Scene, trace: Trace) -> Scored:
    """A-29: the experts' number takes the place of the range it lies in; one outside of it is for a person to settle.

    Without one the range stays open: a person decides, unless a missing figure comes first (A-36).
    """
    fact, year = expert.fact, scene.year_of(expert)
    points = computed.points
    held = scene.subject.facts.get((fact.id, year))
    if held is None or held.value is None:
        if points.low != points.high:
            trace.miss(fact.id, fact, year, "finding")
            trace.note(f"“{period_label(fact, year)}”须由评审专家按整数打分（A-29）")
        return computed
    given = exact_decimal(fact.id, year, scene.read_fact(fact, year, trace))
    if held.source != "official_finding":
        trace.note(f"“{period_label(fact, year)}”只认可评审专家的打分，自评分不计入（A-29）")
        return computed
    shown = f"{plain_decimal(given)} 分"

    def words() -> tuple[str, str]:
        value, threshold = computed.words()
        return f"{value}；专家打分 {shown}", threshold

    if points.low <= given <= points.high:
        scored = replace(computed, points=Points(given, given, points.max), cause=None, words=words)
        trace.check(scored.status, lambda: (period_label(fact, year), shown, points.display))
        return scored
    trace.note(f"“{period_label(fact, year)}”为 {shown}，按数据应为 {points.display}，两者不一致，请核对（A-29）")
    trace.check(MANUAL_REVIEW, lambda: (period_label(fact, year), shown, points.display))
    open_points = Points(min(given, points.low), max(given, points.high), points.max)
    return replace(computed, points=open_points, cause=computed.cause or MANUAL_REVIEW, words=words)


def _computed(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    if indicator.slot:  # the province fills it
        if (
            indicator.expert is None
            or scene.read_fact(indicator.expert.fact, scene.year_of(indicator.expert), Trace(scene)) is UNKNOWN
        ):
            trace.note("省级特色化指标尚未给分，按 0 分至满分的区间计（A-11）")
        points = Points(_NONE, indicator.maximum, indicator.maximum)
        return Scored(points, MANUAL_REVIEW, lambda: ("未配置", "由省级主管部门设定"))
    if indicator.better_of:
        return _by_better(indicator, scene, trace)
    if indicator.each:
        return _by_each(indicator, scene, trace)
    if indicator.choices:
        return _by_choices(indicator, scene, trace)
    if indicator.grades:
        return _by_grades(indicator.grades, indicator.maximum)
    assert indicator.measure is not None  # the compiler pairs bands with a measure
    return _by_bands(indicator.measure, indicator.bands, indicator.maximum, scene, trace)


def _by_grades(grades: tuple[Grade, ...], maximum: Decimal) -> Scored:
    """Nothing is measured: experts choose among the grades."""
    points = Points(min(each.points_low for each in grades), max(each.points_high for each in grades), maximum)
    return Scored(points, MANUAL_REVIEW, lambda: ("由专家评定", _scale_text(grades)))


def _scale_text(steps: Iterable[Band | Grade]) -> str:
    return "；".join(f"{each.text} {_points_text(each.points_low, each.points_high)}" for each in steps)


def _by_bands(what: Measure, bands: tuple[Band, ...], maximum: Decimal, scene: Scene, trace: Trace) -> Scored:
    value = measure(what, scene, trace)
    if isinstance(value, Status):
        low = min(band.points_low for band in bands)
        high = max(band.points_high for band in bands)
        trace.check(value, lambda: (measure_label(what, scene), "", _scale_text(bands)))
        return Scored(Points(low, high, maximum), value, lambda: (value.label, _scale_text(bands)))
    band = _best_band(bands, value)

    def text() -> str:
        edges = tuple(edge for each in bands for edge in (each.low, each.high) if edge is not None)
        return exact_text(value, shape_of(what), edges)

    points = Points(band.points_low, band.points_high, maximum)
    cause = _judged_by_people(band.points_low, band.points_high)
    scored = Scored(
        points,
        cause,
        lambda: (text(), _scale_text(bands)),
        lambda: _next_band(what, bands, maximum, band, value, measure_label(what, scene)),
    )
    trace.check(scored.status, lambda: (measure_label(what, scene), text(), band.text))
    return scored


def _by_better(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    """The scale that gives more; one that is missing leaves open only what it could still add (A-10)."""

    def by(scale: Scale) -> Scored:
        return _by_bands(scale.measure, scale.bands, indicator.maximum, scene, trace)

    found = [by(scale) for scale in indicator.better_of]
    low, high = max(each.points.low for each in found), max(each.points.high for each in found)
    open_causes = [each.cause for each in found if each.cause is not None and each.points.high > low]
    best = max(range(len(found)), key=lambda position: found[position].points.low)
    if low > min(each.points.low for each in found):  # the choice is the enterprise's, and has to be seen
        chosen = measure_label(indicator.better_of[best].measure, scene)
        trace.note(f"按“{chosen}”计 {_points_text(low, low)}，取得分较高的算法（A-10、A-28）")
    said = trace.checks_so_far()
    cause = _open(low, high, open_causes)
    return Scored(
        Points(low, high, indicator.maximum),
        cause,
        lambda: (checks_text(said()), "；".join(each.words()[1] for each in found)),
        _nothing if cause is not None else lambda: _nearest(found, low),
    )


def _nearest(found: Collection[Scored], low: Decimal) -> NextBand | None:
    """The next band of any of the scales that gives more than what is reached; more than one are alternatives."""
    steps = [step for step in (each.better() for each in found) if step is not None and step.points.high > low]
    if not steps:
        return None
    fewest = min(step.points.high for step in steps)
    chosen = [step for step in steps if step.points.high == fewest]
    return NextBand(chosen[0].points, " 或 ".join(step.reach for step in chosen))


def _by_each(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    """Points for every test that holds, together at most the maximum."""
    statuses = [judge(test, scene, trace) for test in indicator.each]
    held = Decimal(statuses.count(MET))
    possible = held + statuses.count(UNKNOWN) + statuses.count(MANUAL_REVIEW)
    low = min(indicator.maximum, held * indicator.each_points)
    high = min(indicator.maximum, possible * indicator.each_points)
    said = trace.checks_so_far()
    cause = _open(low, high, statuses)
    return Scored(
        Points(low, high, indicator.maximum),
        cause,
        lambda: (checks_text(said()), f"每项 {indicator.each_points} 分，最高 {indicator.maximum} 分"),
        _nothing if cause is not None else lambda: _next_of_each(indicator, low, said()),
    )


def _next_of_each(indicator: Indicator, low: Decimal, checks: Iterable[Check]) -> NextBand | None:
    """One more of the tests that do not hold yet, while that still adds points."""
    more = min(indicator.maximum, low + indicator.each_points)
    lacking = [f"{check.label} {check.threshold}" for check in checks if check.status is not MET]
    if more == low or not lacking:
        return None
    return NextBand(Points(more, more, indicator.maximum), " 或 ".join(lacking))


def _open(low: Decimal, high: Decimal, causes: Collection[Status]) -> Status | None:
    """Why points are not fixed: something missing before a person's judgement (A-36)."""
    if low == high:
        return None
    return UNKNOWN if UNKNOWN in causes else MANUAL_REVIEW


def _best_band(bands: tuple[Band, ...], value: Exact) -> Band:
    """Both edges belong to a band, and of two the higher points count (A-02); inside of one there is no second."""
    best: Band | None = None
    for band in bands:
        below = 1 if band.low is None else value.compare(band.low)
        if below < (1 if band.above else 0):
            continue
        beyond = -1 if band.high is None else value.compare(band.high)
        if beyond > 0:
            continue
        if best is None or band.points_high > best.points_high:
            best = band
        if below > 0 > beyond:
            break
    assert best is not None  # the compiler saw to bands without a gap
    return best


def _next_band(
    what: Measure, bands: tuple[Band, ...], maximum: Decimal, band: Band, value: Exact, label: str
) -> NextBand | None:
    """The band with the fewest points more, and the edge of it that lies towards the value."""
    better = [each for each in bands if each.points_high > band.points_high]
    if not better:
        return None
    nearest = min(better, key=lambda each: each.points_high)
    above = nearest.low is not None and value.compare(nearest.low) < (1 if nearest.above else 0)
    edge, sign = (nearest.low, ">" if nearest.above else "≥") if above else (nearest.high, "≤")
    if edge is None:  # the value would be on it already
        return None
    points = Points(nearest.points_low, nearest.points_high, maximum)
    return NextBand(points, f"{label} {sign}{limit_text(edge, shape_of(what))}")


def _by_choices(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    open_points: list[tuple[Decimal, Decimal]] = []
    causes: list[Status] = []
    decided = False
    better: Callable[[], NextBand | None] = _nothing
    for choice in indicator.choices:
        seen = trace.checked
        status = MET if choice.test is None else judge(choice.test, scene, trace)
        if decided or status is UNMET:  # judged all the same: every missing fact is named
            if not decided and choice.test is not None:  # choices fall: the last one passed over is the nearest
                better = partial(_next_choice, indicator, choice, choice.test, trace.checks_so_far(seen))
            continue
        open_points.append((choice.points_low, choice.points_high))
        decided = status is MET
        causes.append(status)
    low, high = min([each[0] for each in open_points]), max([each[1] for each in open_points])
    points = Points(low, high, indicator.maximum)
    said = trace.checks_so_far()

    def words() -> tuple[str, str]:
        scale = "、".join(_points_text(choice.points_low, choice.points_high) for choice in indicator.choices)
        return checks_text(said()), f"各档 {scale}"

    return Scored(points, _open(low, high, causes), words, better if len(open_points) == 1 else _nothing)


def _next_choice(indicator: Indicator, choice: Choice, test: Test, checks: Callable[[], tuple[Check, ...]]) -> NextBand:
    joint = " 或 " if isinstance(test, AnyOf) else "；"
    wanted = [f"{check.label} {check.threshold}" for check in checks() if check.status is not MET]
    return NextBand(Points(choice.points_low, choice.points_high, indicator.maximum), joint.join(wanted))


def _judged_by_people(low: Decimal, high: Decimal) -> Status | None:
    """Points given as a range are for experts to fix (A-29)."""
    return MANUAL_REVIEW if low != high else None


def _points_text(low: Decimal, high: Decimal) -> str:
    return f"{low} 分" if low == high else f"{low}～{high} 分"


def add_up(scored: Iterable[Scored], cap: Decimal | None = None) -> Points:
    """The sum of both ends, each held down to the cap of the group."""
    low = high = most = _NONE
    for each in scored:
        low, high, most = low + each.points.low, high + each.points.high, most + each.points.max
    return Points(low, high, most) if cap is None else Points(min(low, cap), min(high, cap), min(most, cap))


def group_points(group: Group, indicators: Iterable[Indicator], scored: Mapping[str, Scored]) -> Points:
    return add_up([scored[each.line.id] for each in indicators if each.group == group.id], group.maximum)


def add_points(groups: Iterable[Points]) -> Points:
    """The sum of the groups after their caps."""
    low = high = most = _NONE
    for each in groups:
        low, high, most = low + each.low, high + each.high, most + each.max
    return Points(low, high, most)


def judge_score(points: Points, scored: Iterable[Scored], limit: Limit) -> Status:
    """Decided only when the whole interval agrees; otherwise unknown while something is missing, else a person."""
    if within(limit, points.low):
        return MET
    if not within(limit, points.high):
        return UNMET
    missing = any(each.cause is UNKNOWN for each in scored)
    return UNKNOWN if missing else MANUAL_REVIEW
