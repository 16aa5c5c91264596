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

from rulebook.columnar_codes import MANUAL_REVIEW, Codes, Flags, day_number, flags, ordinals, worse
from rulebook.columnar_frame import Frame, Key, Manner
from rulebook.columnar_population import LARGEST, Figures, scale_of
from rulebook.pack import DaysSince, Growth, Measure, Ref, Share, Total
from rulebook.subject import POINT
from rulebook.wording import period_label

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


def _days_since(what: DaysSince, manner: Manner) -> Meter:
    def meter(frame: Frame) -> Measured:
        today = ordinals(np.array([day_number(frame.day.year, frame.day.month, frame.day.day)], np.int32))
        days = (today - ordinals(frame.values(what.fact, POINT))).astype(np.float64)
        return Measured(_Figure(days, 1), frame.gap(what.fact, POINT, manner.only_sources))

    return meter


@dataclass(frozen=True, slots=True)
class _Amount:
    """A figure or a sum of figures, `count` of them; `undefined` where none is left to add up."""

    values: Figures
    gap: Codes | None
    undefined: Flags | None = None
    count: Figures | int = 1


def _amount(what: Ref | Total, manner: Manner, frame: Frame) -> _Amount:
    if isinstance(what, Ref):
        return _Amount(*_read(what, manner, frame))
    if what.since is not None:
        return _sum_since(what, manner, frame)
    total, gap = _read(what.refs[0], manner, frame)
    for ref in what.refs[1:]:
        values, own_gap = _read(ref, manner, frame)
        total, gap = total + values, worse(gap, own_gap)
    return _Amount(total, gap, count=len(what.refs))


def _sum_since(what: Total, manner: Manner, frame: Frame) -> _Amount:
    """A-49: years before that of the date do not count, and nobody misses them."""
    assert what.since is not None  # the caller saw it
    lacking = frame.gap(what.since, POINT, manner.only_sources)
    first_year = frame.values(what.since, POINT) // 10_000
    if lacking is not None:
        first_year = first_year * (lacking == 0)
    total, count = np.zeros(frame.size), np.zeros(frame.size)
    gap: Codes | None = None
    for ref in what.refs:
        counts = frame.year_of(ref) >= first_year
        values, own_gap = _read(ref, manner, frame)
        total += values * counts
        count += counts
        if own_gap is not None:
            gap = worse(gap, own_gap * flags(counts))
            missing = frame.missing(ref.fact, frame.year_of(ref))
            if missing is not None and not manner.silent:
                frame.miss(figure_key(ref, frame.year_of(ref)), counts & (missing != 0))
    undefined = count == 0
    if not undefined.any():
        return _Amount(total, gap, count=count)
    return _Amount(total, _filled(gap, undefined, manner.undefined), undefined, count)


def figure_key(ref: Ref, year: int) -> Key:
    return (ref.fact.id, year, period_label(ref.fact, year), "finding" if ref.fact.type == "finding" else "fact")


def _share(what: Share, manner: Manner) -> Meter:
    def measured(frame: Frame) -> Measured:
        part, whole = _amount(what.part, manner, frame), _amount(what.whole, manner, frame)
        gap, undefined = worse(part.gap, whole.gap), _either(part.undefined, whole.undefined)
        no_whole = whole.values <= 0
        if gap is not None:
            no_whole &= gap == 0
        if no_whole.any():
            gap, undefined = _filled(gap, no_whole, manner.undefined), _either(undefined, no_whole)
        return Measured(_Quotient(frame, part.values, whole.values, LARGEST * _most_refs(what)), gap, undefined)

    if any(isinstance(each, Total) and each.since is not None for each in (what.part, what.whole)):
        return measured  # names what is missing each time it is asked

    def meter(frame: Frame) -> Measured:
        known = (what, manner)
        if known not in frame.memory:
            frame.memory[known] = measured(frame)
        found: Measured = frame.memory[known]
        return found

    return meter


def _most_refs(what: Share) -> int:
    return max(len(each.refs) if isinstance(each, Total) else 1 for each in (what.part, what.whole))


def _either(first: Flags | None, second: Flags | None) -> Flags | None:
    if first is None or second is None:
        return second if first is None else first
    return first | second


def _total(what: Total, manner: Manner) -> Meter:
    parts = scale_of(what.refs[0].fact)

    def meter(frame: Frame) -> Measured:
        total = _amount(what, manner, frame)
        if not what.mean:
            return Measured(_Figure(total.values, parts), total.gap, total.undefined)
        if isinstance(total.count, int):
            return Measured(_Figure(total.values, parts * total.count), total.gap)
        order = _Quotient(frame, total.values, total.count * parts, LARGEST * len(what.refs))
        return Measured(order, total.gap, total.undefined)

    return meter


