"""Reads one row of a facts sheet: fact values of one or more periods of one enterprise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rulebook.dictionary import SOURCE_KINDS, Fact
from rulebook.industries import Industries, unknown_industry
from rulebook.values import CellError, date_ahead, parse_cell
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
    """`values["periods"]`: fiscal year (0 = point) → fact id → {value, source, as_of or None}; blank cells are absent.

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
        # what only officials decide (findings, expert points) comes from nowhere else, whatever the file's source
        origin = "official_finding" if fact.sources == ("official_finding",) else source
        if not accepted_source(fact, origin):
            _refuse_source(row, column, fact, text, origin)
            continue
        periods.setdefault(period, {})[fact.id] = {
            "value": value,
            "source": origin,
            "as_of": as_of.isoformat() if as_of else None,
        }
    row.values["periods"] = periods
    return row


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
