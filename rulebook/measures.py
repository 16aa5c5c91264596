"""Exact measuring: shares, growth and sums, compared with thresholds without rounding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from rulebook.pack import DaysSince, Growth, Measure, Ref, Share, Total
from rulebook.scene import Basis, Number, Scene, date_reader, number_reader
from rulebook.status import MANUAL_REVIEW, UNKNOWN, Status
from rulebook.wording import period_label

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Products of stored figures fit many times over; should one not, it is an error and never a rounded comparison."""

_DISPLAY = Context(prec=28)
_divide, _subtract = _DISPLAY.divide, EXACT.subtract
"""Bound once: they are asked for most."""
_ONE = Decimal(1)


class Rational:
    """above ÷ below, below > 0."""

    __slots__ = ("above", "below", "quotient")

    def __init__(self, above: Number, below: Number) -> None:
        self.above, self.below = above, below
        self.quotient = _divide(above, below)

    def compare(self, threshold: Decimal) -> int:
        """−1, 0 or 1: below, at or above the threshold.

        Rounding keeps order, and no threshold has more digits than the quotient is rounded to: rounded it lies on the
        side where it is, or on the threshold, and only then the products have to be compared.
        """
        if self.quotient > threshold:
            return 1
        if self.quotient < threshold:
            return -1
        return int(EXACT.compare(self.above, EXACT.multiply(threshold, self.below)))

    def display(self) -> Decimal:
        return self.quotient


@dataclass(slots=True)
class Compound:
    """sqrt(last ÷ base) − 1, base > 0, last ≥ 0; compared by squaring."""

    last: Number
    base: Number

    def compare(self, threshold: Decimal) -> int:
        factor = EXACT.add(threshold, _ONE)
        if factor < 0:
            return 1
        return int(EXACT.compare(self.last, EXACT.multiply(EXACT.multiply(factor, factor), self.base)))

    def display(self) -> Decimal:
        return _DISPLAY.subtract(_DISPLAY.sqrt(_DISPLAY.divide(self.last, self.base)), _ONE)


Exact = Number | Rational | Compound
Meter = Callable[[Scene], Exact | Status]
"""Gives the exact value, or unknown (something is missing, or there is no whole) or manual review."""


def compare(value: Exact, threshold: Decimal) -> int:
    """−1, 0 or 1: below, at or above the threshold."""
    if isinstance(value, Decimal | int):
        return (value > threshold) - (value < threshold)
    return value.compare(threshold)


def display(value: Exact) -> Decimal:
    return _DISPLAY.divide(value, 1) if isinstance(value, Decimal | int) else value.display()


def is_figure(what: Measure) -> bool:
    """Whether it is measured as a plain number, which compares as it is."""
    return isinstance(what, Ref | DaysSince) or (isinstance(what, Total) and not what.mean)


def compile_measure(what: Measure, basis: Basis) -> Meter:
    return _MEASURES[type(what)](what, basis)


def measure_label(what: Measure, basis: Basis) -> str:
    """What is measured, with its year."""
    if isinstance(what, Ref):
        return period_label(what.fact, basis.year_of(what))
    if isinstance(what, Share):
        return f"{measure_label(what.part, basis)}÷{measure_label(what.whole, basis)}"
    if isinstance(what, Total):
        years = sorted(basis.year_of(ref) for ref in what.refs)
        return f"{years[0]}—{years[-1]}年{what.refs[0].fact.label}{'均值' if what.mean else '合计'}"
    if isinstance(what, DaysSince):
        return f"{what.fact.label}至申请日"
    year, fact = basis.year_of(what.at), what.at.fact
    if what.manner == "yearly":
        return f"{year}年{fact.label}增长率"
    manner = "复合增长率" if what.manner == "compound" else "平均增长率"
    return f"{year - 1}—{year}年{fact.label}{manner}"


def _days_since(what: DaysSince, basis: Basis) -> Meter:
    read = date_reader(what.fact, basis)

    def days(scene: Scene) -> Number | Status:
        day = read(scene)
        return day if isinstance(day, Status) else (scene.day - day).days

    return days


def _share(what: Share, basis: Basis) -> Meter:
    part_of, whole_of = _amount(what.part, basis), _amount(what.whole, basis)
    undefined = basis.undefined
    no_whole = f"{measure_label(what.whole, basis)}为 0 或负数，无法计算比例，请核对数据"

    def share(scene: Scene) -> Rational | Status:
        part, whole = part_of(scene), whole_of(scene)
        if isinstance(part, Status) or isinstance(whole, Status):
            return _worse(part, whole)
        if whole <= 0:
            scene.undefined = True
            scene.note(no_whole)
            return undefined
        return Rational(part, whole)

    return share


def _amount(what: Ref | Total, basis: Basis) -> Callable[[Scene], Number | Status]:
    """One side of a share; a sum has no denominator of its own."""
    if isinstance(what, Ref):
        return number_reader(what, basis)
    total_of = _total(what, basis)

    def amount(scene: Scene) -> Number | Status:
        total = total_of(scene)
        return total.above if isinstance(total, Rational) else total

    return amount


