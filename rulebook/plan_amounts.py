"""Figures as people write them, for plans: a step shown is never too short."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from rulebook.dictionary import Fact
from rulebook.units import MONEY_UNITS, plain_decimal


def amount(fact: Fact, value: object) -> str:
    """A figure as people write it: 万元 with at most two decimals, no trailing zeros."""
    number = Decimal(str(value))
    if fact.type == "money":
        wan = number / MONEY_UNITS["万元"]
        return f"{trimmed(wan)} 万元"
    if fact.type == "ratio":
        return f"{trimmed(number * 100)}%"
    text = plain_decimal(number)
    return f"{text} {fact.unit}" if fact.unit else text


def trimmed(value: Decimal) -> str:
    """Two decimals at most, rounded up when there are more: a step shown is never too short."""
    rounded = value.quantize(Decimal("0.01"), ROUND_CEILING)
    whole, _, rest = f"{rounded:,f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole}.{rest}" if rest else whole
