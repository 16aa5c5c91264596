"""Tests and measures of a pack in an official's words, without any enterprise: what is asked, of which year."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rulebook.pack import (
    PACK_TITLES,
    SIZES,
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    DaysSince,
    Entries,
    Equals,
    Found,
    Growth,
    Holds,
    InPlan,
    LeftOpen,
    Measure,
    NoBan,
    Ref,
    Review,
    Share,
    SizeIn,
    Test,
    Total,
)
from rulebook.predicates import where_text

YEARS = "t 为申请前最后一个完整会计年度，t-1 为再上一年度；y 为申请当年。"
_MANNERS = {"yearly": "增长率", "mean": "两年平均增长率", "compound": "两年复合增长率", "hte": "净增长率（195 号）"}


def measure_phrase(what: Measure) -> str:
    """`研发费用总额[t]÷营业收入总额[t]`."""
    match what:
        case Ref():
            return what.fact.label + _year(what)
        case Share():
            return f"{measure_phrase(what.part)}÷{measure_phrase(what.whole)}"
        case Growth():
            return f"{measure_phrase(what.at)}{_MANNERS[what.manner]}"
        case DaysSince():
            return f"{what.fact.label}至申请日的天数"
        case Total():
            years = "、".join(_year(ref) for ref in what.refs)
            since = f"（{what.since.label}当年及以后）" if what.since else ""
            return f"{what.refs[0].fact.label}{years}{'均值' if what.mean else '合计'}{since}"


def test_phrase(test: Test) -> str:
    """The whole test on one line."""
    return _TESTS[type(test)](test)


def _year(ref: Ref) -> str:
    if ref.offset is None:
        return ""
    letter = "y" if ref.fact.year_of == "calendar" else "t"
    return f"[{letter}{ref.offset or ''}]"


def _together(tests: Iterable[Test], how: str) -> str:
    return how.join(
        f"（{test_phrase(each)}）" if isinstance(each, AllOf | AnyOf) else test_phrase(each) for each in tests
    )


def _titles(codes: Iterable[str]) -> str:
    return "、".join(PACK_TITLES.get(code, code) for code in codes)


def _holds(test: Holds) -> str:
    how = ("未持有" if test.forbidden else "持有") + ("（以称号台账为补充来源）" if test.recorded_only else "有效的")
    return how + _titles(test.titles)


def _total(test: CompareTotal) -> str:
    total = test.total
    where = "，".join(filter(None, (total.window.text, where_text(total.where))))
    return f"{total.fact.label}的{total.amount.label}合计（{where}）{test.limit.text}"


_TESTS: dict[type, Callable[[Any], str]] = {
    Compare: lambda test: f"{measure_phrase(test.measure)} {test.limit.text}",
    CompareTotal: _total,
    Equals: lambda test: f"{measure_phrase(test.ref)}为“{test.text}”",
    Entries: lambda test: f"{test.fact.label}：{test.text}",
    Holds: _holds,
    NoBan: lambda test: f"{_titles(test.titles)}被取消后禁止申报的 {test.years} 年已满",
    SizeIn: lambda test: "规模为" + "、".join(label for code, label in SIZES.items() if code in test.sizes),
    Found: lambda test: f"主管部门认定“{test.fact.label}”",
    AllOf: lambda test: _together(test.tests, "；且 "),
    AnyOf: lambda test: _together(test.tests, "；或 "),
    Review: lambda test: f"如 {test_phrase(test.test)}，须人工核定",
    LeftOpen: lambda test: f"人工核定：{test.text}",
    InPlan: lambda test: f"规划期内（至 {test.until}）",
}
"""One entry for each kind of test; an architecture test asks for it."""
