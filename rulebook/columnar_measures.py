"""Measures of a whole population, compared exactly.

A share part ÷ whole is at least p/q when part·q ≥ p·whole (whole > 0); growth over one year is a share compared with
1 + p/q, compound growth one compared with (1 + p/q)². Columns hold integers up to LARGEST, so products with factors
up to 256 are exact in doubles; larger factors take int64, and rows that could overflow it the traced evaluator.

The mean of two growth rates has products of two figures. There doubles only filter: last÷middle + middle÷first is
computed with an error below the margin given in `_Mean`, and the rows within the margin are decided with Python's
integers, which have no bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MANUAL_REVIEW, Codes, Flags, flags, worse
from rulebook.columnar_frame import Frame, Manner
from rulebook.columnar_population import LARGEST, Figures, scale_of
from rulebook.pack import Growth, Measure, Ref, Share, Total

_EXACT_IN_DOUBLES = 2**53
_EXACT_IN_INT64 = 2**63 - 1


class Order(Protocol):
    """Values that can be compared with an exact threshold; meaningless where there is a gap."""

    def at_least(self, edge: Fraction) -> Flags: ...

    def above(self, edge: Fraction) -> Flags: ...


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of a frame's rows. `undefined` are rows whose share has no whole (A-07)."""

    order: Order
    gap: Codes | None
    undefined: Flags | None = None


Meter = Callable[[Frame], Measured]


@dataclass(frozen=True, slots=True)
class _Figure:
    """Whole numbers, `parts` of them to one."""

    values: Figures
    parts: int

    def at_least(self, edge: Fraction) -> Flags:
        return self.values >= float(ceil(edge * self.parts))

    def above(self, edge: Fraction) -> Flags:
        return self.values > float(floor(edge * self.parts))


@dataclass(frozen=True, slots=True)
class _Quotient:
    """above ÷ below, below > 0, compared with `shift` + the threshold, raised to `power`."""

    frame: Frame
    above_: Figures
    below: Figures
    largest: int
    shift: int = 0
    power: int = 1

    def at_least(self, edge: Fraction) -> Flags:
        return self._compare(edge, np.greater_equal)

    def above(self, edge: Fraction) -> Flags:
        return self._compare(edge, np.greater)

    def _compare(self, edge: Fraction, operator: Callable[..., Any]) -> Flags:
        factor = edge + self.shift
        if self.power > 1 and factor < 0:  # a root is never negative
            return np.ones(len(self.above_), np.bool_)
        factor = factor**self.power
        over, under = factor.numerator, factor.denominator
        above, below = self.above_, self.below
        most = max(abs(over), under) * self.largest
        if most > _EXACT_IN_DOUBLES:
            return self._compare_wide(over, under, operator)
        left = above if under == 1 else above * float(under)
        right = below if over == 1 else below * float(over)
        found: Flags = operator(left, right)
        return found

    def _compare_wide(self, over: int, under: int, operator: Callable[..., Any]) -> Flags:
        rows = len(self.above_)
        if max(abs(over), under) > _EXACT_IN_INT64:
            self.frame.trace_rows(np.ones(rows, np.bool_))
            return np.zeros(rows, np.bool_)
        bound = _EXACT_IN_INT64 // max(abs(over), under)
        if bound < self.largest:
            self.frame.trace_rows((np.abs(self.above_) > bound) | (np.abs(self.below) > bound))
        with np.errstate(over="ignore"):
            found: Flags = operator(
                self.above_.astype(np.int64) * np.int64(under), self.below.astype(np.int64) * np.int64(over)
            )
        return found


@dataclass(frozen=True, slots=True)
class _Mean:
    """((last÷middle − 1) + (middle÷first − 1)) ÷ 2, middle and first > 0.

    With u = 2⁻⁵³: each quotient of exact figures is off by at most u of itself, their sum by at most u of itself more,
    and the threshold, a rounded fraction, by u of itself. All of it is below 4u(|last÷middle| + middle÷first + |edge|).
    """

    last: Figures
    middle: Figures
    first: Figures
    total: Figures
    margin: Figures

    def at_least(self, edge: Fraction) -> Flags:
        return self._compare(edge, least=True)

    def above(self, edge: Fraction) -> Flags:
        return self._compare(edge, least=False)

    def _compare(self, edge: Fraction, *, least: bool) -> Flags:
        sum_of_factors = 2 * edge + 2
        target = float(sum_of_factors)
        distance = self.total - target
        holds = distance >= 0
        near = np.abs(distance) <= self.margin + abs(target) * 2.0**-51
        for row in np.flatnonzero(near).tolist():
            last, middle, first = int(self.last[row]), int(self.middle[row]), int(self.first[row])
            if middle <= 0 or first <= 0:
                continue  # a gap
            left = (last * first + middle * middle) * sum_of_factors.denominator
            right = sum_of_factors.numerator * middle * first
            holds[row] = left >= right if least else left > right
        return holds


