"""One run of an import: what it works on, for whom, and what it has found so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chassis.db import Transaction
from rulebook.dictionary import Fact
from services.registry.domain.columns import column
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.names import comparison_key
from services.registry.domain.problems import CellProblem
from services.registry.domain.successions import dissolved
from services.registry.store.reference import Reference
from services.registry.store.staging import StagedRow
from services.registry.store.tables import ImportRow
from services.registry.use_cases.accept_import import ALL_OR_NOTHING
from services.registry.use_cases.run_import.report import Report

Tell = Callable[[int, int | None, str], None]
"""Reports progress: (done, total, message)."""


@dataclass(slots=True)
class Job:
    """Shared by the steps of one import."""

    tx: Transaction
    row: ImportRow
    knowledge: Knowledge
    item_kinds: ItemKinds
    known: Reference
    now: dt.datetime
    today: dt.date
    tell: Tell
    report: Report = field(default_factory=Report)
    headers: dict[tuple[str | None, str], str] = field(default_factory=dict)
    """(sheet, column key) → the header as the file writes it."""
    fact_headers: dict[tuple[str | None, str, int | None], str] = field(default_factory=dict)
    """(sheet, fact id, year in the header if there is one) → the header as the file writes it."""

    @property
    def writing(self) -> bool:
        """Whether it is still worth writing: a refused file is only checked to its end."""
        return not (self.row.mode == ALL_OR_NOTHING and self.report.problem_count)

    def answers_for(self, district_code: str | None) -> bool:
        """Whether the uploader's areas hold the district; an unknown one is nobody's but the whole's."""
        areas = self.row.areas
        return "*" in areas or (district_code is not None and district_code.startswith(tuple(areas)))

    def admits(self, staged: StagedRow, enterprise: Any) -> bool:
        """Whether the row's enterprise is registered and within the uploader's areas; rejects the row otherwise."""
        if enterprise is None:
            message = f"没有登记统一社会信用代码为 {staged.uscc} 的企业，请先导入企业名单"
            self.reject(staged, "uscc", "enterprise-not-registered", message, "已登记的企业")
            return False
        if enterprise.dissolved_into is not None:
            message = dissolved(enterprise.name, enterprise.dissolved_into)
            self.reject(staged, "uscc", "enterprise-dissolved", message, "承继企业的统一社会信用代码")
            return False
        if not self.answers_for(enterprise.district_code):
            message = "该企业不在您的管辖区域内，请核对，或交由所属地区导入"
            self.reject(staged, "uscc", "outside-jurisdiction", message, "您管辖区域内的企业")
            return False
        name = staged.stated.get("name")
        if name and comparison_key(name) != enterprise.name_key:
            message = f"登记的企业名称是“{enterprise.name}”，已按统一社会信用代码导入"
            self.remark(staged, "name", "name-differs", message)
        return True

    def problem(self, staged: StagedRow, key: str, code: str, message: str, expected: str | None = None) -> CellProblem:
        """A problem of the row's column `key`, as the file names it."""
        header = self.headers.get((staged.sheet, key)) or column(self.row.kind, key).label
        return CellProblem(header, code, message, staged.shown(key), expected)

    def fact_header(self, staged: StagedRow, fact: Fact, year: int) -> str:
        """The header of the column in which the row states the fact of that year."""
        of_year, of_any = ((staged.sheet, fact.id, each) for each in (year, None))
        return self.fact_headers.get(of_year) or self.fact_headers.get(of_any) or fact.label

    def reject(self, staged: StagedRow, key: str, code: str, message: str, expected: str | None = None) -> None:
        self.report.reject(staged.sheet, staged.row, self.problem(staged, key, code, message, expected))

    def remark(self, staged: StagedRow, key: str, code: str, message: str) -> None:
        self.report.remark(staged.sheet, staged.row, self.problem(staged, key, code, message))
