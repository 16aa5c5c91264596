"""What an import found and did: counts, row errors, remarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.registry.domain.problems import CellProblem, RowProblem

KEPT = 1000
"""Errors and remarks that are kept of one import; all are counted."""


@dataclass(slots=True)
class Report:
    """Collected while the import runs; a row is counted once, under created, updated, unchanged or rejected."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    problem_count: int = 0
    remark_count: int = 0
    unusable: bool = False
    """The file as a whole cannot be used."""
    problems: list[RowProblem] = field(default_factory=list)
    remarks: list[RowProblem] = field(default_factory=list)

    def refuse_file(self, problems: Iterable[RowProblem]) -> None:
        for problem in problems:
            self.unusable = True
            self._problem(problem)

    def reject(self, sheet: str | None, row: int, *problems: CellProblem) -> None:
        """A row cannot be taken, for these reasons."""
        self.rejected += 1
        for problem in problems:
            self._problem(RowProblem(sheet, row, problem))

    def remark(self, sheet: str | None, row: int | None, *remarks: CellProblem) -> None:
        for remark in remarks:
            self.remark_count += 1
            if len(self.remarks) < KEPT:
                self.remarks.append(RowProblem(sheet, row, remark))

    def nothing_written(self) -> None:
        """The import is refused as a whole: no row was created or updated."""
        self.created = self.updated = self.unchanged = 0

    def _problem(self, problem: RowProblem) -> None:
        self.problem_count += 1
        if len(self.problems) < KEPT:
            self.problems.append(problem)
