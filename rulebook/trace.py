"""A line's trace in words: what was read, what was compared, what is missing, what a person should note.

Found when somebody reads it, from the values that were kept when it was judged: most assessments are made to see that
nothing changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.measures import Exact
from rulebook.scene import ASKED, CHECK, END, LEDGER, MISS, NOTE, READ, Event, Words, exact_decimal
from rulebook.standing import shown_title
from rulebook.status import Status
from rulebook.subject import POINT, REGISTER, FactValue, Title
from rulebook.wording import age, period_label, shown, shown_value


@dataclass(frozen=True, slots=True)
class Input:
    """A value that was read: what, of which year, from where, how old."""

    fact_id: str
    label: str
    fiscal_year: int
    period_label: str
    value: object
    display: str
    unit: str | None
    source: str
    source_label: str
    as_of: date | None
    recorded_at: datetime | None
    age: str


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison inside a condition."""

    label: str
    value: str
    threshold: str
    status: Status
    note: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not there. Kind: fact, finding (a person decides), title or size.

    `blocking` is true when a condition stays undecided for want of it.
    """

    fact_id: str
    label: str
    fiscal_year: int
    kind: str
    conditions: tuple[str, ...] = ()
    blocking: bool = False


MissingKey = tuple[str, int, str]
"""Fact id, year and label: what makes two missing things the same."""


class Leaf(NamedTuple):
    """How one comparison came out, and what it was missing."""

    status: Status
    lacking: frozenset[MissingKey]


def lines_of(trace: Iterable[Event]) -> Iterator[list[Event]]:
    """The trace of an evaluation, line by line."""
    line: list[Event] = []
    for event in trace:
        if event[0] is END:
            yield line
            line = []
        else:
            line.append(event)


def checks_of(trace: Iterable[Event]) -> tuple[Check, ...]:
    found = []
    for kind, *rest in trace:
        if kind is CHECK:
            found.append(_check(*rest))
        elif kind is ASKED:
            _, words, status, held = rest
            found.append(_check(words, status, held.value))
    return tuple(found)


def leaves_of(trace: Iterable[Event]) -> tuple[Leaf, ...]:
    """As `checks_of`, without words: what is missing is noted before the comparison that it was needed for."""
    found: list[Leaf] = []
    lacking: set[MissingKey] = set()
    for kind, *rest in trace:
        if kind is MISS:
            lacking.add(_missing_key(*rest[:3]))
        elif kind is CHECK or kind is ASKED:
            found.append(Leaf(rest[1] if kind is CHECK else rest[2], frozenset(lacking)))
            lacking.clear()
    return tuple(found)


def _missing_key(fact_id: str, name: Fact | str, year: int) -> MissingKey:
    return fact_id, year, name if isinstance(name, str) else period_label(name, year)


def _check(words: Words, status: Status, compared: object, note: str = "") -> Check:
    label, value, threshold = words(compared)
    return Check(label, value or status.label, threshold, status, note)


def inputs_of(trace: Iterable[Event], day: date) -> tuple[Input, ...]:
    """Every value once, in the order in which they were first read."""
    found: dict[tuple[object, ...], Input] = {}
    for kind, *rest in trace:
        if kind is READ or kind is ASKED:
            (fact, year), held = rest[0], rest[-1]
            if (fact.id, year) not in found:
                found[(fact.id, year)] = _input(fact, year, held, day)
        elif kind is LEDGER:
            names, titles = rest
            for title in titles or (None,):
                found.setdefault((TITLES_HELD, title, None if title else names), _title_input(names, title, day))
    return tuple(found.values())


def missing_of(trace: Iterable[Event]) -> tuple[Missing, ...]:
    found: dict[MissingKey, Missing] = {}
    for kind, *rest in trace:
        if kind is MISS:
            key = _missing_key(*rest[:3])
            found[key] = Missing(key[0], key[2], key[1], rest[3])
    return tuple(found.values())


def notes_of(trace: Iterable[Event]) -> tuple[str, ...]:
    said = (rest for kind, *rest in trace if kind is NOTE)
    return tuple(dict.fromkeys(text[0] if len(text) == 1 else text[0](text[1]) for text in said))


def kept_of(trace: Iterable[Event]) -> list[object]:
    """What the words of a line follow from, in plain types: equal where two assessments by one pack read alike.

    A figure that was computed follows from the values that were read, so only its status is told; putting it into words
    costs more than judging the line. What depends on the day or on the ledger is told as it is shown.
    """
    found: list[object] = []
    read: set[tuple[str, int]] = set()
    for kind, *rest in trace:
        if kind is READ or kind is ASKED:
            (fact, year), held = rest[0], rest[-1]
            if (fact.id, year) not in read:
                read.add((fact.id, year))
                found.append([fact.id, year, held.value, held.source])
            if kind is ASKED:
                found.append(rest[2].value)
        elif kind is CHECK:
            words, status, compared, note = rest
            computed = compared is None or isinstance(compared, Exact)
            found.append([status.value, note] if computed else [status.value, *words(compared), note])
        elif kind is LEDGER:
            found.append([rest[0], [_entry(title) for title in rest[1]]])
        elif kind is MISS:
            fact_id, name, year, what = rest
            found.append([what, fact_id, year, name if isinstance(name, str) else ""])
        elif kind is NOTE:
            found.append(rest[0] if len(rest) == 1 else rest[0](rest[1]))
    return found


def checks_text(checks: Iterable[Check]) -> str:
    """Several comparisons on one line; a figure that was compared more than once is told once."""
    return "；".join(dict.fromkeys(f"{each.label} {each.value}" for each in checks))


TITLES_HELD, _LEDGER = "titles", "title_ledger"
_SOURCES = {**SOURCE_KINDS, REGISTER: "企业登记信息", _LEDGER: "称号台账"}


def _title_input(names: str, title: Title | None, day: date) -> Input:
    """An entry of the title ledger, as of its certificate or its cancelling; none where the ledger has none."""
    as_of = None if title is None else title.cancelled_on or title.valid_from
    value = [] if title is None else [_entry(title)]
    return Input(
        fact_id=TITLES_HELD,
        label="已有称号",
        fiscal_year=POINT,
        period_label=f"称号台账（{names}）",
        value=value,
        display="无" if title is None else shown_title(title),
        unit=None,
        source=_LEDGER,
        source_label=_SOURCES[_LEDGER],
        as_of=as_of,
        recorded_at=None,
        age=age(as_of, day),
    )


_OF_A_TITLE = ("code", "state", "valid_from", "valid_to", "cancelled_on", "ban")


def _entry(title: Title) -> dict[str, object]:
    """In plain types, as it is stored."""
    found = {each: getattr(title, each) for each in _OF_A_TITLE}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}


def _input(fact: Fact, year: int, held: FactValue, day: date) -> Input:
    numeric = fact.type in NUMERIC
    return Input(
        fact_id=fact.id,
        label=fact.label,
        fiscal_year=year,
        period_label=period_label(fact, year),
        value=held.value,
        display=shown(fact, exact_decimal(fact.id, year, held.value)) if numeric else shown_value(fact, held.value),
        unit=fact.unit,
        source=held.source,
        source_label=_SOURCES.get(held.source, held.source),
        as_of=held.as_of,
        recorded_at=held.recorded_at,
        age=age(held.as_of, day),
    )
