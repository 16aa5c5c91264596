"""How values, periods and ages are put into words for people. Display only: nothing is compared here (A-06)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from rulebook.dictionary import Fact, Shape
from rulebook.units import MONEY_UNITS, plain_decimal

_PLACES = range(2, 30, 2)
"""Decimals tried for a figure, two first (A-06); a measured value has 28 digits at most, so the last is all of it."""
_WIDE = Context(prec=100)


def one_of(words: Sequence[str]) -> str:
    """甲、乙或丙; of a single word the word, of none nothing."""
    return "或".join(each for each in ("、".join(words[:-1]), words[-1] if words else "") if each)


def period_label(fact: Fact, year: int) -> str:
    """`2025年研发费用总额`, or the bare label of a fact without years."""
    return f"{year}年{fact.label}" if fact.yearly else fact.label


def shown(shape: Shape, value: Decimal, faithful: Callable[[Decimal], bool] = lambda _: True) -> str:
    """A number with its unit, two decimals; more when rounding would seem to cross a threshold."""
    if shape.type == "money":
        name = "元" if 0 < abs(value) < MONEY_UNITS["万元"] else "万元"  # in 万元 a few yuan would be 0.00
        return f"{_rounded(value, MONEY_UNITS[name], faithful)} {name}"
    if shape.type == "ratio":
        return f"{_rounded(value, Decimal('0.01'), faithful)}%"
    # a count or a year stays as it was written: `3 项`, `9.9 年`; a mean has endless decimals
    text = plain_decimal(value) if _short(value) else _rounded(value, Decimal(1), faithful)
    return f"{text} {shape.unit}" if shape.unit else text


def _short(value: Decimal) -> bool:
    exponent = value.normalize(_WIDE).as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_PLACES.start


def _rounded(value: Decimal, unit: Decimal, faithful: Callable[[Decimal], bool]) -> str:
    scaled = _WIDE.divide(value, unit)
    for places in _PLACES:
        rounded = scaled.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
        if faithful(_WIDE.multiply(rounded, unit)):
            break
    return f"{rounded:,}"


def shown_value(fact: Fact, value: object) -> str:
    """A stored value that is no number, for display."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return f"{len(value)} 条" if value else "无"
    if isinstance(value, dict):
        return "符合" if value.get("decision") == "met" else "不符合"
    return fact.label_of(str(value)) if fact.type == "code" else str(value)


def age(as_of: date | None, day: date) -> str:
    """How old a value is on the day of application."""
    if as_of is None:
        return "数据日期不详"
    if as_of > day:
        return "晚于申请日期的数据"
    months = (day.year - as_of.year) * 12 + day.month - as_of.month - (day.day < as_of.day)
    if months >= 12:
        return f"{months // 12} 年前的数据"
    return f"{months} 个月前的数据" if months else "本月的数据"
