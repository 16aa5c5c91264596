"""Reads the rows of a facts sheet: fact values of one or more periods of one enterprise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rulebook.dictionary import SOURCE_KINDS, Fact
from rulebook.industries import Industries, unknown_industry
from rulebook.values import CellError, Value, cell_reader, date_ahead, parse_cell
from services.registry.domain.columns import Recognised
from services.registry.domain.facts import accepted_source
from services.registry.domain.periods import POINT, last_complete_year, read_year
from services.registry.domain.problems import CellProblem
from services.registry.domain.reading import Row
from services.registry.domain.statements import LONGEST_VALUE

_SOURCES = {word: kind for kind, label in SOURCE_KINDS.items() for word in (kind, label)}
_SOURCES |= {"税务": "tax", "审计": "audit_report", "自报": "self_declared", "企业自报": "self_declared"}
_SOURCES |= {"专精特新培育平台": "official_platform", "平台": "official_platform", "导入": "import"}


def read_fact_row(
    cells: Mapping[str, str],
    columns: Mapping[str, Recognised],
    facts: Sequence[tuple[Recognised, str]],
    *,
    industries: Industries,
    source: str,
    today: dt.date,
) -> Row:
    """`values["periods"]`: fiscal year (0 = point) → fact id → {value, source, as_of if any}; blank cells are absent.

    `facts` are the fact columns with their non-blank texts; `source` holds for the file where the row names none.
    """
    row = Row(cells, columns, today)
    row.uscc(required=True)
    row.text("name")
    year = _year(row)
    source = _source(row, source)
    as_of = row.date("as_of", latest=today)
    periods: dict[int, dict[str, dict[str, Any]]] = {}
    for column, text in facts:
        fact = column.fact
        assert fact is not None
        period = _period(row, column, fact, text, year)
        value = _value(row, column, fact, text, industries)
        if period is None or value is None:
            continue
        origin = _origin(fact, source)
        if not accepted_source(fact, origin):
            _refuse_source(row, column, fact, text, origin)
            continue
        entry = {"value": value, "source": origin}
        periods.setdefault(period, {})[fact.id] = {**entry, "as_of": as_of.isoformat()} if as_of else entry
    row.values["periods"] = periods
    return row


class FactRows:
    """Reads the rows of one facts sheet: at once where nothing is amiss, else by `read_fact_row`."""

    def __init__(
        self,
        columns: Mapping[str, Recognised],
        facts: Sequence[Recognised],
        *,
        industries: Industries,
        source: str,
        today: dt.date,
    ) -> None:
        self._columns, self._facts = columns, facts
        self._industries, self._source, self._today = industries, source, today
        self._said = [(key, columns[key].index) for key in ("uscc", "name") if key in columns]
        self._heads = [(key, columns[key].index) for key in ("fiscal_year", "source", "as_of") if key in columns]
        self._readers = [_reader(each, industries, today) for each in facts]
        self._plans: dict[tuple[str, ...], _Plan | None] = {}

    def read(self, cells: Sequence[str]) -> Row:
        """As `read_fact_row`."""
        return self._at_once(cells) or self._with_care(cells)

    def _at_once(self, cells: Sequence[str]) -> Row | None:
        """The row, None where anything of it might have to be refused."""
        width = len(cells)
        heads = tuple([cells[at] if at < width else "" for _, at in self._heads])
        plan = self._plans[heads] if heads in self._plans else self._remember(heads)
        if plan is None:
            return None
        row = Row({key: cells[at] for key, at in self._said if at < width and cells[at]}, self._columns, self._today)
        row.uscc(required=True)
        row.text("name")
        if row.problems:
            return None
        row.values.update(plan.values)
        periods: dict[int, dict[str, dict[str, Any]]] = {}
        for at, fact_id, period, entry, read in plan.facts:
            text = cells[at] if at < width else ""
            if not text:
                continue
            value = read(text)
            if period is None or isinstance(value, CellError):
                return None
            if value is not None:
                if period not in periods:
                    periods[period] = {}
                periods[period][fact_id] = {"value": value, **entry}
        row.values["periods"] = periods
        return row

    def _with_care(self, cells: Sequence[str]) -> Row:
        width = len(cells)
        said = {
            key: cells[each.index] for key, each in self._columns.items() if each.index < width and cells[each.index]
        }
        stated = [(each, cells[each.index]) for each in self._facts if each.index < width and cells[each.index]]
        return read_fact_row(
            said, self._columns, stated, industries=self._industries, source=self._source, today=self._today
        )

    def _remember(self, heads: tuple[str, ...]) -> _Plan | None:
        plan = self._plan(heads)
        if len(self._plans) < _REMEMBERED and all(len(each) <= _SHORT for each in heads):
            self._plans[heads] = plan
        return plan

    def _plan(self, heads: tuple[str, ...]) -> _Plan | None:
        """What a row with this year, source and date says of each column; None when they are not in order."""
        cells = {key: text for (key, _), text in zip(self._heads, heads, strict=True) if text}
        row = Row(cells, self._columns, self._today)
        year, source = _year(row), _source(row, self._source)
        as_of = row.date("as_of", latest=self._today)
        if row.problems:
            return None
        dated = {"as_of": as_of.isoformat()} if as_of else {}
        facts = []
        for column, read in zip(self._facts, self._readers, strict=True):
            fact = column.fact
            assert fact is not None
            origin = _origin(fact, source)
            period = _period(row, column, fact, "", year) if accepted_source(fact, origin) else None
            facts.append((column.index, fact.id, period, {"source": origin, **dated}, read))
        return _Plan(row.values, tuple(facts))


_Read = Callable[[str], Value | CellError]


@dataclass(frozen=True, slots=True)
class _Plan:
    """`facts`: column, fact id, its period (None: it cannot be taken), what is the same of each entry, its reader."""

    values: Mapping[str, Any]
    facts: tuple[tuple[int, str, int | None, Mapping[str, Any], _Read], ...]


_REMEMBERED = 5000
"""Cells of one column whose meaning is remembered: shares, counts and words come again, amounts do not."""

_SHORT = 100


def _reader(column: Recognised, industries: Industries, today: dt.date) -> _Read:
    fact = column.fact
    assert fact is not None
    plainly = cell_reader(fact, column.unit)
    if fact.type == "money":
        return lambda text: plainly(text) if len(text) <= _SHORT else CellError("", text)
    known: dict[str, Value | CellError] = {}

    def read(text: str) -> Value | CellError:
        found = known.get(text, known)
        if found is not known:
            return cast("Value | CellError", found)
        row = Row({}, {}, today)
        value = _value(row, column, fact, text, industries)
        meant: Value | CellError = CellError("", text) if row.problems else value
        if len(known) < _REMEMBERED and len(text) <= _SHORT:
            known[text] = meant
        return meant

    return read


def _origin(fact: Fact, source: str) -> str:
    """What only officials decide (findings, expert points) comes from nowhere else, whatever the file's source."""
    return "official_finding" if fact.sources == ("official_finding",) else source


