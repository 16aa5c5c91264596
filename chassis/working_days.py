"""Working days in China: weekends, statutory holidays and the weekends worked instead, as the yearly notices order.

A year whose notice is not in the file is reckoned by its weekends alone, and every answer that touches it says so.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "contracts" / "codes" / "working_days.csv"
COLUMNS = ("year", "from", "to", "kind", "name", "notice", "issued_on", "clause", "quote")
KINDS = {"off": False, "work": True}
SUPPOSED = "按周末推算（当年节假日安排未公布）"
LONGEST = 3660
"""Days that a period can have: beyond ten years a digit was mistyped."""

_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_LONGEST_RUN = 31
_FEW = 4


class WorkingDaysInvalid(Exception):
    """The file of working days cannot be used; the message says of every mistake the line and what is expected."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A day, or a number of working days, with the years in between whose holidays have not been announced."""

    day: dt.date
    number: int
    supposed: tuple[int, ...]

    @property
    def note(self) -> str:
        """What an answer says beside it; empty where all holidays are known."""
        if not self.supposed:
            return ""
        few = len(self.supposed) < _FEW
        years = "、".join(map(str, self.supposed)) if few else f"{self.supposed[0]}—{self.supposed[-1]}"
        return f"{years} 年{SUPPOSED}"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """`ordered`: days of which a notice says whether they are worked; `announced`: the years that have a notice."""

    ordered: Mapping[dt.date, bool]
    announced: frozenset[int]

    def works(self, day: dt.date) -> bool:
        """Whether `day` is worked; of a year without a notice every day but Saturday and Sunday is."""
        return self.ordered.get(day, day.weekday() < _SATURDAY)

    def after(self, day: dt.date, number: int) -> Reckoned:
        """The `number`-th working day after `day`: the day on which a period begins does not count.

        So 民法典第二百零一条: 开始的当日不计入，自下一日开始计算. Raises ValueError unless 1 <= number <= LONGEST.
        """
        if not 1 <= number <= LONGEST:
            raise ValueError(f"{number} working days: 1 to {LONGEST} can be counted")
        last, left = day, number
        while left:
            last += _DAY
            left -= self.works(last)
        return Reckoned(last, number, self._supposed(day, last))

    def between(self, day: dt.date, other: dt.date) -> Reckoned:
        """How many working days `other` is after `day`, `day` not counted; negative where it lies before."""
        first, last = min(day, other), max(day, other)
        weeks, rest = divmod((last - first).days, 7)
        number = 5 * weeks + sum((last - each * _DAY).weekday() < _SATURDAY for each in range(rest))
        inside = ((each, works) for each, works in self.ordered.items() if first < each <= last)
        number += sum(works - (each.weekday() < _SATURDAY) for each, works in inside)
        return Reckoned(other, number if other >= day else -number, self._supposed(first, last))

    def _supposed(self, first: dt.date, last: dt.date) -> tuple[int, ...]:
        if first == last:
            return ()
        return tuple(year for year in range((first + _DAY).year, last.year + 1) if year not in self.announced)


def load_working_days(file: Path = FILE) -> WorkingDays:
    """Read the notices. Raises WorkingDaysInvalid with every mistake."""
    return parse_working_days(file.read_text("utf-8"), file.name)


def parse_working_days(text: str, file: str) -> WorkingDays:
    """The notices as CSV with COLUMNS. Raises WorkingDaysInvalid with every mistake."""
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise WorkingDaysInvalid(f"{file} 第 1 行：表头应为 {','.join(COLUMNS)}")
    ordered: dict[dt.date, bool] = {}
    announced: set[int] = set()
    mistakes = []
    for line, row in enumerate(reader, start=2):
        try:
            for day in _days(row):
                if day in ordered:
                    raise ValueError(f"{day} 已有安排，每天只写一次")
                ordered[day] = KINDS[row["kind"]]
            announced.add(int(row["year"]))
        except ValueError as wrong:
            mistakes.append(f"{file} 第 {line} 行：{wrong}")
    if mistakes:
        raise WorkingDaysInvalid("\n".join(mistakes))
    return WorkingDays(ordered, frozenset(announced))


def _days(row: Mapping[str, str | None]) -> Iterator[dt.date]:
    """The days of one row. Raises ValueError in words for the person who edits the file."""
    lacking = [name for name in COLUMNS if not (row[name] or "").strip()]
    if lacking or None in row:
        raise ValueError(f"缺少 {'、'.join(lacking)}" if lacking else "列数多于表头")
    kind, year = row["kind"] or "", row["year"] or ""
    try:
        first, last = (dt.date.fromisoformat(row[name] or "") for name in ("from", "to"))
    except ValueError:
        raise ValueError(f"from、to 现为“{row['from']}”“{row['to']}”，应为日期 YYYY-MM-DD") from None
    if kind not in KINDS:
        raise ValueError(f"kind 现为“{kind}”，应为 off（放假）或 work（上班）")
    # New Year's holiday may begin on the last days of the year before.
    if not year.isdecimal() or not int(year) - 1 <= first.year <= last.year <= int(year):
        raise ValueError(f"year 现为“{year}”，应为这些日期所属通知的年份")
    if not 0 <= (last - first).days < _LONGEST_RUN:
        raise ValueError(f"{first} 至 {last}：止不早于起，至多 {_LONGEST_RUN} 天")
    for each in range((last - first).days + 1):
        day = first + each * _DAY
        if kind == "work" and day.weekday() < _SATURDAY:
            raise ValueError(f"{day} 不是周末，本来就上班")
        yield day