def compile_measure(what: Measure, manner: Manner) -> Meter:
    return MEASURES[type(what)](what, manner)


def _ref(what: Ref, manner: Manner) -> Meter:
    parts = scale_of(what.fact)

    def meter(frame: Frame) -> Measured:
        year = frame.year_of(what)
        return Measured(_Figure(frame.values(what.fact, year), parts), frame.gap(what.fact, year, manner.only_sources))

    return meter


def _share(what: Share, manner: Manner) -> Meter:
    def meter(frame: Frame) -> Measured:
        known = ("share", what.part.fact.id, what.part.offset, what.whole.fact.id, what.whole.offset, manner)
        if known not in frame.memory:
            frame.memory[known] = measured(frame)
        found: Measured = frame.memory[known]
        return found

    def measured(frame: Frame) -> Measured:
        (part, part_gap), (whole, whole_gap) = (_read(ref, manner, frame) for ref in (what.part, what.whole))
        gap = worse(part_gap, whole_gap)
        return _over_whole(frame, part, whole, gap, manner, LARGEST)

    return meter


def _over_whole(
    frame: Frame, part: Figures, whole: Figures, gap: Codes | None, manner: Manner, largest: int
) -> Measured:
    """part ÷ whole; a whole of zero or less has no share (A-07)."""
    undefined = whole <= 0
    if gap is not None:
        undefined &= gap == 0
    if not undefined.any():
        return Measured(_Quotient(frame, part, whole, largest), gap)
    lacks = flags(undefined, manner.undefined)
    return Measured(_Quotient(frame, part, whole, largest), lacks if gap is None else gap | lacks, undefined)


def _total(what: Total, manner: Manner) -> Meter:
    parts = scale_of(what.refs[0].fact) * (len(what.refs) if what.mean else 1)

    def meter(frame: Frame) -> Measured:
        total, gap = _sum(what.refs, manner, frame)
        return Measured(_Figure(total, parts), gap)

    return meter


def _sum(refs: tuple[Ref, ...], manner: Manner, frame: Frame) -> tuple[Figures, Codes | None]:
    total, gap = _read(refs[0], manner, frame)
    for ref in refs[1:]:
        values, own_gap = _read(ref, manner, frame)
        total, gap = total + values, worse(gap, own_gap)
    return total, gap


def _growth(what: Growth, manner: Manner) -> Meter:
    reach = 1 if what.manner == "yearly" else 2
    at = what.at.offset or 0
    refs = [Ref(what.at.fact, at - back) for back in range(reach + 1)]

    def meter(frame: Frame) -> Measured:
        values, gap = [], None
        for ref in refs:
            figures, own_gap = _read(ref, manner, frame)
            values.append(figures)
            gap = worse(gap, own_gap)
        last, base = values[0], values[-1]
        meaningless = base <= 0
        if what.manner == "mean":
            meaningless |= values[1] <= 0
        elif what.manner == "compound":
            meaningless |= last < 0
        gap = _for_people(gap, meaningless)
        if what.manner == "yearly":
            return Measured(_Quotient(frame, last, base, LARGEST, shift=1), gap)
        if what.manner == "compound":
            return Measured(_Quotient(frame, last, base, LARGEST, shift=1, power=2), gap)
        with np.errstate(divide="ignore", invalid="ignore"):
            late, early = last / values[1], values[1] / base
            total = late + early
            margin = (np.abs(late) + np.abs(early)) * 2.0**-51
        return Measured(_Mean(last, values[1], base, total, margin), gap)

    return meter


def _for_people(gap: Codes | None, rows: Flags) -> Codes | None:
    """A further reason for review, where nothing is missing."""
    if not rows.any():
        return gap
    return flags(rows, MANUAL_REVIEW) if gap is None else gap | flags(rows & (gap == 0), MANUAL_REVIEW)


def _read(ref: Ref, manner: Manner, frame: Frame) -> tuple[NDArray[Any], Codes | None]:
    year = frame.year_of(ref)
    return frame.values(ref.fact, year), frame.gap(ref.fact, year, manner.only_sources)


MEASURES: dict[type, Callable[[Any, Manner], Meter]] = {Ref: _ref, Share: _share, Growth: _growth, Total: _total}


def refs_of(what: Measure) -> tuple[Ref, ...]:
    """Every fact and year that a measure reads."""
    match what:
        case Ref():
            return (what,)
        case Share():
            return (what.part, what.whole)
        case Total():
            return what.refs
        case Growth():
            reach = 1 if what.manner == "yearly" else 2
            return tuple(Ref(what.at.fact, (what.at.offset or 0) - back) for back in range(reach + 1))
