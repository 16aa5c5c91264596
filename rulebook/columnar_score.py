"""Points of a whole population, as intervals of whole parts of a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Codes, Flags, flags
from rulebook.columnar_frame import Frame, Key, Manner
from rulebook.columnar_judge import compile_test
from rulebook.columnar_measures import compile_measure
from rulebook.columnar_population import SOURCES
from rulebook.pack import Band, Choice, Grade, Indicator, Limit, Measure, Ref
from rulebook.wording import period_label

Parts = NDArray[Any]
"""Points times `PointScale.parts`, in the smallest unsigned type that holds the pack's total."""


@dataclass(frozen=True, slots=True)
class PointScale:
    """How points become whole numbers: `parts` of them to one point."""

    parts: int
    dtype: np.dtype[Any]

    @staticmethod
    def of(indicators: tuple[Indicator, ...]) -> PointScale:
        points = [each.maximum for each in indicators]
        for indicator in indicators:
            points.append(indicator.each_points)
            for step in _steps_of(indicator):
                points += [step.points_low, step.points_high]
        parts = 10 ** max((-int(each.normalize().as_tuple().exponent) for each in points), default=0)
        parts = max(parts, 1)
        most = sum((max((each.maximum, *_highs(each))) for each in indicators), Decimal(0)) * parts
        return PointScale(parts, np.min_scalar_type(int(most)))

    @property
    def most(self) -> int:
        return int(np.iinfo(self.dtype).max)

    def of_points(self, points: Decimal) -> int:
        return int(points * self.parts)

    def full(self, size: int, points: Decimal) -> Parts:
        return np.full(size, self.of_points(points), self.dtype)


def _steps_of(indicator: Indicator) -> tuple[Band | Choice | Grade, ...]:
    scales = (band for scale in indicator.better_of for band in scale.bands)
    return (*indicator.bands, *scales, *indicator.choices, *indicator.grades)


def _highs(indicator: Indicator) -> list[Decimal]:
    return [step.points_high for step in _steps_of(indicator)]


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The points of one indicator in a frame's rows; `status` as the traced evaluator gives it."""

    low: Parts
    high: Parts
    status: Codes


Scorer = Callable[[Frame], ScoredRows]


def compile_indicator(indicator: Indicator, scale: PointScale) -> Scorer:
    manner = Manner(only_sources=indicator.only_sources)
    computed = _computed(indicator, scale, manner)
    return computed if indicator.expert is None else _with_expert(indicator, indicator.expert, computed, scale)


def _computed(indicator: Indicator, scale: PointScale, manner: Manner) -> Scorer:
    if indicator.slot:  # the province fills it
        return _open_between(Decimal(0), indicator.maximum, scale)
    if indicator.better_of:
        return _by_better(indicator, scale, manner)
    if indicator.each:
        return _by_each(indicator, scale, manner)
    if indicator.choices:
        return _by_choices(indicator, scale, manner)
    if indicator.grades:
        low = min(each.points_low for each in indicator.grades)
        return _open_between(low, max(each.points_high for each in indicator.grades), scale)
    assert indicator.measure is not None  # the compiler pairs bands with a measure
    return _by_bands(indicator.measure, indicator.bands, scale, manner)


def _with_expert(indicator: Indicator, expert: Ref, computed: Scorer, scale: PointScale) -> Scorer:
    """A-29: the experts' number takes the place of the range it lies in; one outside of it a person settles."""
    fact, most = expert.fact, int(indicator.maximum)

    def score(frame: Frame) -> ScoredRows:
        found = computed(frame)
        year = frame.year_of(expert)
        column = frame.column(fact, year)
        lacking = np.ones(frame.size, np.bool_)
        counts = np.zeros(frame.size, np.bool_)
        given = np.zeros(frame.size, scale.dtype)
        if column is not None:
            rows = slice(frame.start, frame.stop)
            lacking = column.gap[rows] != 0
            counts = ~lacking & (column.source[rows] == SOURCES["official_finding"])
            points = column.values[rows]
            beyond = counts & ((points < 0) | (points > most))  # should not have been recorded
            if beyond.any():
                frame.trace_rows(beyond)
            given = (np.clip(points, 0, most) * scale.parts).astype(scale.dtype)
        frame.miss(expert_key(expert, year), lacking & (found.low != found.high))
        if not counts.any():
            return found
        within = counts & (found.low <= given) & (given <= found.high)
        outside = counts & ~within
        low, high = found.low.copy(), found.high.copy()
        low[counts] = np.where(within, given, np.minimum(given, low))[counts]
        high[counts] = np.where(within, given, np.maximum(given, high))[counts]
        status = found.status.copy()
        status[within] = flags(given > 0, MET)[within]
        status[outside & (status != UNKNOWN)] = MANUAL_REVIEW
        return ScoredRows(low, high, status)

    return score