def _total(what: Total, basis: Basis) -> Callable[[Scene], Number | Rational | Status]:
    readers = tuple((basis.year_of(ref), number_reader(ref, basis)) for ref in what.refs)
    if what.since is None:
        every = [read for _, read in readers]
        return lambda scene: _added_up(every, scene, mean=what.mean)
    since, founded_on = what.since, date_reader(what.since, basis)

    def total_since(scene: Scene) -> Number | Rational | Status:
        founded = founded_on(scene)
        if isinstance(founded, Status):
            return _added_up([read for _, read in readers], scene, mean=what.mean)
        counted = [read for year, read in readers if year >= founded.year]
        if not counted:
            scene.undefined = True
            scene.note(f"{since.label}为 {founded}，尚无完整会计年度，无法计算")
            return basis.undefined
        if len(counted) < len(readers):
            scene.note(f"{since.label}为 {founded}，按实际经营的 {len(counted)} 个年度计算")
        return _added_up(counted, scene, mean=what.mean)

    return total_since


def _added_up(
    readers: list[Callable[[Scene], Number | Status]], scene: Scene, *, mean: bool
) -> Number | Rational | Status:
    values = [read(scene) for read in readers]
    known = [value for value in values if not isinstance(value, Status)]
    if len(known) < len(values):
        return _worse(*values)
    total = Decimal(0)
    for value in known:
        total = EXACT.add(total, value)
    return Rational(total, len(known)) if mean else total


def _growth(what: Growth, basis: Basis) -> Meter:
    """A-04, A-05: growth over a base of zero or less has no meaning and goes to a person."""
    if what.manner == "yearly":
        return _yearly_growth(what.at, basis)
    at = what.at.offset or 0
    refs = [Ref(what.at.fact, at - back) for back in range(3)]
    readers = [number_reader(ref, basis) for ref in refs]
    labels = [measure_label(ref, basis) for ref in refs]
    grown = _GROWTHS[what.manner]

    def growth(scene: Scene) -> Exact | Status:
        return grown([read(scene) for read in readers], labels, scene)

    return growth


def _yearly_growth(at: Ref, basis: Basis) -> Meter:
    before = Ref(at.fact, (at.offset or 0) - 1)
    last_of, base_of, label = number_reader(at, basis), number_reader(before, basis), measure_label(before, basis)

    def growth(scene: Scene) -> Exact | Status:
        last, base = last_of(scene), base_of(scene)
        if isinstance(last, Status) or isinstance(base, Status):
            return _worse(last, base)
        if base <= 0:
            return _no_growth(label, scene)
        return Rational(_subtract(last, base), base)

    return growth


def _compound_growth(values: list[Number | Status], labels: list[str], scene: Scene) -> Exact | Status:
    last, middle, base = values
    if isinstance(last, Status) or isinstance(middle, Status) or isinstance(base, Status):
        return _worse(*values)
    if base <= 0:
        return _no_growth(labels[2], scene)
    if last < 0:
        scene.note(f"{labels[0]}为负数，复合增长率无意义，请人工核定")
        return MANUAL_REVIEW
    return Compound(last, base)


def _mean_growth(values: list[Number | Status], labels: list[str], scene: Scene) -> Exact | Status:
    last, middle, first = values
    if isinstance(last, Status) or isinstance(middle, Status) or isinstance(first, Status):
        return _worse(*values)
    for label, base in zip(labels[1:], (middle, first), strict=True):
        if base <= 0:
            return _no_growth(label, scene)
    return _mean_of(last, middle, first)


def _no_growth(label: str, scene: Scene) -> Status:
    scene.note(f"{label}为 0 或负数，增长率无意义，请人工核定")
    return MANUAL_REVIEW


def _hte_growth(values: list[Number | Status], labels: list[str], scene: Scene) -> Exact | Status:
    """195号: a second year of 0 gives no points, a first year of 0 leaves the last two (A-05).

    Below 0 a person decides (A-49). Nothing is missing where the second year alone decides.
    """
    last, middle, first = values
    for label, value in zip(labels, values, strict=True):
        if not isinstance(value, Status) and value < 0:
            scene.note(f"{label}为负数，增长率无意义，请人工核定")
            return MANUAL_REVIEW
    if middle == 0:
        scene.note(f"{labels[1]}为 0，按 0 分计算")
        return Rational(0, 1)
    if isinstance(last, Status) or isinstance(middle, Status) or isinstance(first, Status):
        return _worse(*values)
    if first == 0:
        scene.note(f"{labels[2]}为 0，按后两年计算")
        return Rational(_subtract(last, middle), middle)
    return _mean_of(last, middle, first)


def _mean_of(last: Number, middle: Number, first: Number) -> Rational:
    """((last/middle − 1) + (middle/first − 1)) ÷ 2 on one denominator."""
    below = EXACT.multiply(2, EXACT.multiply(middle, first))
    above = EXACT.add(EXACT.multiply(last, first), EXACT.multiply(middle, middle))
    return Rational(_subtract(above, below), below)


def _worse(*values: Number | Status) -> Status:
    """Unknown before manual review: a missing figure comes first (A-36)."""
    return UNKNOWN if UNKNOWN in values else MANUAL_REVIEW


_GROWTHS: dict[str, Callable[[list[Number | Status], list[str], Scene], Exact | Status]] = {
    "mean": _mean_growth,
    "compound": _compound_growth,
    "hte": _hte_growth,
}
_MEASURES: dict[type, Callable[[Any, Basis], Meter]] = {
    Ref: number_reader,
    Share: _share,
    Growth: _growth,
    Total: _total,
    DaysSince: _days_since,
}
