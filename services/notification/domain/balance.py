"""Who gets the next enterprise: the most specific area first, then the lightest load, then a fixed order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.notification.domain.areas import specificity


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commissioner who serves: `load` active assignments, `weight` the share of a full post (1 is a full one)."""

    code: str
    areas: tuple[str, ...]
    load: int
    weight: Decimal


def choose(candidates: Iterable[Candidate], district: str | None) -> Candidate | None:
    """The commissioner for an enterprise in `district`; null when nobody serves it.

    Giving each enterprise to the smallest load/weight keeps any two of the same area within one enterprise per
    weight of each other. Equal loads go to the greater weight, then to the smaller code.
    """
    ranked = [(specificity(each.areas, district), each) for each in candidates]
    serving = [(digits, each) for digits, each in ranked if digits]
    if not serving:
        return None
    closest = max(digits for digits, _ in serving)
    return min((each for digits, each in serving if digits == closest), key=_order)


def _order(candidate: Candidate) -> tuple[Fraction, Decimal, str]:
    return Fraction(candidate.load) / Fraction(candidate.weight), -candidate.weight, candidate.code
