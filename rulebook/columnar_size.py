"""Size classes of a whole population: rows of one industry are classified together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MET, UNKNOWN, Codes, Flags, all_of, flags
from rulebook.columnar_population import Figures, SizeClasses
from rulebook.criteria import INDUSTRY, SIZE_FACTS
from rulebook.pack import SIZES
from rulebook.size import rows_of
from rulebook.size_table import LEVELS, SizeRow, SizeTable

_ALL = (1 << len(SIZES)) - 1
_BIT = {size: np.uint8(1 << bit) for bit, size in enumerate(SIZES)}
_MISSING = {fact: np.uint8(1 << bit) for bit, fact in enumerate(SIZE_FACTS)}
_INDUSTRY = _MISSING[INDUSTRY]


@dataclass(frozen=True, slots=True)
class SizeFigure:
    """One of the figures that decide, scaled by `parts`."""

    values: Figures
    missing: Flags
    parts: int
    broken: Flags | None = None


def classify_all(table: SizeTable, industries: Sequence[str | None], figures: dict[str, SizeFigure]) -> SizeClasses:
    """What `size.classify` says of each row: the classes still possible, and the facts missing for one."""
    size = len(industries)
    possible, missing = np.full(size, _ALL, np.uint8), np.zeros(size, np.uint8)
    for industry, rows in _by_industry(industries).items():
        if not industry:
            missing[rows] = _INDUSTRY
            for fact, figure in figures.items():
                missing[rows] |= flags(figure.missing[rows]) * _MISSING[fact]
            continue
        found = rows_of(table, industry)
        if found is None:  # no such code
            missing[rows] = _INDUSTRY
        elif found[0]:
            possible[rows], missing[rows] = _classify(*found, figures, rows)
    broken = [figure.broken for figure in figures.values() if figure.broken is not None]
    return SizeClasses(possible, missing, np.logical_or.reduce(broken) if broken else None)


def _by_industry(industries: Sequence[str | None]) -> dict[str | None, NDArray[np.int64]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    for row, industry in enumerate(industries):
        found[industry or None].append(row)
    return {industry: np.array(rows) for industry, rows in found.items()}


def _classify(
    table_rows: Sequence[SizeRow], outside: bool, figures: dict[str, SizeFigure], rows: NDArray[np.int64]
) -> tuple[Codes, Codes]:
    possible, missing = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.uint8)
    for table_row in table_rows:
        levels, lacking = _levels(table_row, figures, rows)
        possible |= levels
        missing |= lacking
    if outside:
        possible[:] = _ALL
    one = (possible & (possible - 1)) == 0
    too_coarse = (missing == 0) | outside  # the figures are there, or would not help
    asks = ~one & (too_coarse | (len(table_rows) > 1))
    missing |= flags(asks) * _INDUSTRY
    missing *= flags(~one)
    return possible, missing


def _levels(row: SizeRow, figures: dict[str, SizeFigure], rows: NDArray[np.int64]) -> tuple[Codes, Codes]:
    size = len(rows)
    possible, missing = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    going_on = np.ones(size, np.bool_)
    for level in LEVELS:
        bounds = row.levels[level]
        reached = []
        for fact, least in bounds.items():
            figure = figures[fact]
            lacking = figure.missing[rows]
            enough = figure.values[rows] >= float(ceil(Fraction(least) * figure.parts))
            reached.append(flags(enough & ~lacking, MET) | flags(lacking, UNKNOWN))
        status = all_of(reached, size)
        possible |= flags(going_on & (status != 0)) * _BIT[level]
        for fact in bounds:
            missing |= flags(going_on & (status == UNKNOWN) & figures[fact].missing[rows]) * _MISSING[fact]
        going_on &= status != MET
    possible |= flags(going_on) * _BIT["micro"]
    several = (possible & (possible - 1)) != 0
    return possible, missing * flags(several)
