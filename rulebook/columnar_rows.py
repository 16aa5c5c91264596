"""A population from rows as they are stored, chunk by chunk: memory holds one chunk, however many rows there are.

A row is {industry_code, facts: {fact id: {year: {value, source, …}}}, titles: [{code, state, …}], titles_known},
with canonical values (`rulebook.values`) and ISO dates. `titles` None means that nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar import ColumnarPack
from rulebook.columnar_codes import Flags, day_number
from rulebook.columnar_frame import ROWS
from rulebook.columnar_population import (
    BAN,
    BAN_UNKNOWN,
    LARGEST,
    NO_BAN,
    OTHER_CODE,
    OTHER_SOURCE,
    SOURCES,
    TITLE_STATES,
    Column,
    EntryField,
    Population,
    Records,
    SizeClasses,
    Titles,
    code_of,
    scale_of,
)
from rulebook.columnar_size import SizeFigure, classify_all
from rulebook.columnar_standing import FINDING_MET, FINDING_UNMET, OTHER_TITLE, TITLE_CODES
from rulebook.criteria import SIZE_FACTS
from rulebook.dictionary import NUMERIC, Dictionary, Fact, RecordField, Shape
from rulebook.size_table import SizeTable
from rulebook.subject import POINT, Subject

Row = Mapping[str, Any]

_STATES = {state: code for code, state in enumerate(TITLE_STATES)}
_OTHER_STATE = 255
_BANS = {None: BAN_UNKNOWN, False: NO_BAN, True: BAN}


@dataclass(frozen=True, slots=True)
class Needs:
    """The columns that some packs read on one application date."""

    facts: tuple[tuple[Fact, int], ...]
    records: tuple[tuple[Fact, tuple[str, ...]], ...]

    @staticmethod
    def of(packs: Iterable[ColumnarPack], application_date: date, dictionary: Dictionary) -> Needs:
        facts: dict[tuple[str, int], tuple[Fact, int]] = {}
        records: dict[str, tuple[Fact, set[str]]] = {}
        for pack in packs:
            for read in pack.reads():
                if read.fact is None:
                    continue
                if read.fact.type == "records":
                    records.setdefault(read.fact.id, (read.fact, set()))[1].update(read.fields)
                    continue
                year = read.year(application_date)
                facts[(read.fact.id, year)] = (read.fact, year)
        for fact_id in SIZE_FACTS[1:]:
            year = application_date.year - 1
            facts.setdefault((fact_id, year), (dictionary[fact_id], year))
        return Needs(
            tuple(facts.values()),
            tuple((fact, tuple(sorted(names))) for fact, names in records.values()),
        )


def populations(
    rows: Iterable[Row],
    needs: Needs,
    application_date: date,
    *,
    sizes: SizeTable | None,
    subject: Callable[[Row], Subject] | None = None,
    chunk: int = ROWS,
) -> Iterator[Population]:
    """The rows in order, at most `chunk` at a time. `subject` makes of a row what the traced evaluator reads."""
    stream = iter(rows)
    while held := list(islice(stream, chunk)):
        yield population_of(held, needs, application_date, sizes=sizes, subject=subject)


def population_of(
    rows: Sequence[Row],
    needs: Needs,
    application_date: date,
    *,
    sizes: SizeTable | None,
    subject: Callable[[Row], Subject] | None = None,
) -> Population:
    """These rows in columns. The rows stay held where `subject` is given."""
    columns = {(fact.id, year): _column(fact, year, rows) for fact, year in needs.facts}
    return Population(
        size=len(rows),
        columns=columns,
        records={fact.id: _records(fact, names, rows) for fact, names in needs.records},
        titles=_titles(rows),
        sizes=None if sizes is None else _sizes(sizes, rows, columns, application_date.year - 1),
        subject=None if subject is None else lambda row: subject(rows[row]),
    )


def _stored(fact: Fact, year: int, rows: Sequence[Row]) -> Iterator[tuple[int, Any, int]]:
    """Row, value and source code of every row that has a value."""
    fact_id, at = fact.id, str(year)
    for position, row in enumerate(rows):
        years = row["facts"].get(fact_id)
        if years is None:
            continue
        stored = years.get(at)
        if stored is not None and (value := stored.get("value")) is not None:
            yield position, value, SOURCES.get(stored.get("source", ""), OTHER_SOURCE)


def _column(fact: Fact, year: int, rows: Sequence[Row]) -> Column:
    read, dtype = _reader(fact)
    size = len(rows)
    gap, source, broken = np.ones(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.bool_)
    values: NDArray[Any] = np.zeros(size, dtype)
    until = np.zeros(size, np.int32) if fact.type == "finding" else None
    at, sources, found = [], [], []
    for position, value, code in _stored(fact, year, rows):
        known = read(value)
        if known is None:
            broken[position], known = True, 0
        if until is not None and isinstance(value, dict):
            last_day = _day(value.get("valid_until"))
            if last_day is None:
                broken[position] = True
            else:
                until[position] = last_day
        at.append(position)
        sources.append(code)
        found.append(known)
    gap[at] = 0
    source[at] = sources
    values[at] = found
    return Column(values, gap, source, broken if broken.any() else None, until)


def _reader(shape: Shape) -> tuple[Callable[[Any], int | None], type]:
    """Reads one value as a number; None for one that no column can hold."""
    if shape.type in NUMERIC:
        places = len(str(scale_of(shape))) - 1
        return (lambda value: scaled_figure(value, places)), np.float64
    if shape.type == "finding":
        return _decision, np.uint8
    if shape.type == "date":
        return _day, np.int32
    if shape.type == "boolean":
        return (lambda value: int(value) if isinstance(value, bool) else None), np.uint8
    return (lambda value: code_of(shape, value) if isinstance(value, str) else None), np.uint8


_ZEROS = "0" * 16


def scaled_figure(value: object, places: int) -> int | None:
    """A canonical figure as a whole number of parts; None if it is none, too fine or too large for a column."""
    if isinstance(value, str):
        whole, _, rest = value.partition(".")
        try:
            if len(rest) <= places and value[-1:].isdigit():
                figure = int(whole + rest + _ZEROS[: places - len(rest)])
                return figure if -LARGEST <= figure <= LARGEST else None
        except ValueError:
            pass  # an exponent, or no figure at all
    elif isinstance(value, bool) or not isinstance(value, int):
        return None
    try:
        exact = Decimal(value)
        if not exact.is_finite() or abs(exact.adjusted()) > 30:
            return None
        parts = exact.scaleb(places)
    except InvalidOperation:
        return None
    return int(parts) if parts == int(parts) and abs(parts) <= LARGEST else None


def _decision(value: Any) -> int | None:
    decision = value.get("decision") if isinstance(value, dict) else None
    return {"met": FINDING_MET, "unmet": FINDING_UNMET}.get(decision) if isinstance(decision, str) else None


def _day(value: object) -> int | None:
    """An ISO date as yyyymmdd, 0 for none; None for what is no date."""
    if value is None:
        return 0
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return None
    return day_number(day.year, day.month, day.day)


# -- entries ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _FieldColumn:
    """The values of one field while the entries are read."""

    column: RecordField
    read: Callable[[Any], int | None]
    dtype: type
    values: list[int] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)

    @staticmethod
    def of(column: RecordField) -> _FieldColumn:
        if column.type == "date":
            return _FieldColumn(column, _day, np.int32)
        if column.type == "boolean":
            return _FieldColumn(column, lambda value: int(value) if isinstance(value, bool) else OTHER_CODE, np.uint8)
        if column.type in NUMERIC:
            places = len(str(scale_of(column))) - 1
            return _FieldColumn(column, lambda value: scaled_figure(value, places), np.int64)
        return _FieldColumn(column, lambda value: code_of(column, value), np.uint8)

    def add(self, value: object) -> bool:
        """False for a value that no column can hold."""
        known = 0 if value is None else self.read(value)
        self.values.append(known or 0)
        self.missing.append(value is None)
        return known is not None

    def built(self) -> EntryField:
        return EntryField(np.array(self.values, self.dtype), np.array(self.missing, np.bool_))


def _records(fact: Fact, names: Sequence[str], rows: Sequence[Row]) -> Records:
    size = len(rows)
    gap, source, broken = np.ones(size, np.uint8), np.zeros(size, np.uint8), np.zeros(size, np.bool_)
    counts = np.zeros(size + 1, np.int64)
    columns = [_FieldColumn.of(each) for each in fact.fields if each.name in names]
    for position, value, code in _stored(fact, POINT, rows):
        gap[position], source[position] = 0, code
        if not value and isinstance(value, list):
            continue
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            broken[position] = True
            continue
        counts[position + 1] = len(value)
        for entry in value:
            for column in columns:
                if not column.add(entry.get(column.column.name)):
                    broken[position] = True
    fields = {column.column.name: column.built() for column in columns}
    return Records(np.cumsum(counts), gap, source, fields, broken if broken.any() else None)


def _titles(rows: Sequence[Row]) -> Titles:
    size = len(rows)
    counts = np.zeros(size + 1, np.int64)
    unseen, complete = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    entries: list[tuple[int, ...]] = []
    for position, row in enumerate(rows):
        titles = row["titles"]
        complete[position] = bool(row.get("titles_known"))
        if titles is None:
            unseen[position] = True
            continue
        counts[position + 1] = len(titles)
        for title in titles:
            entries.append(
                (
                    TITLE_CODES.get(title["code"], OTHER_TITLE),
                    _STATES.get(title["state"], _OTHER_STATE),
                    *(_day(title.get(name)) or 0 for name in ("valid_from", "valid_to", "cancelled_on")),
                    _BANS.get(title.get("ban"), BAN),
                )
            )
    table = np.array(entries, np.int32).reshape(-1, 6)
    code, state, valid_from, valid_to, cancelled_on, ban = (np.ascontiguousarray(each) for each in table.T)
    return Titles(
        offsets=np.cumsum(counts),
        code=code.astype(np.uint8),
        state=state.astype(np.uint8),
        valid_from=valid_from,
        valid_to=valid_to,
        cancelled_on=cancelled_on,
        ban=ban.astype(np.uint8),
        unseen=unseen,
        complete=complete,
    )


def _sizes(table: SizeTable, rows: Sequence[Row], columns: Mapping[tuple[str, int], Column], year: int) -> SizeClasses:
    figures = {}
    for fact_id in SIZE_FACTS[1:]:
        column = columns[(fact_id, year)]
        parts = 1 if fact_id == "headcount" else 100
        figures[fact_id] = SizeFigure(column.values, _lacking(column), parts, column.broken)
    return classify_all(table, [row["industry_code"] for row in rows], figures)


def _lacking(column: Column) -> Flags:
    lacking: Flags = column.gap != 0
    return lacking
