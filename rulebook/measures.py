"""Exact measuring: shares, growth and sums, compared with thresholds without a division and without rounding."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

from rulebook.pack import Growth, Measure, Ref, Share, Total
from rulebook.scene import Scene, Trace
from rulebook.status import Status
from rulebook.wording import period_label

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Products of stored figures fit many times over; should one not, it is an error and never a rounded comparison."""

_DISPLAY = Context(prec=28)


@dataclass(frozen=True, slots=True)
class Rational:
    """above ÷ below, below > 0."""

    above: Decimal
    below: Decimal

    def compare(self, threshold: Decimal) -> int:
        """−1, 0 or 1: below, at or above the threshold."""
        return int(EXACT.compare(self.above, EXACT.multiply(threshold, self.below)))

    def display(self) -> Decimal:
        return _DISPLAY.divide(self.above, self.below)


@dataclass(frozen=True, slots=True)
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
    if isinstance(what, Ref):
        value = scene.number(what, trace)
        return value if isinstance(value, Status) else Rational(value, _ONE)
    if isinstance(what, Share):
        return _share(what, scene, trace)
    if isinstance(what, Total):
        return _total(what, scene, trace)
    return _growth(what, scene, trace)


def measure_label(what: Measure, scene: Scene) -> str:
    """What is measured, with its year."""
    if isinstance(what, Ref):
        return period_label(what.fact, scene.year_of(what))
    if isinstance(what, Share):
        return f"{measure_label(what.part, scene)}÷{measure_label(what.whole, scene)}"
    if isinstance(what, Total):
        years = sorted(scene.year_of(ref) for ref in what.refs)
        return f"{years[0]}—{years[-1]}年{what.refs[0].fact.label}{'均值' if what.mean else '合计'}"
    year, fact = scene.year_of(what.at), what.at.fact
    if what.manner == "yearly":
        return f"{year}年{fact.label}增长率"
    manner = "平均增长率" if what.manner == "mean" else "复合增长率"
    return f"{year - 1}—{year}年{fact.label}{manner}"


def _share(what: Share, scene: Scene, trace: Trace) -> Exact | Status:
    part, whole = scene.number(what.part, trace), scene.number(what.whole, trace)
    if isinstance(part, Status) or isinstance(whole, Status):
        return _worse(part, whole)
    if whole <= 0:
        trace.undefined = True
        trace.note(f"{measure_label(what.whole, scene)}为 0 或负数，无法计算比例，请核对数据（A-07）")
        return scene.undefined
    return Rational(part, whole)


def _total(what: Total, scene: Scene, trace: Trace) -> Exact | Status:
    values = [scene.number(ref, trace) for ref in what.refs]
    known = [value for value in values if not isinstance(value, Status)]
    if len(known) < len(values):
        return _worse(*values)
    total = Decimal(0)
    for value in known:
        total = EXACT.add(total, value)
    return Rational(total, Decimal(len(known)) if what.mean else _ONE)


def _growth(what: Growth, scene: Scene, trace: Trace) -> Exact | Status:
    """A-04, A-05: growth over a base of zero or less has no meaning and goes to a person."""
    reach = 1 if what.manner == "yearly" else 2
    at = what.at.offset or 0
    refs = [Ref(what.at.fact, at - back) for back in range(reach + 1)]
    values = [scene.number(ref, trace) for ref in refs]
    known = [value for value in values if not isinstance(value, Status)]
    if len(known) < len(values):
        return _worse(*values)
    bases = zip(refs[1:], known[1:], strict=True)
    if what.manner == "compound":
        bases = zip(refs[-1:], known[-1:], strict=True)
    for ref, base in bases:
        if base <= 0:
            trace.note(f"{measure_label(ref, scene)}为 0 或负数，增长率无意义，请人工核定（A-05）")
            return Status.MANUAL_REVIEW
    if what.manner == "yearly":
        return Rational(EXACT.subtract(known[0], known[1]), known[1])
    if what.manner == "compound":
        if known[0] < 0:
            trace.note(f"{measure_label(refs[0], scene)}为负数，复合增长率无意义，请人工核定（A-05）")
            return Status.MANUAL_REVIEW
        return Compound(known[0], known[-1])
    last, middle, first = known
    # ((last/middle − 1) + (middle/first − 1)) ÷ 2 on one denominator
    below = EXACT.multiply(Decimal(2), EXACT.multiply(middle, first))
    above = EXACT.add(EXACT.multiply(last, first), EXACT.multiply(middle, middle))
    return Rational(EXACT.subtract(above, below), below)


def _worse(*values: Decimal | Status) -> Status:
    """Unknown before manual review: a missing figure comes first (A-36)."""
    return Status.UNKNOWN if Status.UNKNOWN in values else Status.MANUAL_REVIEW
