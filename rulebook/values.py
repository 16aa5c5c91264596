"""Fact values: from a spreadsheet cell or a request to the one canonical JSON form that is stored.

Canonical: money `"12300000.00"` (yuan), number and ratio as decimal strings, integer as int, boolean, ISO date,
code, text, records as a list of objects, finding as an object. Missing is None: never 0, never false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from rulebook.dictionary import NUMERIC, Fact, RecordField, Shape
from rulebook.units import MONEY_UNITS, decimal_of, fold, money_text, money_unit, plain_decimal, split_unit

Value = str | int | bool | list[dict[str, "Value"]] | dict[str, "Value"] | None

MISSING = frozenset(
    ("", "-", "--", "—", "——", "/", "\\", "无数据", "未知", "不详", "暂无", "暂无数据", "n/a", "na", "null", "none")
)
_YES = frozenset(("是", "有", "对", "真", "yes", "y", "true", "1", "√", "✓"))
_NO = frozenset(("否", "无", "不是", "没有", "假", "no", "n", "false", "0", "×", "x"))
_FEN = Decimal("0.01")
_DATE = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?$")
_PLAIN_MONEY = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_SHORT_INTEGER = 16
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)  # 1954 to 2119: a smaller number is a typing error, not a date
_LONGEST_SHOWN = 60
_FINDING_FIELDS = ("decision", "reason", "evidence", "valid_until")
_DECISIONS = {"met": "met", "符合": "met", "是": "met", "unmet": "unmet", "不符合": "unmet", "否": "unmet"}


LONGEST_TEXT = 2000
MOST_ENTRIES = 500
"""What one value may hold: all of an enterprise's facts travel in one event, and a message has an end."""


@dataclass(frozen=True, slots=True)
class CellError:
    """A value that cannot be taken: what stood there and what is expected, in words for the sender.

    `within` is the field of an entry that is meant, where it is not the value as a whole.
    """

    expected: str
    found: str
    within: str = ""

    def message(self, label: str) -> str:
        """What is expected where, and what was found."""
        where = f"“{label}”的“{self.within}”" if self.within else f"“{label}”"
        found = self.found if len(self.found) <= _LONGEST_SHOWN else f"{self.found[:_LONGEST_SHOWN]}…"
        return f"{where}应为{self.expected}，现为“{found}”"


@dataclass(frozen=True, slots=True)
class DateAhead:
    """A date of something that has happened, and lies after the day on which it is said."""

    label: str
    path: str
    """Where it stands in the value: `[0].awarded_on` in a list of entries, nothing in a date."""
    found: str
    latest: date

    @property
    def expected(self) -> str:
        return f"不晚于 {self.latest} 的日期"

    @property
    def message(self) -> str:
        return f"{self.label}应为{self.expected}，现为“{self.found}”：已经发生的事才填，请核对"


def parse_cell(fact: Shape, text: str, unit: str | None = None) -> Value | CellError:
    """Read one spreadsheet cell. `unit` comes from the column header (元, 万元, 亿元, %). Missing → None.

    Money is rounded to the fen (half up), since no smaller amount exists and spreadsheets carry binary noise.
    """
    folded = fold(text)
    if folded.casefold() in MISSING:
        return None
    if isinstance(fact, Fact) and fact.type == "records":
        return _parse_records(fact, folded, unit)
    if fact.type == "finding":
        return _parse_finding(fact, folded)
    return _text(text) if fact.type == "text" else _parse_scalar(fact, folded, unit)


def cell_reader(fact: Shape, unit: str | None = None) -> Callable[[str], Value | CellError]:
    """`parse_cell` for all cells of one column: figures that are written plainly are read at once."""
    scale = MONEY_UNITS.get(money_unit(unit or "") or "")
    if fact.type == "money" and scale is not None:
        return partial(_plain_money, fact, unit, scale)
    return partial(_plain_integer, fact, unit) if fact.type == "integer" else partial(parse_cell, fact, unit=unit)


