"""Points of a whole population, as intervals of whole parts of a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Codes, Flags, flags
from rulebook.columnar_frame import Frame, Manner
from rulebook.columnar_judge import compile_test
from rulebook.columnar_measures import compile_measure
from rulebook.pack import Band, Indicator, Limit

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
            for step in (*indicator.bands, *indicator.choices):
                points += [step.points_low, step.points_high]
        parts = 10 ** max((-int(each.normalize().as_tuple().exponent) for each in points), default=0)
        parts = max(parts, 1)
        most = sum((max(each.maximum, *_highs(each)) for each in indicators), Decimal(0)) * parts
        return PointScale(parts, np.min_scalar_type(int(most)))

    def of_points(self, points: Decimal) -> int:
        return int(points * self.parts)

    def full(self, size: int, points: Decimal) -> Parts:
        return np.full(size, self.of_points(points), self.dtype)


def _highs(indicator: Indicator) -> list[Decimal]:
    return [step.points_high for step in (*indicator.bands, *indicator.choices)] or [indicator.maximum]


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """The points of one indicator in a frame's rows; `status` as the traced evaluator gives it."""

    low: Parts
    high: Parts
    status: Codes


Scorer = Callable[[Frame], ScoredRows]


def compile_indicator(indicator: Indicator, scale: PointScale) -> Scorer:
    manner = Manner(only_sources=indicator.only_sources)
    if indicator.slot:
        return _slot(indicator, scale)
    if indicator.bands:
        return _by_bands(indicator, scale, manner)
    return _by_choices(indicator, scale, manner)


def _slot(indicator: Indicator, scale: PointScale) -> Scorer:
    """A-11: the province fills it."""

    def score(frame: Frame) -> ScoredRows:
        return ScoredRows(
            np.zeros(frame.size, scale.dtype),
            scale.full(frame.size, indicator.maximum),
            np.full(frame.size, MANUAL_REVIEW, np.uint8),
        )

    return score


@dataclass(frozen=True, slots=True)
class _Step:
    """From this edge on (with it, or only above it) the points are others: by how much, modulo the dtype."""

    edge: Fraction
    with_edge: bool
    low: int
    high: int


def _by_bands(indicator: Indicator, scale: PointScale, manner: Manner) -> Scorer:
    assert indicator.measure is not None  # the compiler pairs bands with a measure
    meter = compile_measure(indicator.measure, manner)
    lowest, highest = _extent(indicator.bands, scale)
    (first_low, first_high), steps = _steps(indicator.bands, scale)
    ranges = any(band.points_low != band.points_high for band in indicator.bands)
    modulo = 1 << (8 * scale.dtype.itemsize)
    floor_edge, ceiling_edge = _limits(indicator.bands)

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
            if (band.low is None or value >= band.low) and (band.high is None or value <= band.high)
        ]
        if not fitting:  # outside of every band: such rows are traced
            return (0, 0)
        best = max(fitting, key=lambda band: band.points_high)
        return scale.of_points(best.points_low), scale.of_points(best.points_high)

    edges = sorted({Fraction(edge) for band in bands for edge in (band.low, band.high) if edge is not None})
    between = [edges[0] - 1, *((lower + upper) / 2 for lower, upper in zip(edges, edges[1:], strict=False)), edges[-1] + 1]
    steps = []
    for position, edge in enumerate(edges):
        before, on, after = points(between[position]), points(edge), points(between[position + 1])
        change = (after[0] - before[0], after[1] - before[1])
        if change != (0, 0):
            steps.append(_Step(edge, on == after, *change))
    return points(between[0]), steps


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
        open_ = low != high
        status = flags(~open_ & (low > 0), MET) | flags(open_ & unknown, UNKNOWN)
        return ScoredRows(low, high, status | flags(open_ & ~unknown, MANUAL_REVIEW))

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
    if bound > np.iinfo(scale.dtype).max:
        return np.zeros(len(points), np.bool_)
    found: Flags = points >= bound
    return found


def add_up(scored: list[Parts], size: int, scale: PointScale) -> Parts:
    total = np.zeros(size, scale.dtype)
    for each in scored:
        total += each
    return total
