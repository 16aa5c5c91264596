"""Figures in the steps that people write, and the search for the least step that suffices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from zlib import crc32

from rulebook.dictionary import Fact
from rulebook.pack import Growth, Ref, Share
from rulebook.plan_walk import refs_of
from rulebook.units import MONEY_UNITS, money_text, plain_decimal
from rulebook.values import Value

STEPS = {"money": Decimal(100), "integer": Decimal(1), "number": Decimal("0.01"), "ratio": Decimal("0.0001")}
"""The unit people write: amounts in 万元 with two decimals, shares with two decimals of a percent."""

WAN = MONEY_UNITS["万元"]
WORTH = Fraction(1, 10)
"""Nobody plans a move of 0.01 万元: an amount moves by 1 万元 at least, or by 0.1 where that is more than this part of
what is on file. How plans are told is a convention of ours, no rule; a threshold that is farther off stays exact."""

THOUSANDFOLD = 1000
FEWEST = 10_000_000
"""How far a figure is looked for: a thousandfold, and from nothing to ten million steps (10 亿元)."""


def levers(measure: object) -> list[tuple[Ref, bool]]:
    """Figures that may rise, and whether they may fall: a whole is not shrunk for a share, nor a base for growth."""
    if isinstance(measure, Share):
        parts, wholes = refs_of(measure.part), refs_of(measure.whole)
        return [(ref, True) for ref in parts] + [(ref, False) for ref in wholes if ref not in parts]
    if isinstance(measure, Growth):
        return [(measure.at, False)]  # more in a year before makes growth of what falls again after it
    return [(ref, True) for ref in refs_of(measure)]


def read_by(measure: object, refs: list[Ref]) -> list[Ref]:
    """The figures that the measure reads: growth also reads the years before."""
    found = list(refs)
    for each in refs:
        if isinstance(measure, Growth) and each == measure.at:
            reach = 1 if measure.manner == "yearly" else 2
            found += [replace(each, offset=(each.offset or 0) - back) for back in range(1, reach + 1)]
    return found


def on_grid(fact: Fact, before: Fraction, direction: int, steps: int) -> Decimal:
    """The value `steps` steps away, on the grid of what people write; 0 steps is the value itself."""
    step = Fraction(STEPS.get(fact.type, Decimal(1)))
    start = floor(before / step) if direction > 0 else ceil(before / step)
    exact = (start + direction * steps) * step
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def least_worth(fact: Fact, on_file: Fraction) -> int:
    """The fewest steps away from what is on file that are worth planning."""
    step = Fraction(STEPS.get(fact.type, Decimal(1)))
    if fact.type != "money":
        return 1
    whole = not on_file or Fraction(WAN) <= abs(on_file) * WORTH
    unit = Fraction(WAN) / (1 if whole else 10)
    return ceil(unit / step) + (on_file % step != 0)


def least(suffices: Callable[[int], bool], farthest: int) -> int | None:
    """The smallest number of steps that suffices: doubled until it does, then halved in between."""
    if farthest < 1 or not suffices(farthest):
        return None
    high = 1
    while high < farthest and not suffices(high):
        high *= 2
    low, high = high // 2, min(high, farthest)
    while high - low > 1:
        middle = (low + high) // 2
        if suffices(middle):
            high = middle
        else:
            low = middle
    return high


def canonical(fact: Fact, value: Decimal) -> Value:
    if fact.type == "integer":
        return int(value)
    return money_text(value) if fact.type == "money" else plain_decimal(value)


def distance(before: Fraction, after: Fraction) -> Fraction:
    """How far, as a part of the larger figure: between 0 and 2, the same for 元 and 万元."""
    most = max(abs(before), abs(after))
    return abs(after - before) / most if most else Fraction(0)


def hash_of(text: str) -> int:
    """A number that is the same in every process: the hash of a text is not."""
    return crc32(text.encode())
