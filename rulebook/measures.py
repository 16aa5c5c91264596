"""Exact measuring: shares, growth and sums, compared with thresholds without a division and without rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from rulebook.dictionary import Fact
from rulebook.pack import DaysSince, Growth, Measure, Ref, Share, Total
from rulebook.scene import FactUnreadable, Scene, Trace
from rulebook.status import MANUAL_REVIEW, UNKNOWN, Status
from rulebook.subject import POINT
from rulebook.wording import period_label

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Products of stored figures fit many times over; should one not, it is an error and never a rounded comparison."""

_DISPLAY = Context(prec=28)


@dataclass(slots=True)
class Rational:
    """above ÷ below, below > 0."""

    above: Decimal
    below: Decimal

    def compare(self, threshold: Decimal) -> int:
        """−1, 0 or 1: below, at or above the threshold."""
        return int(EXACT.compare(self.above, EXACT.multiply(threshold, self.below)))

    def display(self) -> Decimal:
        return _DISPLAY.divide(self.above, self.below)


@dataclass(slots=True)
class Compound:
    """sqrt(last ÷ base) − 1, base > 0, last ≥ 0; compared by squaring."""

    last: Decimal
    base: Decimal

    def compare(self, threshold: Decimal) -> int:
        factor = EXACT.add(threshold, Decimal(1))
        if factor < 0:
            return 1
        return int(EXACT.compare(self.last, EXACT.multiply(EXACT.multiply(factor, factor), self.base)))

    def display(self) -> Decimal:
        return _DISPLAY.subtract(_DISPLAY.sqrt(_DISPLAY.divide(self.last, self.base)), Decimal(1))


Exact = Rational | Compound
_ONE = Decimal(1)


def measure(what: Measure, scene: Scene, trace: Trace) -> Exact | Status:
    """The exact value, or unknown (something is missing, or there is no whole) or manual review."""
    return _MEASURES[type(what)](what, scene, trace)


def _ref(what: Ref, scene: Scene, trace: Trace) -> Exact | Status:
    value = scene.number(what, trace)
    return value if isinstance(value, Status) else Rational(value, _ONE)


def _days_since(what: DaysSince, scene: Scene, trace: Trace) -> Exact | Status:
    day = _date(what.fact, scene, trace)
    return day if isinstance(day, Status) else Rational(Decimal((scene.application_date - day).days), _ONE)


def measure_label(what: Measure, scene: Scene) -> str:
    """What is measured, with its year."""
    if isinstance(what, Ref):
        return period_label(what.fact, scene.year_of(what))
    if isinstance(what, Share):
        return f"{measure_label(what.part, scene)}÷{measure_label(what.whole, scene)}"
    if isinstance(what, Total):
        years = sorted(scene.year_of(ref) for ref in what.refs)
        return f"{years[0]}—{years[-1]}年{what.refs[0].fact.label}{'均值' if what.mean else '合计'}"
    if isinstance(what, DaysSince):
        return f"{what.fact.label}至申请日"
    year, fact = scene.year_of(what.at), what.at.fact
    if what.manner == "yearly":
        return f"{year}年{fact.label}增长率"
    manner = "复合增长率" if what.manner == "compound" else "平均增长率"
    return f"{year - 1}—{year}年{fact.label}{manner}"


def _share(what: Share, scene: Scene, trace: Trace) -> Exact | Status:
    part = scene.number(what.part, trace) if type(what.part) is Ref else _amount(what.part, scene, trace)
    whole = scene.number(what.whole, trace) if type(what.whole) is Ref else _amount(what.whole, scene, trace)
    if isinstance(part, Status) or isinstance(whole, Status):
        return _worse(part, whole)
    if whole <= 0:
        trace.undefined = True
        trace.note(f"{measure_label(what.whole, scene)}为 0 或负数，无法计算比例，请核对数据（A-07）")
        return scene.undefined
    return Rational(part, whole)


def _amount(what: Ref | Total, scene: Scene, trace: Trace) -> Decimal | Status:
    """One side of a share; a sum has no denominator of its own."""
    if isinstance(what, Ref):
        return scene.number(what, trace)
    total = _total(what, scene, trace)
    return total.above if isinstance(total, Rational) else total


