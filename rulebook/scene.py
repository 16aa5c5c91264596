"""What one evaluation reads from, and the trace it leaves.

Rules are compiled (rulebook.evaluate) into functions of a scene; what is the same for everybody stands in their basis.
A trace is a plain list of small tuples, its events, in the order in which they happened: judging keeps the values as
they were, rulebook.trace puts them into words when somebody reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.pack import Ref
from rulebook.status import MANUAL_REVIEW, UNKNOWN, Status
from rulebook.subject import POINT, FactValue, Subject
from rulebook.wording import period_label

_LARGEST_EXPONENT = 40
_LARGEST_INTEGER = 10 ** (_LARGEST_EXPONENT + 1)


class FactUnreadable(ValueError):
    """A stored value is not in canonical form: it should have been refused when it was recorded."""

    def __init__(self, fact_id: str, year: int, value: object) -> None:
        super().__init__(f"事实 {fact_id}（{year}）的值“{value}”格式不正确，请重新登记")
        self.fact_id, self.year, self.value = fact_id, year, value


Event = tuple[Any, ...]
"""A kind and what belongs to it: (READ, (fact, year), held), (CHECK, words, status, value, note), both of them in one
(ASKED, (fact, year), words, status, held), (NOTE, text) or (NOTE, words, value), (MISS, fact id, label, year, kind of
what is missing), where a fact given as its own label is named with the year, (LEDGER, names of the titles looked for,
entries that were found), and (END,) after each line of a pack."""

READ, CHECK, ASKED, NOTE, MISS, END, LEDGER = range(7)
END_OF_LINE: Event = (END,)

Words = Callable[[Any], tuple[str, str, str]]
"""Label, value and threshold of a comparison, from the value that was compared."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What is the same for every subject while a test is judged.

    `year` is that of the application; t is the last complete one before it (A-03). `only_sources` are the sources that
    count, `undefined` is what a share without a whole comes to (A-07).
    """

    year: int
    only_sources: frozenset[str] = frozenset()
    undefined: Status = UNKNOWN

    @property
    def fiscal_year(self) -> int:
        return self.year - 1

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        year = self.year + ref.offset
        return year if ref.fact.year_of == "calendar" else year - 1


class Scene:
    """One subject on one application date, with the trace of what was looked at.

    `undefined`: a share without a whole was met with (A-07).
    """

    __slots__ = ("day", "facts", "subject", "trace", "undefined")

    def __init__(self, subject: Subject, day: date) -> None:
        self.subject, self.facts, self.day = subject, subject.facts, day
        self.trace: list[Event] = []
        self.undefined = False

    def note(self, text: str) -> None:
        self.trace.append((NOTE, text))


Judge = Callable[[Scene], Status]
Number = Decimal | int


Lacking = Callable[[Scene, FactValue | None], Status]


def lacking(fact: Fact, year: int, basis: Basis) -> Lacking:
    """Says why a value does not count: unknown when it is missing, manual review when its source may not count.

    To be asked where there is no value, or `only_sources` do not name its source. Whoever reads sees to that himself:
    a call for every fact would cost as much as the comparison.
    """
    place = (fact, year)
    missed: Event = (MISS, fact.id, fact, year, "finding" if fact.type == "finding" else "fact")
    accepted = "、".join(SOURCE_KINDS[kind] for kind in sorted(basis.only_sources))
    about = f"{period_label(fact, year)}只认可{accepted}的数据，现为"
    numeric = fact.type in NUMERIC

    def say(scene: Scene, held: FactValue | None) -> Status:
        if held is None or held.value is None:
            scene.trace.append(missed)
            return UNKNOWN
        scene.trace.append((READ, place, held))
        if numeric:
            exact_decimal(fact.id, year, held.value)  # unreadable is unreadable, whoever said it
        scene.note(f"{about}{SOURCE_KINDS.get(held.source, held.source)}，请人工核实")
        return MANUAL_REVIEW

    return say


def reader(fact: Fact, year: int, basis: Basis) -> Callable[[Scene], object]:
    """Gives the stored value, or why it does not count."""
    key, place, only, lack = (fact.id, year), (fact, year), basis.only_sources, lacking(fact, year, basis)

    def read(scene: Scene) -> object:
        held = scene.facts.get(key)
        if held is None or held.value is None or (only and held.source not in only):
            return lack(scene, held)
        scene.trace.append((READ, place, held))
        return held.value

    return read


def number_reader(ref: Ref, basis: Basis) -> Callable[[Scene], Number | Status]:
    """As `reader`, of figures."""
    fact, year = ref.fact, basis.year_of(ref)
    key, place, only, lack = (fact.id, year), (fact, year), basis.only_sources, lacking(fact, year, basis)

    def number(scene: Scene) -> Number | Status:
        held = scene.facts.get(key)
        if held is None or held.value is None or (only and held.source not in only):
            return lack(scene, held)
        scene.trace.append((READ, place, held))
        figure = held.number
        return figure_of(key, held) if figure is None else figure

    return number


def figure_of(key: tuple[str, int], held: FactValue) -> Number:
    """The figure, kept with its text: many lines and packs ask for it."""
    value = held.value
    if type(value) is int and -_LARGEST_INTEGER < value < _LARGEST_INTEGER:
        held.number = value
        return value
    figure = held.number = exact_decimal(key[0], key[1], value)
    return figure


def date_reader(fact: Fact, basis: Basis) -> Callable[[Scene], date | Status]:
    read = reader(fact, POINT, basis)

    def day(scene: Scene) -> date | Status:
        value = read(scene)
        if isinstance(value, Status):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise FactUnreadable(fact.id, POINT, value) from None

    return day


def exact_decimal(fact_id: str, year: int, value: object) -> Decimal:
    if type(value) is not str and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise FactUnreadable(fact_id, year, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise FactUnreadable(fact_id, year, value) from None
    if number.is_finite() and -_LARGEST_EXPONENT <= number.adjusted() <= _LARGEST_EXPONENT:
        return number
    raise FactUnreadable(fact_id, year, value)
