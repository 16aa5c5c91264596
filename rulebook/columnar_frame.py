"""A slice of a population as one evaluation sees it, small enough to stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MANUAL_REVIEW, UNKNOWN, Codes, Flags, day_number, flags
from rulebook.columnar_population import SOURCES, Column, EntryField, Population, Records, Titles
from rulebook.dictionary import Fact
from rulebook.pack import Ref
from rulebook.subject import POINT

ROWS = 32_768

Judge = Callable[["Frame"], Codes]
"""A compiled test."""

Key = tuple[str, int, str, str]
"""Something that may be missing: fact id, year, label, kind."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a test is judged, known when the pack is compiled: what Scene carries in the traced evaluator.

    `silent` tests leave no trace, so what they find missing is not named.
    """

    only_sources: frozenset[str] = frozenset()
    undefined: int = UNKNOWN
    silent: bool = False


@dataclass(slots=True)
class Frame:
    """Rows `start` up to `stop` on one application date. What a fact lacks is worked out once for all tests."""

    population: Population
    start: int
    stop: int
    day: date
    kind: str
    traced: Flags | None = None
    """Rows that the traced evaluator has to judge."""
    active: Flags | None = None
    """Where it counts what is missing: a condition that does not apply asks for nothing."""
    missed: dict[Key, Flags] = field(default_factory=dict)
    memory: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def fiscal_year(self) -> int:
        return self.day.year - 1

    @property
    def day_number(self) -> int:
        return day_number(self.day.year, self.day.month, self.day.day)

    def year_of(self, ref: Ref) -> int:
        return year_of(ref.fact, ref.offset, self.day)

    def column(self, fact: Fact, year: int) -> Column | None:
        column = self.population.columns.get((fact.id, year))
        if column is not None and column.broken is not None:
            self.trace_rows(column.broken[self.start : self.stop])
        return column

    def values(self, fact: Fact, year: int) -> NDArray[Any]:
        column = self.column(fact, year)
        if column is None:
            return np.zeros(self.size, np.int64)
        return column.values[self.start : self.stop]

    def gap(self, fact: Fact, year: int, only_sources: frozenset[str]) -> Codes | None:
        """Where the fact cannot be read: unknown when missing, manual review when its source may not count."""
        key = (fact.id, year, only_sources)
        if key not in self.memory:
            self.memory[key] = self._gap(fact, year, only_sources)
        found: Codes | None = self.memory[key]
        return found

    def _gap(self, fact: Fact, year: int, only_sources: frozenset[str]) -> Codes | None:
        held: Column | Records | None
        held = self.population.records.get(fact.id) if fact.type == "records" else self.column(fact, year)
        if held is None:
            return np.full(self.size, UNKNOWN, np.uint8)
        gap = held.gap[self.start : self.stop]
        if only_sources:
            source = held.source[self.start : self.stop]
            accepted = np.zeros(self.size, np.bool_)
            for each in only_sources:
                accepted |= source == SOURCES[each]
            gap = gap | flags(~accepted & (gap == 0), MANUAL_REVIEW)
        return gap if gap.any() else None

    def missing(self, fact: Fact, year: int) -> Codes | None:
        """1 where the fact is not there, wherever it comes from."""
        return self.gap(fact, year, frozenset())

    def miss(self, key: Key, rows: Flags) -> None:
        if self.active is not None:
            rows = rows & self.active
        known = self.missed.get(key)
        self.missed[key] = rows if known is None else known | rows

    def trace_rows(self, rows: Flags) -> None:
        self.traced = rows.copy() if self.traced is None else self.traced | rows


def year_of(fact: Fact, offset: int | None, day: date) -> int:
    """The year that an offset from t (or from the year of application, for calendar facts) means on that day."""
    return POINT if offset is None else day.year - (0 if fact.year_of == "calendar" else 1) + offset


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a frame's rows, and the way back from entries to rows. Most rows have none."""

    size: int
    first: int
    last: int
    filled: NDArray[np.int64]
    """The rows that have entries, and of each where the first stands."""
    starts: NDArray[np.int64]

    @staticmethod
    def of(frame: Frame, held: Records | Titles) -> Entries:
        known = ("entries", id(held))  # the population outlives the frame
        if known not in frame.memory:
            offsets = held.offsets[frame.start : frame.stop + 1]
            starts = offsets - offsets[0]
            filled = np.flatnonzero(starts[1:] > starts[:-1])
            frame.memory[known] = Entries(frame.size, int(offsets[0]), int(offsets[-1]), filled, starts[filled])
        found: Entries = frame.memory[known]
        return found

    def field(self, held: EntryField) -> EntryField:
        return EntryField(held.values[self.first : self.last], held.missing[self.first : self.last])

    def slice(self, values: NDArray[Any]) -> NDArray[Any]:
        return values[self.first : self.last]

    @property
    def count(self) -> int:
        return self.last - self.first

    def reduced(self, how: np.ufunc, values: NDArray[Any], empty: int) -> NDArray[Any]:
        """Per row the values of its entries put together, `empty` for a row without any."""
        found = np.full(self.size, empty, values.dtype)
        if self.count:
            found[self.filled] = how.reduceat(values, self.starts)
        return found

    def rows(self) -> NDArray[np.int64]:
        """The row of each entry."""
        return np.repeat(self.filled, np.diff(self.starts, append=self.count))