def _total(what: Total, scene: Scene, trace: Trace) -> Rational | Status:
    refs = what.refs
    if what.since is not None:
        founded = _date(what.since, scene, trace)
        if not isinstance(founded, Status):
            refs = tuple(ref for ref in refs if scene.year_of(ref) >= founded.year)
            if not refs:
                trace.undefined = True
                trace.note(f"{what.since.label}为 {founded}，尚无完整会计年度，无法计算（A-49）")
                return scene.undefined
            if len(refs) < len(what.refs):
                trace.note(f"{what.since.label}为 {founded}，按实际经营的 {len(refs)} 个年度计算（A-49）")
    values = [scene.number(ref, trace) for ref in refs]
    known = [value for value in values if not isinstance(value, Status)]
    if len(known) < len(values):
        return _worse(*values)
    total = Decimal(0)
    for value in known:
        total = EXACT.add(total, value)
    return Rational(total, Decimal(len(known)) if what.mean else _ONE)


def _date(fact: Fact, scene: Scene, trace: Trace) -> date | Status:
    value = scene.read(Ref(fact, None), trace)
    if isinstance(value, Status):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise FactUnreadable(fact.id, POINT, value) from None


def _growth(what: Growth, scene: Scene, trace: Trace) -> Exact | Status:
    """A-04, A-05: growth over a base of zero or less has no meaning and goes to a person."""
    reach = 1 if what.manner == "yearly" else 2
    at = what.at.offset or 0
    refs = [Ref(what.at.fact, at - back) for back in range(reach + 1)]
    values = [scene.number(ref, trace) for ref in refs]
    if what.manner == "hte":
        return _hte_growth(refs, values, scene, trace)
    known = [value for value in values if not isinstance(value, Status)]
    if len(known) < len(values):
        return _worse(*values)
    bases = zip(refs[1:], known[1:], strict=True)
    if what.manner == "compound":
        bases = zip(refs[-1:], known[-1:], strict=True)
    for ref, base in bases:
        if base <= 0:
            trace.note(f"{measure_label(ref, scene)}为 0 或负数，增长率无意义，请人工核定（A-05）")
            return MANUAL_REVIEW
    if what.manner == "yearly":
        return Rational(EXACT.subtract(known[0], known[1]), known[1])
    if what.manner == "compound":
        if known[0] < 0:
            trace.note(f"{measure_label(refs[0], scene)}为负数，复合增长率无意义，请人工核定（A-05）")
            return MANUAL_REVIEW
        return Compound(known[0], known[-1])
    return _mean_growth(*known)


def _hte_growth(refs: list[Ref], values: list[Decimal | Status], scene: Scene, trace: Trace) -> Exact | Status:
    """195号: a second year of 0 gives no points, a first year of 0 leaves the last two (A-05).

    Below 0 a person decides (A-49). Nothing is missing where the second year alone decides.
    """
    last, middle, first = values
    negative = [ref for ref, value in zip(refs, values, strict=True) if not isinstance(value, Status) and value < 0]
    if negative:
        trace.note(f"{measure_label(negative[0], scene)}为负数，增长率无意义，请人工核定（A-49）")
        return MANUAL_REVIEW
    if middle == 0:
        trace.note(f"{measure_label(refs[1], scene)}为 0，按 0 分计算（A-05）")
        return Rational(Decimal(0), _ONE)
    if isinstance(last, Status) or isinstance(middle, Status) or isinstance(first, Status):
        return _worse(*values)
    if first == 0:
        trace.note(f"{measure_label(refs[2], scene)}为 0，按后两年计算（A-05）")
        return Rational(EXACT.subtract(last, middle), middle)
    return _mean_growth(last, middle, first)


def _mean_growth(last: Decimal, middle: Decimal, first: Decimal) -> Rational:
    """((last/middle − 1) + (middle/first − 1)) ÷ 2 on one denominator."""
    below = EXACT.multiply(Decimal(2), EXACT.multiply(middle, first))
    above = EXACT.add(EXACT.multiply(last, first), EXACT.multiply(middle, middle))
    return Rational(EXACT.subtract(above, below), below)


def _worse(*values: Decimal | Status) -> Status:
    """Unknown before manual review: a missing figure comes first (A-36)."""
    return UNKNOWN if UNKNOWN in values else MANUAL_REVIEW


_MEASURES: dict[type, Callable[[Any, Scene, Trace], Exact | Status]] = {
    Ref: _ref,
    Share: _share,
    Growth: _growth,
    Total: _total,
    DaysSince: _days_since,
}
