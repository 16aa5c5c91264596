"""Points as intervals: exact when everything is known, otherwise what is still possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rulebook.assessment import Check, NextBand, Points
from rulebook.expressions import limit_text, shape_of
from rulebook.judge import exact_text, judge
from rulebook.measures import Exact, measure, measure_label
from rulebook.pack import AnyOf, Band, Choice, Indicator, Limit, Test
from rulebook.records import within
from rulebook.scene import Scene, Trace
from rulebook.status import Status

_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scored:
    """Points of one indicator; `cause` says why an interval is open: unknown (missing) or manual review."""

    points: Points
    cause: Status | None
    value: str
    threshold: str
    next_band: NextBand | None = None

    @property
    def status(self) -> Status:
        if self.cause is not None:
            return self.cause
        return Status.MET if self.points.low > 0 else Status.UNMET


def score_indicator(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    if indicator.slot:  # the province fills it
        trace.note("省级特色化指标尚未配置，按 0 分至满分的区间计（A-11）")
        points = Points(_NONE, indicator.maximum, indicator.maximum)
        return Scored(points, Status.MANUAL_REVIEW, "未配置", "由省级主管部门设定")
    return _by_bands(indicator, scene, trace) if indicator.bands else _by_choices(indicator, scene, trace)


def _by_bands(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    assert indicator.measure is not None  # the compiler pairs bands with a measure
    value = measure(indicator.measure, scene, trace)
    label = measure_label(indicator.measure, scene)
    scale = "；".join(f"{band.text} {_points_text(band.points_low, band.points_high)}" for band in indicator.bands)
    if isinstance(value, Status):
        low = min(band.points_low for band in indicator.bands)
        high = max(band.points_high for band in indicator.bands)
        trace.check(label, "", scale, value)
        return Scored(Points(low, high, indicator.maximum), value, value.label, scale)
    band = max((each for each in indicator.bands if _on(each, value)), key=lambda each: each.points_high)
    edges = tuple(edge for each in indicator.bands for edge in (each.low, each.high) if edge is not None)
    text = exact_text(value, shape_of(indicator.measure), edges)
    points = Points(band.points_low, band.points_high, indicator.maximum)
    cause = _judged_by_people(band.points_low, band.points_high)
    scored = Scored(points, cause, text, scale, _next_band(indicator, band, value, label))
    trace.check(label, text, band.text, scored.status)
    return scored


def _on(band: Band, value: Exact) -> bool:
    """Both edges belong to the band; the caller takes the higher points (A-02)."""
    if band.low is not None and value.compare(band.low) < 0:
        return False
    return band.high is None or value.compare(band.high) <= 0


def _next_band(indicator: Indicator, band: Band, value: Exact, label: str) -> NextBand | None:
    """The band with the fewest points more, and the edge of it that lies towards the value."""
    better = [each for each in indicator.bands if each.points_high > band.points_high]
    if not better or indicator.measure is None:
        return None
    nearest = min(better, key=lambda each: each.points_high)
    shape = shape_of(indicator.measure)
    below = nearest.low is not None and value.compare(nearest.low) < 0
    edge, sign = (nearest.low, "≥") if below else (nearest.high, "≤")
    if edge is None:  # the value would be on it already
        return None
    points = Points(nearest.points_low, nearest.points_high, indicator.maximum)
    return NextBand(points, f"{label} {sign}{limit_text(edge, shape)}")


def _by_choices(indicator: Indicator, scene: Scene, trace: Trace) -> Scored:
    open_points: list[tuple[Decimal, Decimal]] = []
    causes: set[Status] = set()
    decided = False
    next_band: NextBand | None = None
    for choice in indicator.choices:
        before = len(trace.checks)
        status = Status.MET if choice.test is None else judge(choice.test, scene, trace)
        if decided or status is Status.UNMET:  # judged all the same: every missing fact is named
            if not decided and choice.test is not None:  # choices fall: the last one passed over is the nearest
                next_band = _next_choice(indicator, choice, choice.test, trace.checks[before:])
            continue
        open_points.append((choice.points_low, choice.points_high))
        decided = status is Status.MET
        causes.add(status)
    low, high = min(each[0] for each in open_points), max(each[1] for each in open_points)
    cause = None
    if low != high:
        cause = Status.UNKNOWN if Status.UNKNOWN in causes else Status.MANUAL_REVIEW
    points = Points(low, high, indicator.maximum)
    scale = "、".join(_points_text(choice.points_low, choice.points_high) for choice in indicator.choices)
    shown = "；".join(f"{check.label} {check.value}" for check in trace.checks)
    return Scored(points, cause, shown, f"各档 {scale}", next_band if len(open_points) == 1 else None)


def _next_choice(indicator: Indicator, choice: Choice, test: Test, checks: list[Check]) -> NextBand:
    joint = " 或 " if isinstance(test, AnyOf) else "；"
    wanted = [f"{check.label} {check.threshold}" for check in checks if check.status is not Status.MET]
    return NextBand(Points(choice.points_low, choice.points_high, indicator.maximum), joint.join(wanted))


def _judged_by_people(low: Decimal, high: Decimal) -> Status | None:
    """Points given as a range are for experts to fix (A-29)."""
    return Status.MANUAL_REVIEW if low != high else None


def _points_text(low: Decimal, high: Decimal) -> str:
    return f"{low} 分" if low == high else f"{low}～{high} 分"


def add_up(scored: Iterable[Scored]) -> Points:
    low = high = most = _NONE
    for each in scored:
        low, high, most = low + each.points.low, high + each.points.high, most + each.points.max
    return Points(low, high, most)


def judge_score(scored: list[Scored], limit: Limit) -> Status:
    """Decided only when the whole interval agrees; otherwise unknown while something is missing, else a person."""
    points = add_up(scored)
    if within(limit, points.low):
        return Status.MET
    if not within(limit, points.high):
        return Status.UNMET
    missing = any(each.cause is Status.UNKNOWN for each in scored)
    return Status.UNKNOWN if missing else Status.MANUAL_REVIEW