def _plain_money(fact: Shape, unit: str | None, scale: Decimal, text: str) -> Value | CellError:
    if _PLAIN_MONEY.fullmatch(text):
        yuan = (Decimal(text) * scale).quantize(_FEN, ROUND_HALF_UP)
        if within_bounds(fact, yuan):
            return str(yuan) if yuan else "0.00"
    return parse_cell(fact, text, unit)


def _plain_integer(fact: Shape, unit: str | None, text: str) -> Value | CellError:
    if len(text) < _SHORT_INTEGER and text.isascii() and text.isdigit():
        value = Decimal(text)
        if within_bounds(fact, value):
            return int(text)
    return parse_cell(fact, text, unit)


def to_canonical(fact: Shape, value: object) -> Value | CellError:
    """Check a JSON value (from a request or a generator) and bring it to canonical form. None stays None."""
    if value is None:
        return None
    if isinstance(fact, Fact) and fact.type == "records":
        return _canonical_records(fact, value)
    if fact.type == "finding":
        return _canonical_finding(fact, value)
    if isinstance(value, float):
        return CellError('以文字书写的小数，如 "12.50"（不用浮点数）', str(value))
    if isinstance(value, bool) or fact.type == "boolean":
        return value if isinstance(value, bool) and fact.type == "boolean" else _refuse(fact, value)
    if isinstance(value, datetime):
        return _refuse(fact, value)
    if isinstance(value, date):
        return value.isoformat() if fact.type == "date" else _refuse(fact, value)
    if isinstance(value, int | Decimal) and fact.type in NUMERIC:
        value = format(Decimal(value), "f") if Decimal(value).is_finite() else str(value)
    if not isinstance(value, str):
        return _refuse(fact, value)
    if fact.type in NUMERIC:
        return _canonical_number(fact, value)
    if fact.type == "text":
        return _text(value)
    return _parse_scalar(fact, fold(value), None)


def date_ahead(fact: Fact, value: Value, latest: date) -> DateAhead | None:
    """The first date of a canonical value that lies after `latest` and is none of those that may (`future`).

    Apart from what a value looks like: it depends on the day on which it is asked, and what is stored stays readable.
    """
    if fact.type == "date" and not fact.future:
        return _ahead(f"“{fact.label}”", "", value, latest)
    dates = [each for each in fact.fields if each.type == "date" and not each.future]
    for number, entry in enumerate(value if isinstance(value, list) and dates else ()):
        for each in dates:
            label = f"“{fact.label}”第 {number + 1} 条的“{each.label}”"
            if (found := _ahead(label, f"[{number}].{each.name}", entry.get(each.name), latest)) is not None:
                return found
    return None


def _ahead(label: str, path: str, value: Value, latest: date) -> DateAhead | None:
    ahead = isinstance(value, str) and date.fromisoformat(value) > latest
    return DateAhead(label, path, str(value), latest) if ahead else None


def _text(text: str) -> Value | CellError:
    kept = text.strip()
    if len(kept) > LONGEST_TEXT:
        return CellError(f"不超过 {LONGEST_TEXT} 字的文字", f"{kept[:20]}…（{len(kept)} 字）")
    return kept or None


def unit_fits(fact: Shape, unit: str) -> bool:
    """Whether a value of this fact may be given in `unit`; units_expected() names them."""
    if fact.type == "money":
        return unit in MONEY_UNITS
    return unit == "%" if fact.type == "ratio" else unit == fact.unit


def units_expected(fact: Shape) -> str:
    """The units a value of this fact may be given in, in words."""
    return "、".join(MONEY_UNITS) if fact.type == "money" else "%" if fact.type == "ratio" else fact.unit or "不写单位"


def expectation(fact: Shape) -> str:
    """What a cell of this fact should hold, with an example."""
    if fact.allowed:
        return "以下之一：" + "、".join(value.label for value in fact.allowed)
    if isinstance(fact, Fact) and fact.type == "records":
        order = "|".join(each.label for each in fact.fields)
        return f"每条按“{order}”填写，多条用分号隔开；没有的填“无”"
    span = _span(fact)
    return {
        "money": f"带单位的金额{span}，如“1,230.5”（表头注明万元）或“1230.5万元”",
        "number": f"数字{span}，如 3.5",
        "integer": f"整数{span}，如 12",
        "ratio": f"百分比{span}，如 12.5%",
        "boolean": "是 或 否",
        "date": "日期，如 2024-05-01",
        "finding": "认定意见：符合或不符合|理由|依据|有效期至",
    }.get(fact.type, "文字")