def expert_key(expert: Ref, year: int) -> Key:
    return (expert.fact.id, year, period_label(expert.fact, year), "finding")


def _open_between(low: Decimal, high: Decimal, scale: PointScale) -> Scorer:
    """Nothing is measured: the whole range stays for people to fix."""

    def score(frame: Frame) -> ScoredRows:
        return ScoredRows(
            scale.full(frame.size, low), scale.full(frame.size, high), np.full(frame.size, MANUAL_REVIEW, np.uint8)
        )

    return score


@dataclass(frozen=True, slots=True)
class _Step:
    """From this edge on (with it, or only above it) the points are others: by how much, modulo the dtype."""

    edge: Fraction
    with_edge: bool
    low: int
    high: int


def _by_bands(what: Measure, bands: tuple[Band, ...], scale: PointScale, manner: Manner) -> Scorer:
    meter = compile_measure(what, manner)
    lowest, highest = _extent(bands, scale)
    (first_low, first_high), steps = _steps(bands, scale)
    ranges = any(band.points_low != band.points_high for band in bands)
    modulo = 1 << (8 * scale.dtype.itemsize)
    floor_edge, ceiling_edge = _limits(bands)

    def score(frame: Frame) -> ScoredRows:
        measured = meter(frame)
        order, gap = measured.order, measured.gap
        low = np.full(frame.size, first_low, scale.dtype)
        high = np.full(frame.size, first_high, scale.dtype) if ranges else low
        for step in steps:
            passed = order.at_least(step.edge) if step.with_edge else order.above(step.edge)
            low += passed * scale.dtype.type(step.low % modulo)
            if ranges:
                high += passed * scale.dtype.type(step.high % modulo)
        _trace_uncovered(frame, order, gap, floor_edge, ceiling_edge)
        status = flags(low > 0, MET)
        if ranges:
            status = np.where(low == high, status, np.uint8(MANUAL_REVIEW))
        if gap is None:
            return ScoredRows(low, high, status)
        known = gap == 0
        open_ = ~known
        return ScoredRows(
            low * known + open_ * scale.dtype.type(lowest),
            high * known + open_ * scale.dtype.type(highest),
            status * flags(known) | gap,
        )

    return score


def _trace_uncovered(
    frame: Frame, order: Any, gap: Codes | None, floor_edge: Fraction | None, ceiling_edge: Fraction | None
) -> None:
    """A value outside of every band should not have been recorded; the traced evaluator says so."""
    outside: Flags | None = None
    if floor_edge is not None:
        outside = ~order.at_least(floor_edge)
    if ceiling_edge is not None:
        beyond = order.above(ceiling_edge)
        outside = beyond if outside is None else outside | beyond
    if outside is None:
        return
    if gap is not None:
        outside &= gap == 0
    if outside.any():
        frame.trace_rows(outside)


def _limits(bands: tuple[Band, ...]) -> tuple[Fraction | None, Fraction | None]:
    lows, highs = [band.low for band in bands], [band.high for band in bands]
    lowest = None if None in lows else Fraction(min(low for low in lows if low is not None))
    highest = None if None in highs else Fraction(max(high for high in highs if high is not None))
    return lowest, highest


def _extent(bands: tuple[Band, ...], scale: PointScale) -> tuple[int, int]:
    return (
        scale.of_points(min(band.points_low for band in bands)),
        scale.of_points(max(band.points_high for band in bands)),
    )


def _steps(bands: tuple[Band, ...], scale: PointScale) -> tuple[tuple[int, int], list[_Step]]:
    """The points below the lowest edge and how they change from edge to edge.

    Bands touch (the compiler of packs sees to it), so that on an edge the points are those of one side.
    """

    def points(value: Fraction) -> tuple[int, int]:
        fitting = [
            band
            for band in bands
            if (band.low is None or value > band.low or (value == band.low and not band.above))
            and (band.high is None or value <= band.high)
        ]
        if not fitting:  # outside of every band: such rows are traced
            return (0, 0)
        best = max(fitting, key=lambda band: band.points_high)
        return scale.of_points(best.points_low), scale.of_points(best.points_high)

    edges = sorted({Fraction(edge) for band in bands for edge in (band.low, band.high) if edge is not None})
    between = [
        edges[0] - 1,
        *((lower + upper) / 2 for lower, upper in pairwise(edges)),
        edges[-1] + 1,
    ]
    steps = []
    for position, edge in enumerate(edges):
        before, on, after = points(between[position]), points(edge), points(between[position + 1])
        change = (after[0] - before[0], after[1] - before[1])
        if change != (0, 0):
            steps.append(_Step(edge, on == after, *change))
    return points(between[0]), steps


