"""Facts and findings as an API request states them, checked against the dictionary with field paths."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.errors import FieldProblem
from rulebook.dictionary import SOURCE_KINDS, Dictionary, Fact
from rulebook.industries import Industries, unknown_industry
from rulebook.parts import Excess
from rulebook.values import CellError, date_ahead, parse_cell, to_canonical, unit_fits, units_expected
from services.registry.domain.errors import FactsInvalid, FindingInvalid
from services.registry.domain.facts import Stated, accepted_source, beside
from services.registry.domain.periods import FIRST_YEAR, POINT, last_complete_year

FINDING_SOURCE = "official_finding"
LONGEST_VALUE = 20_000
"""Characters of one value as JSON, some hundred records: a period of such values still fits into one message."""
_REFUSED = "指标有误，请按 errors 中的说明修改后重试；本次没有写入任何指标"


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact as it was sent; `value` None withdraws it."""

    fact: str
    value: Any
    source: str
    fiscal_year: int | None = None
    unit: str | None = None
    as_of: dt.date | None = None


def read_statements(
    statements: Sequence[Statement],
    dictionary: Dictionary,
    industries: Industries,
    *,
    official: bool,
    today: dt.date,
) -> dict[int, dict[str, Stated]]:
    """Fiscal year (0 = as of a date) → fact id → what is stated. Raises FactsInvalid with every problem."""
    problems: list[FieldProblem] = []
    found: dict[int, dict[str, Stated]] = {}
    for index, statement in enumerate(statements):
        path = f"facts[{index}]"
        fact = dictionary.find(statement.fact)
        if fact is None:
            message = f"指标字典中没有“{statement.fact}”，请查看 /facts-dictionary"
            problems.append(FieldProblem(f"{path}.fact", message, "fact-unknown", statement.fact))
            continue
        own = [*_period(path, statement, fact, today), *_source(path, statement, fact, official, today)]
        value, problem = _value(path, statement, fact, industries, today)
        own += [problem] if problem else []
        year = (statement.fiscal_year or POINT) if fact.yearly else POINT
        if fact.id in found.get(year, {}):
            own.append(FieldProblem(f"{path}.fact", "同一指标同一年度写了两次，请只保留一次", "fact-repeated", fact.id))
        problems += own
        if not own:
            found.setdefault(year, {})[fact.id] = Stated(value, statement.source, statement.as_of, f"{path}.value")
    if problems:
        raise FactsInvalid(_REFUSED, problems=problems)
    return found


def refuse_impossible(found: Sequence[Excess], stated: Mapping[int, Mapping[str, Stated]]) -> None:
    """Raise FactsInvalid where a part that is stated, or whose whole is, would exceed it."""
    problems = []
    for each in found:
        told = stated[each.fiscal_year]
        ours = told[each.part.id] if each.part.id in told else told[each.whole.id]
        shown, expected = (
            (each.part_shown, f"不超过{each.expected}")
            if each.part.id in told
            else (each.whole_shown, f"不小于{each.found}")
        )
        message = f"{each.message}{beside(each, told)}。"
        problems.append(FieldProblem(ours.field, message, "part-exceeds-whole", shown, expected))
    if problems:
        raise FactsInvalid(_REFUSED, problems=problems)


def read_finding(dictionary: Dictionary, finding: str, stated: Mapping[str, Any], *, today: dt.date) -> Stated:
    """An official's decision as a fact. Raises FindingInvalid."""
    fact = dictionary.find(finding)
    if fact is None or fact.type != "finding":
        known = "、".join(f"{each.id}（{each.label}）" for each in dictionary if each.type == "finding")
        message = f"“{finding}”不是需要认定的事项，可认定的有：{known}"
        problem = FieldProblem("finding", message, "finding-unknown", finding, known)
        raise FindingInvalid(message, problems=[problem])
    until = stated.get("valid_until")
    if until is not None and until < today:
        problem = FieldProblem("valid_until", "有效期已过，请核对", "date-in-past", until.isoformat(), "今天或以后")
        raise FindingInvalid("认定意见的有效期已过，请核对", problems=[problem])
    value = to_canonical(fact, {**stated, "valid_until": until.isoformat() if until else None})
    if isinstance(value, CellError):
        message = value.message(fact.label)
        problem = FieldProblem("decision", message, "finding-invalid", value.found, value.expected)
        raise FindingInvalid(f"认定意见有误：{message}", problems=[problem])
    return Stated(value, FINDING_SOURCE, today)


