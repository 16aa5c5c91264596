"""Fiscal years as people write them, and the date a fact of a year is as of."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

POINT = 0
"""The year under which facts that hold as of a date are kept."""

FIRST_YEAR = 1990
_YEAR = re.compile(r"^(\d{4})(?:\.0+)?(?:年度?|财年)?$")
_POINT_WORDS = frozenset(("", "时点", "时点数", "当前", "最新", "现在", "0"))


def read_year(text: str, today: dt.date) -> int | None:
    """`2025`, `2025年度` → 2025; blank or 时点 → 0; None when it is no year that has begun."""
    written = "".join(unicodedata.normalize("NFKC", text).split())
    if written in _POINT_WORDS:
        return POINT
    match = _YEAR.match(written)
    year = int(match[1]) if match else None
    return year if year is not None and FIRST_YEAR <= year <= today.year else None


def implied_date(fiscal_year: int, today: dt.date) -> dt.date:
    """A yearly fact is as of the last day of its year, a point fact as of today; never later than today."""
    return min(dt.date(fiscal_year, 12, 31), today) if fiscal_year else today


def last_complete_year(today: dt.date) -> int:
    """Year t of the rules: the last complete one."""
    return today.year - 1
