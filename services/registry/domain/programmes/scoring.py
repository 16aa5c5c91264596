"""A weighted scorecard: shares of what was assigned, and the places that follow. What is missing is never zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

TASKS = "tasks"
"""The line of a scorecard that is no target: the share of a unit's due tasks that are closed."""
WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Mark:
    """One line for one assignee. `applies` is false where nothing was assigned: the weight then goes to the others."""

    line: str
    label: str
    weight: Decimal
    wanted: Decimal | None
    attained: Decimal | None
    applies: bool
    missing: str = ""

    @property
    def share(self) -> Decimal | None:
        """From 0 to 1; doing more than was assigned earns no more."""
        if not self.applies or self.wanted is None or self.attained is None or self.wanted == 0:
            return None
        return min(self.attained / self.wanted, Decimal(1))

    @property
    def points(self) -> Decimal | None:
        return None if self.share is None else _rounded(self.weight * self.share)


@dataclass(frozen=True, slots=True)
class Card:
    """All lines of one assignee."""

    assignee: str
    name: str
    marks: tuple[Mark, ...]

    @property
    def missing(self) -> str:
        """Why there is no total: an applicable line without a number."""
        lacking = [
            f"{mark.label}：{mark.missing or '没有数据'}" for mark in self.marks if mark.applies and mark.share is None
        ]
        return "；".join(lacking) or ("" if any(mark.applies for mark in self.marks) else "没有分解到任何目标或任务")

    @property
    def total(self) -> Decimal | None:
        """Of 100, over the lines that apply."""
        if self.missing:
            return None
        shares = [(mark.weight, mark.share) for mark in self.marks if mark.applies and mark.share is not None]
        weights = sum((weight for weight, _ in shares), Decimal(0))
        return _rounded(sum((weight * share for weight, share in shares), Decimal(0)) * WHOLE / weights)


@dataclass(frozen=True, slots=True)
class Placed:
    """A card with its place; equal totals share it, and who has no total has none."""

    card: Card
    place: int | None


def placed(cards: Sequence[Card]) -> list[Placed]:
    """The best first, then those without a total, by name."""
    totals = sorted((card.total for card in cards if card.total is not None), reverse=True)
    found = [Placed(card, None if card.total is None else totals.index(card.total) + 1) for card in cards]
    return sorted(found, key=lambda each: (each.place is None, each.place or 0, each.card.assignee))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