def _span(fact: Shape) -> str:
    low, high = (None if edge is None else _edge(fact, edge) for edge in (fact.minimum, fact.maximum))
    if low is not None and high is not None:
        return f"（{low} 至 {high}）"
    if low is not None:
        return f"（不小于 {low}）"
    return f"（不大于 {high}）" if high is not None else ""


def _edge(fact: Shape, edge: Decimal) -> str:
    return f"{plain_decimal(edge * 100)}%" if fact.type == "ratio" else plain_decimal(edge)


def _refuse(fact: Shape, found: object) -> CellError:
    return CellError(expectation(fact), str(found))


def _parse_scalar(fact: Shape, text: str, unit: str | None) -> Value | CellError:
    match fact.type:
        case "money":
            return _parse_money(fact, text, unit)
        case "ratio":
            return _parse_ratio(fact, text, unit)
        case "number" | "integer":
            number, rest = split_unit(text)
            return _canonical_number(fact, number) if rest in ("", fact.unit) else _refuse(fact, text)
        case "boolean":
            word = text.casefold()
            return True if word in _YES else False if word in _NO else _refuse(fact, text)
        case "date":
            return _parse_date(fact, text)
        case _:
            return _parse_code(fact, text)


def _parse_money(fact: Shape, text: str, unit: str | None) -> Value | CellError:
    number, own = split_unit(text)
    named = money_unit(own) if own else money_unit(unit or "")
    value = decimal_of(number)
    if value is None or named is None:
        return _refuse(fact, text)
    yuan = (value * MONEY_UNITS[named]).quantize(_FEN, ROUND_HALF_UP)
    return money_text(yuan) if within_bounds(fact, yuan) else _refuse(fact, text)


def _parse_ratio(fact: Shape, text: str, unit: str | None) -> Value | CellError:
    number, own = split_unit(text)
    value = decimal_of(number)
    if value is None or own not in ("", "%"):
        return _refuse(fact, text)
    percent = own == "%" or unit == "%"
    if not percent and abs(value) > 1:  # "12" may be 12 % or 12 times: the sender must say
        return _refuse(fact, text)
    value = value / 100 if percent else value  # a decimal shift: exact
    return plain_decimal(value) if within_bounds(fact, value) else _refuse(fact, text)