def _year(row: Row) -> int | None:
    year = read_year(row.cells.get("fiscal_year", ""), row.today)
    if year is None:
        expected = f"1990 至 {row.today.year} 的四位年份，或留空（时点指标）"
        row.refuse("fiscal_year", "year-invalid", f"年度“{row.cells['fiscal_year']}”无法识别，应为{expected}", expected)
    return year


def _source(row: Row, default: str) -> str:
    text = row.cells.get("source")
    if text is None:
        return default
    source = _SOURCES.get(text)
    if source is None:
        expected = "、".join(SOURCE_KINDS.values())
        row.refuse("source", "source-unknown", f"不认识的数据来源“{text}”，应为：{expected}", expected)
        return default
    return source


def _period(row: Row, column: Recognised, fact: Fact, text: str, year: int | None) -> int | None:
    if not fact.yearly:
        return POINT
    period = column.fiscal_year or year
    if period is None:  # the year itself was refused already
        return None
    latest = row.today.year if fact.year_of == "calendar" else last_complete_year(row.today)
    if period == POINT:
        message = f"“{fact.label}”是年度指标，请在“年度”列填写年份，或在表头写明年份"
        row.problems.append(CellProblem(column.header, "year-missing", message, text, "四位年份"))
        return None
    if period > latest:
        message = f"{period} 年度尚未结束，“{fact.label}”只收完整年度（不晚于 {latest}）"
        row.problems.append(CellProblem(column.header, "year-not-over", message, text, f"不晚于 {latest} 的年度"))
        return None
    return period


def _value(row: Row, column: Recognised, fact: Fact, text: str, industries: Industries) -> Any:
    if len(text) > LONGEST_VALUE:
        message = f"“{fact.label}”超过 {LONGEST_VALUE} 个字，请精简"
        row.problems.append(
            CellProblem(column.header, "text-too-long", message, text[:40], f"不超过 {LONGEST_VALUE} 个字")
        )
        return None
    value = parse_cell(fact, text, column.unit)
    if not isinstance(value, CellError):
        value = unknown_industry(fact, value, industries) or value
    if not isinstance(value, CellError):
        ahead = date_ahead(fact, value, row.today)
        if ahead is None:
            return value
        row.problems.append(CellProblem(column.header, "date-in-future", ahead.message, text, ahead.expected))
        return None
    row.problems.append(CellProblem(column.header, "value-invalid", value.message(fact.label), text, value.expected))
    return None


def _refuse_source(row: Row, column: Recognised, fact: Fact, text: str, source: str) -> None:
    accepted = "、".join(SOURCE_KINDS[each] for each in fact.sources)
    message = f"“{fact.label}”不能来自“{SOURCE_KINDS[source]}”，可用的来源：{accepted}"
    row.problems.append(CellProblem(column.header, "source-not-accepted", message, text, accepted))
