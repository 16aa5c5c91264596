"""What one row of an imported file says: values in stored form, problems that reject it, remarks that do not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rulebook.dictionary import Shape
from rulebook.values import CellError, expectation, parse_cell
from services.registry.domain import uscc
from services.registry.domain.columns import Recognised
from services.registry.domain.problems import CellProblem

LONGEST = 500
"""Characters of a text cell; longer ones are no names, addresses or document numbers."""

_DATE = Shape(label="日期", type="date")
_BOOLEAN = Shape(label="是否", type="boolean")


@dataclass(slots=True)
class Row:
    """The named cells of one row, read one by one; `cells` holds no blank ones."""

    cells: Mapping[str, str]
    columns: Mapping[str, Recognised]
    today: dt.date
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    remarks: list[CellProblem] = field(default_factory=list)

    def header(self, key: str) -> str | None:
        return self.columns[key].header if key in self.columns else None

    def refuse(self, key: str, code: str, message: str, expected: str | None = None) -> None:
        self.problems.append(CellProblem(self.header(key), code, message, self.cells.get(key), expected))

    def remark(self, key: str, code: str, message: str) -> None:
        self.remarks.append(CellProblem(self.header(key), code, message, self.cells.get(key)))

    def uscc(self, *, required: bool) -> None:
        """Read the credit code into `values`."""
        text = self.cells.get("uscc", "")
        if not text and not required:
            return
        found = uscc.check(text)
        if isinstance(found, uscc.UsccProblem):
            self.refuse("uscc", found.code, found.message, "18 位统一社会信用代码")
            return
        self.values["uscc"] = found.text
        if not found.organization_digit_fits:
            message = "代码中第 9 至 17 位的组织机构代码校验位不符，请对照营业执照"
            self.remark("uscc", "uscc-organization-digit", message)

    def text(self, key: str) -> str | None:
        """Read a text cell into `values`; too long is a problem."""
        text = self.cells.get(key)
        if text is None:
            return None
        if len(text) > LONGEST:
            self.refuse(key, "text-too-long", f"内容超过 {LONGEST} 个字，请核对是否填错了列", f"不超过 {LONGEST} 个字")
            return None
        self.values[key] = text
        return text

    def date(self, key: str, *, latest: dt.date | None = None) -> dt.date | None:
        """Read a date cell into `values` (ISO text); later than `latest` is a problem."""
        if key not in self.cells:
            return None
        value = parse_cell(_DATE, self.cells[key])
        if value is None:
            return None
        if isinstance(value, CellError) or not isinstance(value, str):
            expected = expectation(_DATE)
            self.refuse(key, "date-invalid", f"“{self.cells[key]}”不是日期，应为{expected}", expected)
            return None
        day = dt.date.fromisoformat(value)
        if latest is not None and day > latest:
            self.refuse(key, "date-in-future", f"{value} 晚于今天，请核对", f"不晚于 {latest.isoformat()}")
            return None
        self.values[key] = value
        return day

    def boolean(self, key: str) -> None:
        if key not in self.cells:
            return
        value = parse_cell(_BOOLEAN, self.cells[key])
        if isinstance(value, CellError):
            self.refuse(key, "boolean-invalid", f"“{self.cells[key]}”应为 是 或 否", "是 或 否")
        elif value is not None:
            self.values[key] = value

    def name(self, *, required: bool) -> None:
        """Read the enterprise's name into `values`."""
        if self.text("name") is None and required and "name" not in self.cells:
            self.refuse("name", "name-missing", "缺少企业名称，请填写营业执照上的全称", "企业全称")
        elif "name" in self.values and not any(character.isalnum() for character in self.values["name"]):
            self.refuse("name", "name-missing", "企业名称中没有文字，请填写营业执照上的全称", "企业全称")
