"""What is wrong with, or remarkable about, a cell of an imported file, in words for the officer who sent it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellProblem:
    """`column` is the header as the file writes it; None where the whole row or file is meant."""

    column: str | None
    code: str
    message: str
    found: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A problem at its place; `row` is the number that Excel shows, `sheet` is None for a csv file."""

    sheet: str | None
    row: int | None
    cell: CellProblem
