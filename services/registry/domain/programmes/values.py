"""Values in the text of a programme: dates, years, lines, parts of a hundred."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from rulebook.source import Block, Reader
from services.registry.domain.programmes.model import Lines

EARLIEST, LATEST = 1990, 2100
"""Years that a plan can be about: beyond them a digit was mistyped."""

_LINES = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?$")
_MONTH_DAY = re.compile(r"^(\d\d)-(\d\d)$")
_YEAR = re.compile(r"^(19|20)\d\d$")


def date_of(reader: Reader, block: Block, key: str, *, required: bool = True) -> dt.date | None:
    """YYYY-MM-DD; null when absent or wrong, the latter with a problem."""
    text = reader.text(block, key, required=required)
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        reader.problem(reader.line_of(block, key), text, "日期 YYYY-MM-DD", "请改成如 2025-12-31。", "not-a-date")
        return None
    if not EARLIEST <= day.year <= LATEST:
        expected = f"{EARLIEST} 到 {LATEST} 年的日期"
        reader.problem(reader.line_of(block, key), text, expected, "请核对年份。", "not-a-date")
        return None
    return day


def month_day_of(reader: Reader, block: Block, key: str) -> tuple[int, int] | None:
    """MM-DD of every year."""
    text = reader.text(block, key)
    found = _MONTH_DAY.match(text)
    try:
        if found:
            dt.date(2001, int(found[1]), int(found[2]))
            return int(found[1]), int(found[2])
    except ValueError:
        pass
    if text:
        reader.problem(reader.line_of(block, key), text, "每年的月日 MM-DD", "请改成如 12-31。", "not-a-day")
    return None


def year_of(reader: Reader, block: Block, key: str) -> int | None:
    text = reader.text(block, key, required=False)
    if text and not _YEAR.match(text):
        reader.problem(reader.line_of(block, key), text, "四位年份", "请改成如 2025。", "not-a-year")
        return None
    return int(text) if text else None


def number_of(reader: Reader, block: Block, key: str, *, required: bool) -> Decimal | None:
    text = reader.text(block, key, required=required)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        reader.problem(reader.line_of(block, key), text, "不小于 0 的数", "请只写数字，单位写在 unit。", "not-a-number")
        return None
    return value


def part_of(reader: Reader, block: Block, key: str, default: Decimal) -> Decimal:
    """A percentage from 0 to 100 as a part of one; `default` when absent."""
    text = reader.text(block, key, required=False)
    if not text:
        return default
    try:
        value = Decimal(text.removesuffix("%")) / 100 if text.endswith("%") else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < 1:
        reader.problem(reader.line_of(block, key), text, "百分数，如 10%", "请改成 0% 到 99% 之间。", "not-a-part")
        return default
    return value


def lines_of(reader: Reader, block: Block) -> Lines:
    """`12` or `3-4`: where the quotation stands in the copy."""
    text = reader.text(block, "lines")
    found = _LINES.match(text)
    if found and 0 < int(found[1]) <= int(found[2] or found[1]):
        return Lines(int(found[1]), int(found[2] or found[1]))
    if text:
        reader.problem(reader.line_of(block, "lines"), text, "抄本的行号", "请写成如 12 或 3-4。", "not-lines")
    return Lines(0, 0)
