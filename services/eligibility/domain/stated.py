"""Facts as a request states them, checked before anything is computed; one bad fact and nothing is."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.errors import FieldProblem
from rulebook.dictionary import Dictionary, Fact
from rulebook.parts import excesses
from rulebook.subject import POINT, fact_value
from rulebook.values import CellError, date_ahead, parse_cell, to_canonical, unit_fits, units_expected
from services.eligibility.domain.consistency import IMPOSSIBLE, Check, compare
from services.eligibility.domain.errors import StatedFactsInvalid

Periods = dict[int, dict[str, dict[str, Any]]]
"""Year (0 for facts as of a date) → fact id → {value, source, as_of}."""


def read_stated(
    dictionary: Dictionary, checks: Sequence[Check], facts: Sequence[Mapping[str, Any]], day: dt.date, today: dt.date
) -> Periods:
    """The facts by period, canonical. Raises StatedFactsInvalid with the path of every fact that cannot be used:
    not in the dictionary, another unit, a value of the wrong shape, a year not yet over on the application date, a
    date that neither today nor the application has reached, and figures that cannot be true together (checks of
    severity `impossible`).
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
    problems += _impossible(dictionary, checks, periods, stated_at)
    if problems:
        raise StatedFactsInvalid(
            "有事实无法采用，请按 errors 中的说明修改后重试；本次没有计算，也没有保存任何内容", problems=problems
        )
    return periods


def refuse_beside(
    dictionary: Dictionary,
    facts: Sequence[Mapping[str, Any]],
    periods: Periods,
    held: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> None:
    """Raise StatedFactsInvalid where a stated figure cannot be true beside what the period holds with it: a part above
    its whole. `held`: fact id → year → entry, the stated ones among them."""
    places = {(each["fact"], each.get("fiscal_year") or POINT): f"facts[{at}].value" for at, each in enumerate(facts)}
    problems = []
    for year, values in periods.items():

        def value_of(fact_id: str, year: int = year) -> object:
            return held.get(fact_id, {}).get(str(year), {}).get("value")

        for found in excesses(dictionary, year, values, value_of):
            place = places.get((found.part.id, year)) or places[(found.whole.id, year)]
            message = f"{found.message}请一并给出另一项的假设值，或改正这一项。"
            expected = f"不超过{found.expected}"
            problems.append(FieldProblem(place, message, "part-exceeds-whole", found.part_shown, expected))
    if problems:
        raise StatedFactsInvalid(
            "有事实与已登记的数不能同时成立，请按 errors 中的说明修改后重试；本次没有计算", problems=problems
        )


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
    dictionary: Dictionary, checks: Sequence[Check], periods: Periods, stated_at: Mapping[tuple[str, int], str]
) -> list[FieldProblem]:
    known = {
        (fact_id, year): fact_value(stored) for year, of_year in periods.items() for fact_id, stored in of_year.items()
    }
    _, found = compare([check for check in checks if check.severity == IMPOSSIBLE], dictionary, known)
    return [
        FieldProblem(
            f"{stated_at[(each.figures[0].fact_id, each.figures[0].fiscal_year)]}.value",
            each.message,
            "impossible",
            "；".join(f"{figure.label} {figure.display}" for figure in each.figures),
            each.check.label,
        )
        for each in found
    ]
