"""Facts as a request states them, checked before anything is computed; one bad fact and nothing is."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis.errors import FieldProblem
from rulebook.dictionary import Dictionary, Fact
from rulebook.parts import excesses
from rulebook.subject import POINT
from rulebook.values import CellError, date_ahead, parse_cell, to_canonical, unit_fits, units_expected
from services.eligibility.domain.errors import StatedFactsInvalid

Periods = dict[int, dict[str, dict[str, Any]]]
"""Year (0 for facts as of a date) → fact id → {value, source, as_of}."""

Held = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Fact id → year as text → {value, …}: the facts of an assessment's inputs."""


def read_stated(
    dictionary: Dictionary, facts: Sequence[Mapping[str, Any]], day: dt.date, today: dt.date, held: Held | None = None
) -> Periods:
    """The facts by period, canonical. Raises StatedFactsInvalid with the path of every fact that cannot be used:
    not in the dictionary, another unit, a value of the wrong shape, a year not yet over on the application date, a
    date that neither today nor the application has reached, and figures that cannot be true together, nor beside those
    that are `held` of the enterprise.
    """
    problems: list[FieldProblem] = []
    periods: Periods = {}
    stated_at: dict[tuple[str, int], str] = {}
    for index, stated in enumerate(facts):
        path = f"facts[{index}]"
        fact = dictionary.find(stated["fact"])
        if fact is None:
            problems.append(_unknown(dictionary, path, stated["fact"]))
            continue
        own = _dating(path, fact, stated, day, today)
        year = stated.get("fiscal_year") if fact.yearly else None
        key = (fact.id, POINT if year is None else year)
        if not own and key in stated_at:
            message = f"“{fact.label}”同一年度给出了两次，请只保留一个"
            own.append(FieldProblem(f"{path}.fact", message, "repeated", fact.id))
        value, problem = _value(path, fact, stated, max(day, today))
        own += [problem] if problem is not None else []
        problems += own
        if own:
            continue
        stated_at[key] = path
        if value is not None:
            periods.setdefault(key[1], {})[fact.id] = {
                "value": value,
                "source": stated.get("source") or "self_declared",
                "as_of": stated.get("as_of"),
            }
    problems += _impossible(dictionary, periods, stated_at, held or {})
    if problems:
        raise StatedFactsInvalid(
            "有事实无法采用，请按 errors 中的说明修改后重试；本次没有计算，也没有保存任何内容", problems=problems
        )
    return periods


def _unknown(dictionary: Dictionary, path: str, name: str) -> FieldProblem:
    near = difflib.get_close_matches(name, [fact.id for fact in dictionary], n=1)
    guess = f"，您是否指 {near[0]}（{dictionary[near[0]].label}）" if near else ""
    message = f"事实字典中没有“{name[:60]}”这一项{guess}；全部事实见 /api/registry/v1/facts-dictionary"
    return FieldProblem(f"{path}.fact", message, "unknown-fact", name, near[0] if near else None)


def _dating(path: str, fact: Fact, stated: Mapping[str, Any], day: dt.date, today: dt.date) -> list[FieldProblem]:
    problems = []
    year: int | None = stated.get("fiscal_year")
    latest = day.year if fact.year_of == "calendar" else day.year - 1  # t, the last complete year
    if fact.yearly and year is None:
        problems.append(FieldProblem(f"{path}.fiscal_year", f"“{fact.label}”按年度填报，请写明年度", "missing"))
    elif fact.yearly and year is not None and year > latest:
        message = f"“{fact.label}”的年度应不晚于 {latest}（申请日期 {day} 之前最后一个可用年度），现为 {year}"
        problems.append(FieldProblem(f"{path}.fiscal_year", message, "year-in-future", year, f"不晚于 {latest}"))
    elif not fact.yearly and year is not None:
        message = f"“{fact.label}”不分年度，请去掉年度"
        problems.append(FieldProblem(f"{path}.fiscal_year", message, "unexpected", year))
    as_of = stated.get("as_of")
    if as_of is not None and dt.date.fromisoformat(as_of) > max(day, today):
        message = f"“{fact.label}”的数据日期 {as_of} 还没有到，请核对"
        problems.append(FieldProblem(f"{path}.as_of", message, "date-in-future", as_of, f"不晚于 {max(day, today)}"))
    return problems