def _growth(what: Growth, manner: Manner) -> Meter:
    reach = 1 if what.manner == "yearly" else 2
    at = what.at.offset or 0
    refs = [Ref(what.at.fact, at - back) for back in range(reach + 1)]

    def meter(frame: Frame) -> Measured:
        values, gaps = zip(*(_read(ref, manner, frame) for ref in refs), strict=True)
        gap: Codes | None = None
        for each in gaps:
            gap = worse(gap, each)
        last, base = values[0], values[-1]
        if what.manner == "hte":
            return _hte(frame, *values, *gaps)
        meaningless = base <= 0
        if what.manner == "mean":
            meaningless |= values[1] <= 0
        elif what.manner == "compound":
            meaningless |= last < 0
        gap = _filled(gap, meaningless & (gap == 0) if gap is not None else meaningless, MANUAL_REVIEW)
        if what.manner == "yearly":
            return Measured(_Quotient(frame, last, base, LARGEST, shift=1), gap)
        if what.manner == "compound":
            return Measured(_Quotient(frame, last, base, LARGEST, shift=1, power=2), gap)
        return Measured(_mean(last, values[1], base), gap)

    return meter


def _mean(last: Figures, middle: Figures, first: Figures) -> _Mean:
    with np.errstate(divide="ignore", invalid="ignore"):
        late, early = last / middle, middle / first
        return _Mean(last, middle, first, late + early, (np.abs(late) + np.abs(early)) * 2.0**-51)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Per row the first of several orders whose flag is set, else the last."""

    orders: tuple[tuple[Flags, Order], ...]
    otherwise: Order

    def at_least(self, edge: Fraction) -> Flags:
        found = self.otherwise.at_least(edge)
        for flag, order in reversed(self.orders):
            found = (order.at_least(edge) & flag) | (found & ~flag)
        return found

    def above(self, edge: Fraction) -> Flags:
        found = self.otherwise.above(edge)
        for flag, order in reversed(self.orders):
            found = (order.above(edge) & flag) | (found & ~flag)
        return found


def _hte(
    frame: Frame,
    last: Figures,
    middle: Figures,
    first: Figures,
    last_gap: Codes | None,
    middle_gap: Codes | None,
    first_gap: Codes | None,
) -> Measured:
    """195号: below 0 a person decides (A-49), a second year of 0 decides alone, a first year of 0 leaves the last two
    (A-05). A figure with a gap is 0 in its column, so it is never below 0."""
    negative = np.zeros(frame.size, np.bool_)
    for values, own_gap in ((last, last_gap), (middle, middle_gap), (first, first_gap)):
        below = values < 0
        negative |= below if own_gap is None else below & (own_gap == 0)
    stopped = middle == 0 if middle_gap is None else (middle == 0) & (middle_gap == 0)
    gap = worse(worse(last_gap, middle_gap), first_gap)
    if gap is not None:
        gap = gap * flags(~(negative | stopped))
    gap = _filled(gap, negative, MANUAL_REVIEW)
    short = first == 0
    order = _Chosen(
        ((stopped, _Figure(np.zeros(frame.size), 1)), (short, _Quotient(frame, last, middle, LARGEST, shift=1))),
        _mean(last, middle, first),
    )
    return Measured(order, gap)


def _filled(gap: Codes | None, rows: Flags, code: int) -> Codes | None:
    """A further gap, in rows that have none."""
    if not rows.any():
        return gap
    return flags(rows, code) if gap is None else gap | flags(rows, code)


def _read(ref: Ref, manner: Manner, frame: Frame) -> tuple[NDArray[Any], Codes | None]:
    year = frame.year_of(ref)
    return frame.values(ref.fact, year), frame.gap(ref.fact, year, manner.only_sources)


MEASURES: dict[type, Callable[[Any, Manner], Meter]] = {
    Ref: _ref,
    Share: _share,
    Growth: _growth,
    Total: _total,
    DaysSince: _days_since,
}


def refs_of(what: Measure) -> tuple[Ref, ...]:
    """Every fact and year that a measure reads."""
    match what:
        case Ref():
            return (what,)
        case Share():
            return (*refs_of(what.part), *refs_of(what.whole))
        case Total():
            return what.refs if what.since is None else (*what.refs, Ref(what.since, None))
        case DaysSince():
            return (Ref(what.fact, None),)
        case Growth():
            reach = 1 if what.manner == "yearly" else 2
            return tuple(Ref(what.at.fact, (what.at.offset or 0) - back) for back in range(reach + 1))
