"""The figures that words and rules speak of, in one form: money in 万元, percent without the sign, 近三年 as 3."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal

from rulebook.criteria import DaysSince, FieldTest, Growth, InPlan, NoBan, Ref, Window
from rulebook.dictionary import Fact
from rulebook.pack import (
    Band,
    Choice,
    Condition,
    Grade,
    Group,
    Indicator,
    LifeCycle,
    Limit,
    Line,
    Pack,
    ScoreRule,
    Term,
)

NUMERALS = "一二三四五六七八九十"
_ARABIC = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(亿)?")
_CHINESE = re.compile(
    rf"(?<![{NUMERALS}])[{NUMERALS}两](?=年|个|项|名|级|类|批|等奖|、[{NUMERALS}]|至)|(?<=[近前第满])[{NUMERALS}两]+"
)


def figures(text: str) -> list[str]:
    """Every figure in the order of the text."""
    plain = unicodedata.normalize("NFKC", text)
    found = [(each.start(), _plain(Decimal(each[1].replace(",", "")) * (10000 if each[2] else 1)))
             for each in _ARABIC.finditer(plain)]  # fmt: skip
    found += [(each.start(), _spelled(each[0])) for each in _CHINESE.finditer(plain)]
    return [figure for _, figure in sorted(found)]


def figures_of(rule: object) -> set[str]:
    """Every figure that decides something in a condition, an indicator, a route or a deadline."""
    found = {figure for node in _nodes(rule) for figure in _own(node)}
    offsets = {node.offset for node in _nodes(rule) if isinstance(node, Ref) and node.offset is not None}
    return found | ({str(len(offsets))} if len(offsets) > 1 else set())


def figures_of_routes(pack: Pack) -> set[str]:
    return figures_of((pack.routes, pack.groups))


def _own(node: object) -> Iterator[str]:
    match node:
        case Limit():
            yield from figures(node.written)
        case Window():
            yield from (_plain(Decimal(each)) for each in (node.fiscal_years, node.calendar_years) if each)
            yield from _years(Decimal(node.rolling_days))
        case NoBan():
            yield str(node.years)
        case FieldTest():
            for code in node.codes:
                yield from figures(code)
        case InPlan():
            yield from _day(node.until)
        case Growth() if node.manner != "yearly":
            yield "2"
        case Band() | Choice() | Grade():
            yield from (_plain(node.points_low), _plain(node.points_high))
            if isinstance(node, Band):
                yield from (_plain(each * 100) for each in (node.low, node.high) if each is not None)
                yield from (_plain(each / 10000) for each in (node.low, node.high) if each is not None)
        case Indicator():
            yield from (_plain(node.maximum), _plain(node.each_points))
        case Group(maximum=Decimal() as most):
            yield _plain(most)
        case LifeCycle():
            yield from (str(each) for each in (node.years, node.months, *(node.due or ())) if each is not None)
        case Term():
            yield from _day(node.start)
            if node.end is not None:
                yield from _day(node.end)
        case Condition():
            for limit in (each.limit for each in _nodes(tuple(node.tests.values())) if _counts_days(each)):  # type: ignore[attr-defined]
                yield from _years(limit.value)


def _counts_days(node: object) -> bool:
    return isinstance(getattr(node, "measure", None), DaysSince)


def _years(days: Decimal) -> Iterator[str]:
    if days and days % 365 == 0:
        yield _plain(days / 365)


def _day(day: date) -> Iterator[str]:
    yield from (str(day.year), str(day.month), str(day.day))


def _nodes(value: object) -> Iterator[object]:
    """Everything of which a rule is made, but the facts, and the words of a line."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | frozenset | list):
        for each in value:
            yield from _nodes(each)
    elif is_dataclass(value) and not isinstance(value, Fact | Line | type):
        yield value
        if isinstance(value, ScoreRule):
            yield from _nodes([value.total, *(limit for _, limit in value.groups)])
        else:
            yield from _nodes([getattr(value, each.name) for each in fields(value)])


def _spelled(numeral: str) -> str:
    if numeral == "两":
        return "2"
    if numeral[0] == "十":
        return str(10 + (NUMERALS.index(numeral[1]) + 1 if len(numeral) > 1 else 0))
    return str(NUMERALS.index(numeral[0]) + 1)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