def _period(path: str, statement: Statement, fact: Fact, today: dt.date) -> list[FieldProblem]:
    year = statement.fiscal_year
    if not fact.yearly:
        if year in (None, POINT):
            return []
        message = f"“{fact.label}”是时点指标，不分年度，请去掉 fiscal_year"
        return [FieldProblem(f"{path}.fiscal_year", message, "year-not-wanted", year)]
    latest = today.year if fact.year_of == "calendar" else last_complete_year(today)
    if year is None or not FIRST_YEAR <= year <= latest:
        message = f"“{fact.label}”是年度指标，fiscal_year 应为 {FIRST_YEAR} 至 {latest} 的完整年度"
        code = "year-missing" if year is None else "year-invalid"
        return [FieldProblem(f"{path}.fiscal_year", message, code, year, f"{FIRST_YEAR} 至 {latest}")]
    return []


def _source(path: str, statement: Statement, fact: Fact, official: bool, today: dt.date) -> list[FieldProblem]:
    problems = []
    if fact.type == "finding":
        message = f"“{fact.label}”须由主管部门认定，请用 POST …/findings"
        problems.append(FieldProblem(f"{path}.fact", message, "finding-by-official-only", fact.id))
    elif not accepted_source(fact, statement.source):
        accepted = "、".join(f"{each}（{SOURCE_KINDS[each]}）" for each in fact.sources)
        message = f"“{fact.label}”不能来自“{SOURCE_KINDS.get(statement.source, statement.source)}”，可用：{accepted}"
        problems.append(FieldProblem(f"{path}.source", message, "source-not-accepted", statement.source, accepted))
    elif statement.source == FINDING_SOURCE and not official:
        message = "只有主管部门人员可以填写认定意见，请换用其他来源"
        problems.append(FieldProblem(f"{path}.source", message, "source-not-accepted", statement.source))
    if statement.as_of is not None and statement.as_of > today:
        expected = f"不晚于 {today.isoformat()}"
        found = statement.as_of.isoformat()
        problems.append(FieldProblem(f"{path}.as_of", "数据日期晚于今天，请核对", "date-in-future", found, expected))
    return problems


def _value(
    path: str, statement: Statement, fact: Fact, industries: Industries, today: dt.date
) -> tuple[Any, FieldProblem | None]:
    value, unit = statement.value, statement.unit
    if value is None or fact.type == "finding":
        return None, None
    if problem := _unstorable(value):
        return None, FieldProblem(f"{path}.value", problem, "value-invalid")
    if unit is not None and not unit_fits(fact, unit):
        expected = units_expected(fact)
        message = f"“{fact.label}”的单位不能是“{unit}”，应为：{expected}"
        return None, FieldProblem(f"{path}.unit", message, "unit-invalid", unit, expected)
    if unit is not None and fact.type in ("money", "ratio") and isinstance(value, str | int):
        read = parse_cell(fact, str(value), unit) if not isinstance(value, bool) else CellError("数字", str(value))
        if read is None:
            read = CellError("数字；要删去该指标请传 null", str(value))
    else:
        read = to_canonical(fact, value)
    if not isinstance(read, CellError):
        read = unknown_industry(fact, read, industries) or read
    if isinstance(read, CellError):
        message = read.message(fact.label)
        return None, FieldProblem(f"{path}.value", message, "value-invalid", read.found[:100], read.expected)
    if read is None:
        message = f"“{fact.label}”的内容是空的；要删去该指标请传 null"
        return None, FieldProblem(f"{path}.value", message, "value-empty", value)
    ahead = date_ahead(fact, read, today)
    if ahead is not None:
        where = f"{path}.value{ahead.path}"
        return None, FieldProblem(where, ahead.message, "date-in-future", ahead.found, ahead.expected)
    return read, None


def _unstorable(value: Any) -> str | None:
    """Why a value cannot be kept whatever its meaning: PostgreSQL stores neither NUL nor lone surrogates."""
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (UnicodeEncodeError, RecursionError):
        return "内容含有无法保存的字符，请删去后重试"
    if "\\u0000" in text:
        return "内容含有空字符（NUL），请删去后重试"
    return f"内容超过 {LONGEST_VALUE} 个字符，请精简" if len(text) > LONGEST_VALUE else None
