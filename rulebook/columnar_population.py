"""A population in columns: what the traced evaluator reads of one enterprise, here one array per fact and year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import Codes, Days, Flags, Ints
from rulebook.dictionary import SOURCE_KINDS, Shape
from rulebook.subject import Subject

Figures = NDArray[np.float64]
"""Scaled integers (fen, millionths), held in doubles because those are compared and multiplied four at a time. Every
integer up to 2**53 is a double, so that each product and each sum within that bound is exact."""

LARGEST = 2**45
"""The largest scaled figure a column holds, in fen 3518 亿元: times a factor of up to 256 it is still exact. A row with
a larger figure, or one finer than the scale, goes to the traced evaluator."""

_SCALES = {"money": 100, "integer": 1, "number": 10**6, "ratio": 10**8}

SOURCES: dict[str, int] = {source: code for code, source in enumerate(SOURCE_KINDS)}
OTHER_SOURCE = 255
OTHER_CODE = 255
"""A code that the dictionary does not list: it equals no value a rule can name."""

NO_BAN, BAN, BAN_UNKNOWN = 0, 1, 2
TITLE_STATES = ("valid", "publicized", "under_review", "expired", "cancelled")


def scale_of(shape: Shape) -> int:
    """How many parts one unit of a figure has in its column: fen of a yuan, millionths of a number."""
    return _SCALES[shape.type]


def code_of(shape: Shape, value: object) -> int:
    """A boolean or code as a small number."""
    if isinstance(value, bool):
        return int(value)
    for position, each in enumerate(shape.allowed):
        if each.code == value:
            return position
    return OTHER_CODE


@dataclass(frozen=True, slots=True)
class Column:
    """One fact in one year. `gap` is 1 where the value is missing; `broken` marks rows the traced evaluator reads."""

    values: NDArray[Any]
    gap: Codes
    source: Codes
    broken: Flags | None = None
    until: Days | None = None
    """Of findings: the last day they hold."""


@dataclass(frozen=True, slots=True)
class EntryField:
    """One field of all entries, in the order of the rows."""

    values: NDArray[Any]
    missing: Flags


@dataclass(frozen=True, slots=True)
class Records:
    """The entries of all rows in one sequence: row i has those from `offsets[i]` up to `offsets[i + 1]`."""

    offsets: Ints
    gap: Codes
    source: Codes
    fields: Mapping[str, EntryField]
    broken: Flags | None = None


@dataclass(frozen=True, slots=True)
class Titles:
    """The title ledgers, laid out as records are. `unseen`: nobody looked; `complete`: absent means not held."""

    offsets: Ints
    code: Codes
    state: Codes
    valid_from: Days
    valid_to: Days
    cancelled_on: Days
    ban: Codes
    unseen: Flags
    complete: Flags


@dataclass(frozen=True, slots=True)
class SizeClasses:
    """Per row the size classes still possible and the facts missing for one, as bits in the order of `rulebook`'s
    SIZES and of `columnar_size.SIZE_FACTS`."""

    possible: Codes
    missing: Codes
    broken: Flags | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Rows to judge. A column that is not there is missing in every row.

    `subject` gives one row as the traced evaluator reads it: for rows no column can hold, and for explanations.
    """

    size: int
    columns: Mapping[tuple[str, int], Column] = field(default_factory=dict)
    records: Mapping[str, Records] = field(default_factory=dict)
    titles: Titles | None = None
    """None: nobody looked, in any row."""
    sizes: SizeClasses | None = None
    """None: not classified."""
    subject: Callable[[int], Subject] | None = None
