"""Figures that cannot be true together: a part above its whole, as the dictionary's `part_of` says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rulebook.dictionary import Dictionary, Fact
from rulebook.wording import period_label, shown


@dataclass(frozen=True, slots=True)
class Excess:
    """A part above its whole. `fiscal_year` is 0 for facts as of a date; the amounts are in the facts' unit."""

    part: Fact
    whole: Fact
    fiscal_year: int
    part_amount: Decimal
    whole_amount: Decimal

    @property
    def message(self) -> str:
        """What was found and what is expected."""
        over = shown(self.part, self.part_amount - self.whole_amount)
        return f"{self.found}，应不超过{self.expected}，多出 {over}。{self.reason}。"

    @property
    def found(self) -> str:
        return f"{period_label(self.part, self.fiscal_year)} {self.part_shown}"

    @property
    def expected(self) -> str:
        return f"{period_label(self.whole, self.fiscal_year)} {self.whole_shown}"

    @property
    def reason(self) -> str:
        return reason(self.part, self.whole)

    @property
    def part_shown(self) -> str:
        return shown(self.part, self.part_amount, lambda rounded: rounded > self.whole_amount)

    @property
    def whole_shown(self) -> str:
        return shown(self.whole, self.whole_amount, lambda rounded: rounded < self.part_amount)


def reason(part: Fact, whole: Fact) -> str:
    """Why the one cannot be more than the other."""
    return f"{part.label}是{whole.label}的一部分"


def excess(part: Fact, whole: Fact, fiscal_year: int, part_value: object, whole_value: object) -> Excess | None:
    """The part above the whole, or None. A value that is missing, or no figure, says nothing."""
    if part_value is None or whole_value is None:
        return None
    part_amount, whole_amount = _amount(part_value), _amount(whole_value)
    if part_amount is None or whole_amount is None or part_amount <= whole_amount:
        return None
    return Excess(part, whole, fiscal_year, part_amount, whole_amount)


def _amount(value: object) -> Decimal | None:
    """Of a canonical value, which Decimal reads as it stands."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def excesses(
    dictionary: Dictionary, fiscal_year: int, touched: Iterable[str], value_of: Callable[[str], object]
) -> Iterator[Excess]:
    """Every part above its whole in one period of which a `touched` fact is either; each pair once.

    `value_of` gives the canonical value of a fact in that period, None where there is none. Parts and wholes are taken
    on one basis (A-24): the basis is one for all staff, for all accounts, for all property of a year.
    """
    pairs = {(part.id, whole.id): (part, whole) for each in touched for part, whole in dictionary.parts.get(each, ())}
    for part, whole in pairs.values():
        found = excess(part, whole, fiscal_year, value_of(part.id), value_of(whole.id))
        if found is not None:
            yield found
