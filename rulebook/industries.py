"""Industries (GB/T 4754-2017): which class a written code or name means."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rulebook.dictionary import Fact
from rulebook.values import CellError

EXPECTED = "GB/T 4754-2017 的代码（门类字母、2 至 4 位数字）或名称，如 C3911、3911、39"
_WRITTEN = re.compile(r"^([A-T])?(\d{2,4})?(?!\d)[\s.、:-]*(.*)$")
_LEVELS = {"section": "门类", "division": "大类", "group": "中类", "class": "小类"}


@dataclass(frozen=True, slots=True)
class Industry:
    """A section (letter), division (2 digits), group (3) or class (4)."""

    code: str
    name: str
    level: str
    parent: str
    section: str


@dataclass(frozen=True, slots=True)
class IndustryReading:
    """What a text means: the industry, if certain, and a remark where a person should look."""

    industry: Industry | None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Industries:
    """The table by code, and by name where a name means one line of descent only."""

    by_code: Mapping[str, Industry]
    by_name: Mapping[str, Industry]

    def read(self, text: str) -> IndustryReading:
        """`3911`, `C3911`, `C39 计算机…`, or an exact name; a code wider than a class is taken with a remark."""
        written = unicodedata.normalize("NFKC", text).strip()
        found = self.by_name.get(written)
        if found is None:
            match = _WRITTEN.match(written.upper())
            letter, digits = (match[1], match[2]) if match else (None, None)
            found = self.by_code.get(digits or letter or "")
            if found is not None and letter is not None and found.section != letter:
                return IndustryReading(None, f"行业代码“{written}”的门类应为 {found.section}，请核对")
        if found is None:
            return IndustryReading(None, f"“{written}”不是《国民经济行业分类》（GB/T 4754-2017）的代码或名称，请核对")
        if found.level == "class":
            return IndustryReading(found)
        remark = f"“{written}”是{_LEVELS[found.level]}（{found.name}），请尽量填写 4 位小类代码"
        return IndustryReading(found, remark)


def unknown_industry(fact: Fact, value: object, industries: Industries) -> CellError | None:
    """Why a value of a fact that names an industry cannot be taken; None for any other fact."""
    if fact.codes != "gbt4754" or not isinstance(value, str) or industries.read(value).industry is not None:
        return None
    return CellError(EXPECTED, value)


def parse_industries(table_csv: str) -> Industries:
    """Build the table from the text of `contracts/codes/gbt4754_2017.csv`."""
    rows = csv.DictReader(table_csv.splitlines())
    return industries_of(Industry(r["code"], r["name"], r["level"], r["parent"], r["section"]) for r in rows)


def industries_of(rows: Iterable[Industry]) -> Industries:
    """Build the table from its rows, in the order of the standard (wider before narrower)."""
    by_code: dict[str, Industry] = {}
    by_name: dict[str, Industry | None] = {}
    for row in rows:
        by_code[row.code] = row
        name = unicodedata.normalize("NFKC", row.name)
        other = by_name.get(name, row)
        descends = other is not None and (other is row or row.code.startswith(other.code) or other.code == row.section)
        by_name[name] = row if descends else None
    return Industries(by_code, {name: row for name, row in by_name.items() if row is not None})
