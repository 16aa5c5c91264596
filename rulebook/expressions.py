"""Comparisons as a pack writes them: `rd_expense_yuan[t] / revenue_yuan[t] >= 3%`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from rulebook.dictionary import NUMERIC, Dictionary, Fact, Shape
from rulebook.pack import Compare, DaysSince, Equals, Growth, Limit, Measure, Ref, Share, Total
from rulebook.source import Reader
from rulebook.units import MONEY_UNITS, decimal_of, fold, money_unit, plain_decimal, split_unit

_OPERATORS = {">=": ">=", "<=": "<=", ">": ">", "<": "<", "=": "=", "==": "=", "≥": ">=", "≤": "<="}
_COMPARISON = re.compile(r"^(.*?)(>=|<=|==|=>|=<|!=|≥|≤|≠|~|>|<|=)(.*)$")
_REF = re.compile(r"^([A-Za-z_]\w*)(?:\[([^\]]*)\])?$")
_CALL = re.compile(r"^([A-Za-z_]\w*)\((.*)\)$")
_YEAR = re.compile(r"^([ty])\s*(?:-\s*(\d))?$")
_GROWTH = {
    "growth": ("yearly", 1),
    "mean_growth": ("mean", 2),
    "cagr": ("compound", 2),
    "hte_growth": ("hte", 2),
}
_FUNCTIONS = ("sum", "mean", "sum_since", "days_since", *_GROWTH)
_OLDEST = 2  # the dictionary keeps t, t-1 and t-2


@dataclass(frozen=True, slots=True)
class Expressions:
    """Compiles the comparisons of one file."""

    reader: Reader
    dictionary: Dictionary

    def test(self, text: str, line: int) -> Compare | Equals | None:
        """A whole comparison, or None after a problem was noted."""
        match = _COMPARISON.match(fold(text))
        if match is None:
            self._note(line, text, "一个比较式，如 revenue_yuan[t] >= 1000 万元", "请补写比较符和数值。", "operator")
            return None
        left, sign, right = (part.strip() for part in match.groups())
        if sign not in _OPERATORS:
            self._note(line, sign, ">=、>、<=、<、= 之一", "请改用其中一个比较符。", "operator")
            return None
        measure = self.measure(left, line)
        if measure is None:
            return None
        if isinstance(measure, Ref) and measure.fact.type in ("boolean", "code"):
            return self._equals(measure, _OPERATORS[sign], right, line)
        shape = self.shape(measure)
        limit = self.limit(_OPERATORS[sign], right, shape, line)
        if limit is None:
            return None
        self._decides(text, limit, shape, line)
        return Compare(measure, limit)

    def shape(self, measure: Measure) -> Shape:
        """As `shape_of`, with what a share can come to: a part of its whole is 100 % of it at most."""
        shape = shape_of(measure)
        if not isinstance(measure, Share):
            return shape
        part, whole = _facts_of(measure.part), _facts_of(measure.whole)
        alike = _manner(measure.part) == _manner(measure.whole) and len(part) == len(whole)
        inside = alike and all(
            year == other and self._inside(fact, bigger)
            for (fact, year), (bigger, other) in zip(part, whole, strict=False)
        )
        return replace(shape, maximum=_ALL) if inside else shape

    def _inside(self, part: Fact, whole: Fact) -> bool:
        """Whether the dictionary says that one can never exceed the other, by itself or by what lies between them."""
        return part.id == whole.id or any(
            (between := self.dictionary.find(each)) is not None and self._inside(between, whole) for each in part.wholes
        )

    def _decides(self, text: str, limit: Limit, shape: Shape, line: int) -> None:
        """A comparison that every possible value passes, or none, is a typing error."""
        low, high = shape.minimum, shape.maximum
        if limit.operator in ("<", "<="):  # the mirror image of > and >=
            low, high = (None if high is None else -high), (None if low is None else -low)
            edge = -limit.value
        else:
            edge = limit.value
        strict = limit.operator in ("<", ">")
        if high is not None and (edge > high or (strict and edge == high)):
            why = f"“{shape.label}”最多为 100%，" if high == _ALL and shape.type == "ratio" else ""
            remedy = f"{why}这个条件永远达不到，请核对单位和小数点。"
            self._note(line, text, f"“{shape.label}”取得到的值", remedy, "unreachable")
        elif limit.operator != "=" and low is not None and (edge < low or (not strict and edge == low)):
            self._note(line, text, "能分出高低的条件", "任何取值都符合，请核对单位和小数点。", "unreachable")

    def limit(self, operator: str, text: str, shape: Shape, line: int) -> Limit | None:
        """A threshold with its unit, in yuan, as a fraction or as a count."""
        value = self.literal(text, shape, line)
        if value is None:
            return None
        return Limit(operator, value, fold(text))

    def literal(self, text: str, shape: Shape, line: int) -> Decimal | None:
        number, unit = split_unit(text)
        value = decimal_of(number)
        if value is None:
            self._note(line, text, "一个数加单位，如 100 万元、3%、2 年", "请检查小数点和逗号。", "number")
            return None
        if shape.type == "money":
            named = money_unit(unit)
            if named is None:
                self._unit(line, text, "金额单位（元、万元、亿元）", f"“{shape.label}”是金额，如写“100 万元”。")
                return None
            return value * MONEY_UNITS[named]
        if shape.type == "ratio":
            if unit != "%":
                self._unit(line, text, "百分比", f"“{shape.label}”是比例，请写成“3%”这样。")
                return None
            return value / 100
        if unit != (shape.unit or ""):
            wanted = f"单位“{shape.unit}”" if shape.unit else "不带单位的数"
            self._unit(line, text, wanted, f"“{shape.label}”的单位见事实字典。")
            return None
        return value

    def measure(self, text: str, line: int) -> Measure | None:
        part, whole = _share_of(text)
        if whole is None:
            call = _CALL.match(text)
            return self._call(call.group(1), call.group(2), line) if call else self.ref(text, line)
        above, below = self._amount(part, line), self._amount(whole, line)
        if above is None or below is None:
            return None
        upper, lower = shape_of(above), shape_of(below)
        if (upper.type, upper.unit) != (lower.type, lower.unit) or upper.type not in NUMERIC:
            remedy = f"“{upper.label}”与“{lower.label}”单位不同，不能相除得出比例。"
            self._note(line, text, "单位相同的两个数相除", remedy, "unit")
            return None
        return Share(above, below)

    def _amount(self, text: str, line: int) -> Ref | Total | None:
        """One side of a share: a fact in a year, or its sum over years."""
        call = _CALL.match(text)
        if call is None:
            return self.ref(text, line)
        if call.group(1) not in ("sum", "sum_since"):
            remedy = "如 sum(rd_expense_yuan[t], rd_expense_yuan[t-1])。"
            self._note(line, text, "一个事实或 sum、sum_since", remedy, "operator")
            return None
        found = self._call(call.group(1), call.group(2), line)
        return found if isinstance(found, Total) else None

    def ref(self, text: str, line: int) -> Ref | None:
        match = _REF.match(text)
        fact = self.dictionary.find(match.group(1)) if match else None
        if match is None or fact is None:
            self._note(line, text, "事实字典中的 id", "请核对拼写，或先在 contracts/facts 中登记。", "unknown-fact")
            return None
        year = match.group(2)
        if not fact.yearly:
            if year is not None:
                remedy = f"“{fact.label}”不分年度，请写 {fact.id}。"
                self._note(line, text, "不带年度的事实", remedy, "period")
                return None
            return Ref(fact, None)
        letter = "y" if fact.year_of == "calendar" else "t"
        found = _YEAR.match((year or "").strip())
        if found is None or found.group(1) != letter or int(found.group(2) or 0) > _OLDEST:
            meaning = "申请当年" if letter == "y" else "上年度（申请前最后一个完整会计年度）"
            remedy = f"“{fact.label}”按年度存放，{letter} 是{meaning}，如 {fact.id}[{letter}]、{fact.id}[{letter}-1]。"
            self._note(line, text, f"[{letter}]、[{letter}-1] 或 [{letter}-2]", remedy, "period")
            return None
        return Ref(fact, -int(found.group(2) or 0))

    def _call(self, name: str, inner: str, line: int) -> Measure | None:
        if name not in _FUNCTIONS:
            self._note(line, name, "、".join(_FUNCTIONS) + "之一", "请改正拼写。", "operator")
            return None
        texts = [part.strip() for part in inner.split(",")]
        since: Fact | None = None
        if name in ("sum_since", "days_since"):
            since = self._date_fact(texts.pop(0), line)
            if since is None:
                return None
            if name == "days_since":
                if texts:
                    self._note(line, inner, "一个日期", f"如 days_since({since.id})。", "operator")
                return DaysSince(since)
        refs = [self.ref(text, line) for text in texts]
        known = tuple(ref for ref in refs if ref is not None)
        if len(known) != len(refs):
            return None
        if name in _GROWTH:
            return self._growth(name, known, inner, line)
        if (
            not known
            or len({ref.fact.id for ref in known}) > 1
            or not _numeric(known[0].fact)
            or len(set(known)) < len(known)
        ):
            first = f"{since.id}, " if since else ""
            remedy = f"如 {name}({first}rd_expense_yuan[t], rd_expense_yuan[t-1])。"
            self._note(line, inner, "同一事实的不同年度", remedy, "unit")
            return None
        return Total(known, name == "mean", since)

    def _growth(self, name: str, refs: tuple[Ref, ...], inner: str, line: int) -> Measure | None:
        manner, reach = _GROWTH[name]
        at = refs[0]
        if len(refs) > 1 or at.offset is None or not _numeric(at.fact) or reach - at.offset > _OLDEST:
            self._note(line, inner, "一个按年度存放的数", f"如 {name}(main_revenue_yuan[t])。", "period")
            return None
        return Growth(at, manner)

    def _date_fact(self, text: str, line: int) -> Fact | None:
        ref = self.ref(text, line)
        if ref is None:
            return None
        if ref.fact.type != "date":
            self._note(line, text, "一个日期事实", "如 established_on。", "unit")
            return None
        return ref.fact

    def _equals(self, ref: Ref, operator: str, text: str, line: int) -> Equals | None:
        if operator != "=":
            self._note(line, operator, "=", f"“{ref.fact.label}”只能判断是否相等。", "operator")
            return None
        if ref.fact.type == "boolean":
            if text not in ("是", "否"):
                self._note(line, text, "是 或 否", f"如 {ref.fact.id} = 是。", "unit")
                return None
            return Equals(ref, text == "是", text)
        for value in ref.fact.allowed:
            if text in (value.code, value.label):
                return Equals(ref, value.code, value.label)
        self._note(line, text, "、".join(value.label for value in ref.fact.allowed) + "之一", "见事实字典。", "unit")
        return None

    def _unit(self, line: int, found: str, expected: str, remedy: str) -> None:
        self._note(line, found, expected, remedy, "unit")

    @property
    def _note(self) -> Callable[[int, str, str, str, str], None]:
        return self.reader.problem


def shape_of(measure: Measure) -> Shape:
    """Label, type, unit and the span of values the measure can take."""
    if isinstance(measure, Ref):
        return measure.fact
    if isinstance(measure, Total):
        fact, count = measure.refs[0].fact, 1 if measure.mean else len(measure.refs)
        return Shape(
            label=fact.label,
            type=fact.type,
            unit=fact.unit,
            minimum=None if fact.minimum is None else fact.minimum * count,
            maximum=None if fact.maximum is None else fact.maximum * count,
        )
    if isinstance(measure, Growth):
        return Shape(label=f"{measure.at.fact.label}增长率", type="ratio")
    if isinstance(measure, DaysSince):
        return Shape(label=f"{measure.fact.label}至申请日天数", type="number", unit="天")
    part, whole = shape_of(measure.part), shape_of(measure.whole)
    positive = part.minimum is not None and part.minimum >= 0
    label = f"{part.label}占{whole.label}比重"
    return Shape(label=label, type="ratio", minimum=Decimal(0) if positive else None)


_ALL = Decimal(1)


def _facts_of(amount: Ref | Total) -> list[tuple[Fact, int | None]]:
    """The facts of one side of a share, each with its year, in the order of the years."""
    refs = amount.refs if isinstance(amount, Total) else (amount,)
    return sorted(((ref.fact, ref.offset) for ref in refs), key=lambda each: each[1] or 0)


def _manner(amount: Ref | Total) -> tuple[bool, Fact | None]:
    return (amount.mean, amount.since) if isinstance(amount, Total) else (False, None)


def limit_text(value: Decimal, shape: Shape) -> str:
    """A bound of a band for display."""
    if shape.type == "ratio":
        return f"{plain_decimal(value * 100)}%"
    if shape.type == "money":
        return f"{plain_decimal(value / MONEY_UNITS['万元'])} 万元"
    return f"{plain_decimal(value)} {shape.unit}" if shape.unit else plain_decimal(value)


def _numeric(fact: Fact) -> bool:
    return fact.type in NUMERIC


def _share_of(text: str) -> tuple[str, str | None]:
    """The two sides of a division that stands outside every bracket; None when there is none."""
    depth = 0
    for position, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "/" and depth == 0:
            return text[:position].strip(), text[position + 1 :].strip()
    return text.strip(), None
