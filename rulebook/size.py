"""Size class of an enterprise (划型) by industry, persons employed, revenue and assets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rulebook.criteria import INDUSTRY, SIZE_FACTS
from rulebook.pack import SIZES
from rulebook.size_table import LEVELS, SizeRow, SizeTable, Span, span_of_digits
from rulebook.status import Status, all_of
from rulebook.wording import one_of

_CODE = re.compile(r"^([A-T])?(\d{2,4})?(?:\D.*)?$")


@dataclass(frozen=True, slots=True)
class SizeResult:
    """`size` is large, medium, small, micro or unknown; `possible` is what it can still be; `missing` are fact ids.

    A result without `missing` that is still unknown needs a person: no missing figure would decide it.
    """

    size: str
    possible: frozenset[str]
    reason: str
    missing: tuple[str, ...] = ()
    row: str = ""
    read: tuple[str, ...] = ()
    """Fact ids of the values that it was found from."""
    industry_code: str | None = None

    @property
    def label(self) -> str:
        """The class, or those that are still possible: 小型或微型."""
        if self.size in SIZES:
            return SIZES[self.size]
        possible = [label for size, label in SIZES.items() if size in self.possible]
        return UNKNOWN_SIZE if len(possible) == len(SIZES) else one_of(possible)


ALL_SIZES = frozenset(SIZES)
UNKNOWN_SIZE = "未知"
"""What is said where every class is still possible."""


def classify(
    table: SizeTable,
    industry_code: str | None,
    headcount: int | None,
    revenue_yuan: Decimal | None,
    assets_yuan: Decimal | None,
) -> SizeResult:
    """The size class, or unknown with what is missing. Decides on partial knowledge when the rest cannot matter.

    `industry_code` is a GB/T 4754-2017 letter, two to four digits, or both; its name may follow: `C3911 计算机`.
    """
    known = {
        "headcount": None if headcount is None else Decimal(headcount),
        "revenue_yuan": revenue_yuan,
        "total_assets_yuan": assets_yuan,
    }
    read: tuple[str, ...] = (INDUSTRY,)
    if not industry_code:
        # Which figures count depends on the industry: every one that is not there may be asked for.
        unknown = tuple(sorted(fact for fact, value in known.items() if value is None))
        return SizeResult("unknown", ALL_SIZES, "缺少所属行业代码", (INDUSTRY, *unknown))
    place = rows_of(table, industry_code)
    if place is None:
        reason = f"行业代码“{industry_code}”不在 GB/T 4754-2017 中，请核对"
        return SizeResult("unknown", ALL_SIZES, reason, (INDUSTRY,), read=read, industry_code=industry_code)
    rows, outside = place
    if not rows:
        reason = f"行业代码“{industry_code}”不在划型标准所列行业内，需人工核定"
        return SizeResult("unknown", ALL_SIZES, reason, read=read, industry_code=industry_code)
    found = [(row, *_levels(row, known)) for row in rows]
    asked = {fact for row in rows for bounds in row.levels.values() for fact in bounds}
    read = tuple(fact for fact in SIZE_FACTS if fact == INDUSTRY or (fact in asked and known[fact] is not None))
    possible = frozenset().union(*(sizes for _, sizes, _ in found)) | (ALL_SIZES if outside else frozenset())
    missing = tuple(sorted({fact for _, _, facts in found for fact in facts}))
    if len(possible) == 1:
        row = rows[0]
        (size,) = possible
        return SizeResult(size, possible, f"按“{row.label}”划为{SIZES[size]}企业", (), row.id, read, industry_code)
    if not missing or outside:  # the figures are there, or would not help: the code is too coarse
        reason = f"行业代码“{industry_code}”跨多个划型行业，请填写到小类（4 位）"
        missing = (INDUSTRY, *missing)
        return SizeResult("unknown", possible, reason, missing, read=read, industry_code=industry_code)
    if len(rows) > 1:
        missing = (INDUSTRY, *missing)
    reason = f"按“{rows[0].label}”划型所需数据不全"
    return SizeResult("unknown", possible, reason, missing, rows[0].id, read, industry_code)


def rows_of(table: SizeTable, industry_code: str) -> tuple[list[SizeRow], bool] | None:
    """The rows of the table that a code belongs to and whether it reaches beyond them; None for no such code."""
    span = span_of(table, industry_code)
    if span is None:
        return None
    rows = [row for row in table.rows if any(span.touches(each) for each in row.codes)]
    return rows, any(span.touches(each) for each in table.not_covered)


def section_of(table: SizeTable, industry_code: str | None) -> str | None:
    """The letter of the GB/T 4754 section that a code belongs to; None for no code, or one of no section."""
    span = span_of(table, industry_code) if industry_code else None
    if span is None:
        return None
    return next((letter for letter, section in table.sections.items() if span.touches(section)), None)


def span_of(table: SizeTable, industry_code: str) -> Span | None:
    """The four-digit codes that a letter, digits, or both mean; None for no such code."""
    code = industry_code.strip().upper()
    match = _CODE.match(code)
    if match is None:
        return None
    letter, digits = match.groups()
    section = table.sections.get(letter) if letter else None
    if not digits:
        return section
    span = span_of_digits(digits)
    if section is not None and not span.touches(section):
        return None
    return span if any(span.touches(each) for each in table.sections.values()) else None


def _levels(row: SizeRow, known: Mapping[str, Decimal | None]) -> tuple[frozenset[str], set[str]]:
    """The levels still possible for this row, and the missing facts that could change it."""
    possible: set[str] = set()
    missing: set[str] = set()
    for level in LEVELS:
        bounds = row.levels[level]
        reached = all_of(_reached(known[fact], least) for fact, least in bounds.items())
        if reached is not Status.UNMET:
            possible.add(level)
        if reached is Status.MET:
            break
        if reached is Status.UNKNOWN:
            missing |= {fact for fact in bounds if known[fact] is None}
    else:
        possible.add("micro")
    return frozenset(possible), missing if len(possible) > 1 else set()


def _reached(value: Decimal | None, least: Decimal) -> Status:
    if value is None:
        return Status.UNKNOWN
    return Status.MET if value >= least else Status.UNMET
