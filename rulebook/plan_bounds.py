"""What figures can come to: wholes above their parts, years that have ended, what the days left of a year can bring.

The dictionary says of which facts another is a part, also of facts that a pack does not read (`possible_of`). A draft
that would need more than its bounds is none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from rulebook.dictionary import NUMERIC, Dictionary, Fact
from rulebook.parts import excesses
from rulebook.plan_time import Clock, FactKey
from rulebook.subject import FactValue

Facts = Mapping[FactKey, FactValue]

STEEP = Fraction(1, 2)
"""A yearly figure that has to more than double, or to fall by more than half, is hardly reached, however long the year.
A planning assumption of ours, no rule: such steps are said to be so, and routes that need one come after those that
need none."""


@dataclass(frozen=True, slots=True)
class Possible:
    """What cannot be otherwise, whether or not a pack reads it.

    `within`: fact id → ids of the facts of the same year that it never exceeds. `broken`: what contradicts itself in
    the facts as far as the given keys have a part in it, in words.
    """

    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broken: Callable[[Facts, Collection[FactKey]], Iterable[str]] = lambda facts, touched: ()


def possible_of(dictionary: Dictionary) -> Possible:
    """Parts within their wholes, as the registry holds to them too."""

    def broken(facts: Facts, touched: Collection[FactKey]) -> Iterator[str]:
        for year in sorted({year for _, year in touched}):

            def value_of(fact_id: str, year: int = year) -> object:
                held = facts.get((fact_id, year))
                return None if held is None else held.value

            ids = sorted(fact_id for fact_id, of in touched if of == year)
            yield from (each.message for each in excesses(dictionary, year, ids, value_of))

    return Possible({fact.id: fact.wholes for fact in dictionary if fact.wholes}, broken)


@dataclass(frozen=True, slots=True)
class Bounds:
    """On one day: `wholes` are the facts that a fact never exceeds, by id; `recorded` what is really on record."""

    clock: Clock
    recorded: frozenset[FactKey]
    wholes: Mapping[str, tuple[str, ...]]
    paced: frozenset[str]
    """Ids of the facts that take a year to come about."""

    def frozen(self, fact_id: str, year: int) -> bool:
        return self.clock.history(None, year) and (fact_id, year) in self.recorded

    def pace(self, key: FactKey, facts: Facts) -> Fraction | None:
        """By how much a figure of the running year can still move; None where that is not limited.

        At the pace of the year before, or of the figure itself where that year is not known: an amount that flows and
        a stock at the end of the year alike.
        """
        fact_id, year = key
        if fact_id not in self.paced or not self.clock.running(year):
            return None
        known = (facts.get((fact_id, year - 1)), facts.get(key))
        last = next((held.value for held in known if held is not None and held.value is not None), None)
        return None if last is None else abs(Fraction(str(last))) * self.clock.share_left

    def most(self, key: FactKey, facts: Facts) -> Fraction | None:
        """What the figure can rise to in its year; None where that is not limited."""
        held = facts.get(key)
        if held is None or held.value is None:
            return None
        if self.frozen(*key):
            return Fraction(str(held.value))
        pace = self.pace(key, facts)
        return None if pace is None else Fraction(str(held.value)) + max(pace, least_move(held.value))

    def ceiling(self, fact: Fact, year: int, facts: Facts) -> Fraction | None:
        """The least of what its wholes can rise to."""
        tops = [self.most((whole, year), facts) for whole in _above(fact.id, self.wholes)]
        return min((each for each in tops if each is not None), default=None)

    def parts(self, fact: Fact, year: int, facts: Facts) -> list[Fraction]:
        """What is part of the figure: it cannot fall below."""
        held = [facts.get((part, year)) for part, wholes in self.wholes.items() if fact.id in wholes]
        return [Fraction(str(each.value)) for each in held if each is not None and each.value is not None]


def least_move(value: object) -> Fraction:
    """Nobody is a tenth of a person: what is counted can always move by one."""
    return Fraction(int(isinstance(value, int)))


def bounds_of(facts: Iterable[Fact], clock: Clock, recorded: frozenset[FactKey], possible: Possible) -> Bounds:
    """The bounds on one day for the facts of a pack."""
    known = list(facts)
    wholes: dict[str, tuple[str, ...]] = {fact_id: tuple(ids) for fact_id, ids in possible.within.items()}
    for fact in known:
        if fact.wholes:
            wholes[fact.id] = tuple(dict.fromkeys((*wholes.get(fact.id, ()), *fact.wholes)))
    own = {fact.id for fact in known if takes_a_year(fact)}
    lifted = {whole for fact_id in own for whole in _above(fact_id, wholes)}
    return Bounds(clock, recorded, wholes, frozenset(own | lifted))


def _above(fact_id: str, wholes: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Every whole of a fact and of its wholes."""
    found: set[str] = set()
    rising = [fact_id]
    while rising:
        for each in wholes.get(rising.pop(), ()):
            if each not in found:
                found.add(each)
                rising.append(each)
    return found


def takes_a_year(fact: Fact) -> bool:
    """Whether the figure comes about in the course of a fiscal year, as an amount or as where it stands at the end."""
    return fact.yearly and fact.year_of == "fiscal" and fact.type in NUMERIC and not fact.elapses


def steep(fact: Fact | None, before: object, value: object) -> bool:
    """Whether a yearly figure has to more than double, or to fall by more than half.

    Of nothing there is no double: only an amount of money that has to come out of nothing is a leap.
    """
    if fact is None or not takes_a_year(fact) or before is None or value is None:
        return False
    was, then = Fraction(str(before)), Fraction(str(value))
    if was <= 0:
        return fact.type == "money" and then > 0
    return abs(then - was) / max(was, then) > STEEP