_OF_TITLES = {
    "valid_from": ("有效期起", "称号自该日起才有效；请核对，或改填该日以后的申请日期"),
    "cancelled_on": ("取消日期", "请核对"),
}
"""Days of a title that must have come, for the application at the latest; only the last day of it may lie ahead."""


def refuse_titles_ahead(titles: Sequence[Mapping[str, Any]], day: dt.date, today: dt.date) -> None:
    """Raise StatedFactsInvalid where a title begins, or was cancelled, on a day that neither today nor the application
    has reached."""
    latest = max(day, today)
    problems = [
        FieldProblem(
            f"titles[{index}].{field}",
            f"{label}应不晚于 {latest}，现为“{stated}”，{remedy}",
            "date-in-future",
            stated,
            f"不晚于 {latest}",
        )
        for index, title in enumerate(titles)
        for field, (label, remedy) in _OF_TITLES.items()
        if (stated := title.get(field)) is not None and dt.date.fromisoformat(stated) > latest
    ]
    if problems:
        raise StatedFactsInvalid(
            "有称号无法采用，请按 errors 中的说明修改后重试；本次没有计算，也没有保存任何内容", problems=problems
        )


def _value(path: str, fact: Fact, stated: Mapping[str, Any], latest: dt.date) -> tuple[Any, FieldProblem | None]:
    value, unit = stated.get("value"), stated.get("unit")
    if value is None:  # said to be missing
        return None, None
    if unit and not unit_fits(fact, unit):
        expected = units_expected(fact)
        message = f"“{fact.label}”的单位不能是“{unit}”，应为：{expected}"
        return None, FieldProblem(f"{path}.unit", message, "wrong-unit", unit, expected)
    read = parse_cell(fact, str(value), unit) if unit else to_canonical(fact, value)
    if isinstance(read, CellError):
        message = read.message(fact.label)
        return None, FieldProblem(f"{path}.value", message, "wrong-value", read.found, read.expected)
    if read is None:
        message = f"“{fact.label}”的内容是空的；不知道的请传 null 或不写"
        return None, FieldProblem(f"{path}.value", message, "wrong-value", value)
    ahead = date_ahead(fact, read, latest)
    if ahead is not None:
        where = f"{path}.value{ahead.path}"
        return None, FieldProblem(where, ahead.message, "date-in-future", ahead.found, ahead.expected)
    return read, None


def _impossible(
    dictionary: Dictionary, periods: Periods, stated_at: Mapping[tuple[str, int], str], held: Held
) -> Iterator[FieldProblem]:
    """Parts above their wholes, where either is stated; what is not stated is as it is `held`."""
    for year in sorted({year for _, year in stated_at}):

        def value_of(fact_id: str, year: int = year) -> object:
            if (fact_id, year) in stated_at:
                return periods.get(year, {}).get(fact_id, {}).get("value")
            return held.get(fact_id, {}).get(str(year), {}).get("value")

        ids = [fact_id for fact_id, of in stated_at if of == year]
        for found in excesses(dictionary, year, ids, value_of):
            place = stated_at.get((found.part.id, year)) or stated_at[(found.whole.id, year)]
            both = (found.part.id, year) in stated_at and (found.whole.id, year) in stated_at
            remedy = "" if both else "其中一项是已登记的数：请一并给出它的假设值，或改正这一项。"
            shown = f"{found.found}；{found.expected}"
            expected = f"{found.part.label}不超过{found.whole.label}"
            yield FieldProblem(f"{place}.value", f"{found.message}{remedy}", "impossible", shown, expected)