def _by_better(indicator: Indicator, scale: PointScale, manner: Manner) -> Scorer:
    """The scale that gives more; one that is missing leaves open only what it could still add (A-10)."""
    scorers = [_by_bands(each.measure, each.bands, scale, manner) for each in indicator.better_of]

    def score(frame: Frame) -> ScoredRows:
        found = [scorer(frame) for scorer in scorers]
        low, high = found[0].low, found[0].high
        for each in found[1:]:
            low, high = np.maximum(low, each.low), np.maximum(high, each.high)
        unknown = np.zeros(frame.size, np.bool_)
        for each in found:
            unknown |= (each.status == UNKNOWN) & (each.high > low)
        return ScoredRows(low, high, _interval_status(low, high, unknown))

    return score


def _by_each(indicator: Indicator, scale: PointScale, manner: Manner) -> Scorer:
    """Points for every test that holds, together at most the maximum."""
    judges = [compile_test(test, manner) for test in indicator.each]
    points = [
        scale.of_points(min(indicator.maximum, count * indicator.each_points)) for count in range(len(judges) + 1)
    ]
    table = np.array(points, scale.dtype)

    def score(frame: Frame) -> ScoredRows:
        held, possible = np.zeros(frame.size, np.uint8), np.zeros(frame.size, np.uint8)
        unknown = np.zeros(frame.size, np.bool_)
        for judge in judges:
            codes = judge(frame)
            held += codes == MET
            possible += codes != UNMET
            unknown |= codes == UNKNOWN
        low, high = table[held], table[possible]
        return ScoredRows(low, high, _interval_status(low, high, unknown))

    return score


def _interval_status(low: Parts, high: Parts, unknown: Flags) -> Codes:
    """Met when points were earned; open while the ends differ: something missing before a person (A-36)."""
    open_ = low != high
    return flags(~open_ & (low > 0), MET) | flags(open_ & unknown, UNKNOWN) | flags(open_ & ~unknown, MANUAL_REVIEW)


def _by_choices(indicator: Indicator, scale: PointScale, manner: Manner) -> Scorer:
    choices = [
        (
            None if choice.test is None else compile_test(choice.test, manner),
            scale.of_points(choice.points_low),
            scale.of_points(choice.points_high),
        )
        for choice in indicator.choices
    ]
    top = 1 << (8 * scale.dtype.itemsize)

    def score(frame: Frame) -> ScoredRows:
        """`low` and `high` over the choices still possible, down to the first that is met."""
        size = frame.size
        low, high = np.full(size, top - 1, scale.dtype), np.zeros(size, scale.dtype)
        undecided = np.ones(size, np.bool_)
        unknown = np.zeros(size, np.bool_)
        for judge, points_low, points_high in choices:
            possible = undecided
            if judge is not None:
                codes = judge(frame)  # looked at all the same: every missing fact is named
                possible = undecided & (codes != UNMET)
                unknown |= undecided & (codes == UNKNOWN)
                undecided = undecided & (codes != MET)
            else:
                undecided = np.zeros(size, np.bool_)
            offered = possible.astype(scale.dtype)
            high = np.maximum(high, offered * scale.dtype.type(points_high))
            low = np.minimum(low, ~(offered * scale.dtype.type(top - 1 - points_low)))
        return ScoredRows(low, high, _interval_status(low, high, unknown))

    return score


def judge_total(
    scored: list[ScoredRows], low: NDArray[Any], high: NDArray[Any], limit: Limit, scale: PointScale
) -> Codes:
    """Decided only when the whole interval agrees; otherwise unknown while something is missing, else a person."""
    reached = _reaches(low, limit, scale)
    open_ = ~reached & _reaches(high, limit, scale)
    status = flags(reached, MET)
    if not open_.any():
        return status
    missing = np.zeros(len(low), np.bool_)
    for each in scored:
        missing |= each.status == UNKNOWN
    return status | flags(open_ & missing, UNKNOWN) | flags(open_ & ~missing, MANUAL_REVIEW)


def _reaches(points: NDArray[Any], limit: Limit, scale: PointScale) -> Flags:
    edge = Fraction(limit.value) * scale.parts
    bound = ceil(edge) if limit.operator == ">=" else floor(edge) + 1
    if bound > scale.most:
        return np.zeros(len(points), np.bool_)
    found: Flags = points >= bound
    return found


def add_up(points: list[Parts], size: int, scale: PointScale, cap: Decimal | None = None) -> Parts:
    """The sum, held down to the cap of the group."""
    total = np.zeros(size, scale.dtype)
    for each in points:
        total += each
    return total if cap is None else np.minimum(total, scale.dtype.type(min(scale.of_points(cap), scale.most)))