def _parse_date(fact: Shape, text: str) -> Value | CellError:
    if re.fullmatch(r"\d{8}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    match = _DATE.match(text)
    if match:
        try:
            return date(int(match.group(1)), int(match.group(2)), int(match.group(3))).isoformat()
        except ValueError:
            return _refuse(fact, text)
    serial = decimal_of(text)
    if serial is not None and serial == int(serial) and int(serial) in _EXCEL_DAYS:
        return (_EXCEL_DAY_ZERO + timedelta(days=int(serial))).isoformat()
    return _refuse(fact, text)


def _parse_code(fact: Shape, text: str) -> Value | CellError:
    for value in fact.allowed:
        if text in (value.code, fold(value.label), *map(fold, value.synonyms)):
            return value.code
    return _refuse(fact, text)


def _parse_records(fact: Fact, text: str, unit: str | None) -> Value | CellError:
    if text in ("无", "没有"):
        return []
    entries: list[dict[str, Value]] = []
    for part in re.split(r"[;\n\r]+", text):
        if not part.strip():
            continue
        cells = [cell.strip() for cell in part.split("|")]
        if len(cells) > len(fact.fields):
            return _refuse(fact, part.strip())
        entry = _parse_entry(fact, cells + [""] * (len(fact.fields) - len(cells)), unit)
        if isinstance(entry, CellError):
            return entry
        entries.append(entry)
    return _bounded(entries) if entries else _refuse(fact, text)


def _bounded(entries: list[dict[str, Value]]) -> Value | CellError:
    if len(entries) > MOST_ENTRIES:
        return CellError(f"不超过 {MOST_ENTRIES} 条", f"{len(entries)} 条")
    return entries


def _parse_entry(fact: Fact, cells: list[str], unit: str | None) -> dict[str, Value] | CellError:
    entry: dict[str, Value] = {}
    for each, cell in zip(fact.fields, cells, strict=True):
        value = parse_cell(each, cell, unit)
        if isinstance(value, CellError):
            return CellError(value.expected, cell, each.label)
        if value is None and each.required:
            return CellError(f"{expectation(each)}（必填）", "|".join(cells), each.label)
        if value is not None:
            entry[each.name] = value
    return entry


def _parse_finding(fact: Shape, text: str) -> Value | CellError:
    cells = dict(zip(_FINDING_FIELDS, [cell.strip() or None for cell in text.split("|")], strict=False))
    return _canonical_finding(fact, {name: value for name, value in cells.items() if value is not None})


def _canonical_number(fact: Shape, text: str) -> Value | CellError:
    value = decimal_of(text)
    if value is None or not within_bounds(fact, value):
        return _refuse(fact, text)
    if fact.type == "integer":
        return int(value) if value == int(value) else _refuse(fact, text)
    if fact.type == "money":
        return money_text(value) if value == value.quantize(_FEN) else CellError("以元为单位、至多两位小数的金额", text)
    return plain_decimal(value)


def _canonical_records(fact: Fact, value: object) -> Value | CellError:
    if not isinstance(value, list):
        return _refuse(fact, value)
    return _first_error([_canonical_entry(fact, entry) for entry in value])


def _first_error(entries: list[dict[str, Value] | CellError]) -> Value | CellError:
    kept: list[dict[str, Value]] = []
    for entry in entries:
        if isinstance(entry, CellError):
            return entry
        kept.append(entry)
    return _bounded(kept)


def _canonical_entry(fact: Fact, entry: object) -> dict[str, Value] | CellError:
    if not isinstance(entry, Mapping):
        return _refuse(fact, entry)
    unknown = [name for name in entry if fact.field_named(str(name)) is None]
    if unknown:
        return CellError("以下字段：" + "、".join(each.name for each in fact.fields), str(unknown[0]))
    kept: dict[str, Value] = {}
    for each in fact.fields:
        value = _canonical_field(each, entry.get(each.name))
        if isinstance(value, CellError):
            return value
        if value is not None:
            kept[each.name] = value
    return kept


def _canonical_field(each: RecordField, value: object) -> Value | CellError:
    if value is None and each.required:
        return CellError(f"{expectation(each)}（必填）", "（没有填写）", each.label)
    canonical = to_canonical(each, value)
    if isinstance(canonical, CellError):
        return CellError(canonical.expected, canonical.found, each.label)
    return canonical


def _canonical_finding(fact: Shape, value: object) -> Value | CellError:
    if not isinstance(value, Mapping) or set(value) - set(_FINDING_FIELDS):
        return _refuse(fact, value)
    decision, reason = value.get("decision"), value.get("reason")
    if not isinstance(decision, str) or decision not in _DECISIONS:
        return CellError("符合 或 不符合", str(decision), "认定结论")
    if not isinstance(reason, str) or not reason.strip() or len(reason) > LONGEST_TEXT:
        return CellError(f"不超过 {LONGEST_TEXT} 字的文字（必填）", str(reason or "")[:20], "认定理由")
    until = to_canonical(Shape(label="有效期至", type="date"), value.get("valid_until"))
    if isinstance(until, CellError):
        return CellError(until.expected, until.found, "有效期至")
    evidence = value.get("evidence")
    if evidence is not None and (not isinstance(evidence, str) or len(evidence) > LONGEST_TEXT):
        return CellError(f"不超过 {LONGEST_TEXT} 字的文字", str(evidence)[:20], "依据")
    return {"decision": _DECISIONS[decision], "reason": reason.strip(), "evidence": evidence, "valid_until": until}


def within_bounds(fact: Shape, value: Decimal) -> bool:
    """Whether a value of this shape can be this number."""
    return (fact.minimum is None or value >= fact.minimum) and (fact.maximum is None or value <= fact.maximum)
