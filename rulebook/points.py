"""Points as intervals, and what scoring keeps of one indicator until somebody reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from rulebook.status import MET, UNMET, Status
from rulebook.units import plain_decimal


class Points(NamedTuple):
    """Scored points, exact when low equals high."""

    low: Decimal
    high: Decimal
    max: Decimal

    @property
    def display(self) -> str:
        low, high = plain_decimal(self.low), plain_decimal(self.high)
        return f"{low} 分" if low == high else f"{low}～{high} 分"


@dataclass(frozen=True, slots=True)
class NextBand:
    """The nearest better band of an indicator: what has to hold to be on it, and the points it earns."""

    points: Points
    reach: str


class Earned:
    """Points of one indicator; `cause` says why an interval is open: unknown (missing) or manual review."""

    __slots__ = ("cause", "high", "low", "most", "status")

    def __init__(self, low: Decimal, high: Decimal, most: Decimal, cause: Status | None) -> None:
        self.low, self.high, self.most, self.cause = low, high, most, cause
        self.status = cause or (MET if low > 0 else UNMET)

    @property
    def points(self) -> Points:
        return Points(self.low, self.high, self.most)


def _nothing(_: object) -> None:
    return None


class Teller(NamedTuple):
    """Puts what was kept into words: value and scale, and the nearest better band where there is one."""

    words: Callable[[Any], tuple[str, str]]
    better: Callable[[Any], NextBand | None] = _nothing


Scored = tuple[Earned, Teller, Any]
"""What one indicator came to for one subject, who can put it into words, and what that takes."""
