"""Compiles the tests of a pack, from YAML nodes to the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from rulebook.criteria import SIZE_FACTS
from rulebook.dictionary import NUMERIC, Dictionary, Fact, RecordField
from rulebook.expressions import Expressions
from rulebook.pack import (
    SIZES,
    TITLES,
    AllOf,
    AnyOf,
    Clause,
    CompareTotal,
    Entries,
    FieldTest,
    Found,
    Holds,
    InPlan,
    LeftOpen,
    NoBan,
    RecordTotal,
    Review,
    SizeIn,
    Test,
    Window,
)
from rulebook.source import Block, Node, Reader, Scalar, Sequence
from rulebook.units import fold
from rulebook.wording import one_of

DAYS_PER_YEAR = 365  # a rolling year is 365 days
_LIMIT = re.compile(r"^(>=|<=|≥|≤|>|<)\s*(.+)$")
_SIGNS = {"≥": ">=", "≤": "<="}
_RECORD_KEYS = ("where", "review_where", "within")
_WINDOWS = ("rolling_years", "fiscal_years", "calendar_years", "not_past")


@dataclass(frozen=True, slots=True)
class Predicates:
    """Compiles the tests of one file; after a problem a test is None and the loader refuses the pack."""

    reader: Reader
    dictionary: Dictionary

    @property
    def expressions(self) -> Expressions:
        return Expressions(self.reader, self.dictionary)

    def test(self, node: Node | None, at: int) -> Test | None:
        if isinstance(node, Scalar) and node.text.strip():
            return self.expressions.test(node.text.strip(), node.line)
        if isinstance(node, Block):
            for key, compile_block in self._forms().items():
                if key in node.entries:
                    return compile_block(node)
        line = node.line if node is not None else at
        forms = "、".join(self._forms())
        self.reader.problem(
            line, "（无法识别）", f"比较式，或以 {forms} 开头的条件", "请对照 README 的写法。", "operator"
        )
        return None

    def _forms(self) -> dict[str, Callable[[Block], Test | None]]:
        return {
            "all": self._all,
            "any": self._any,
            "review": self._review,
            "some": self._some,
            "none": self._none,
            "total": self._total,
            "holds": self._holds,
            "holds_none": self._holds_none,
            "recorded": self._recorded,
            "recorded_none": self._recorded_none,
            "no_ban": self._no_ban,
            "size": self._size,
            "finding": self._finding,
            "left_open": self._left_open,
            "in_plan": self._in_plan,
        }

    def _all(self, block: Block) -> Test | None:
        tests = self._tests(block, "all")
        return AllOf(tests) if tests else None

    def _any(self, block: Block) -> Test | None:
        tests = self._tests(block, "any")
        return AnyOf(tests) if tests else None

    def _tests(self, block: Block, key: str) -> tuple[Test, ...]:
        self.reader.only(block, (key,))
        nodes = self.reader.nodes(block, key)
        if not nodes:
            self.reader.problem(block.line, key, "至少一个条件", "请在列表中补写条件。")
        tests = [self.test(node, block.line) for node in nodes]
        return tuple(test for test in tests if test is not None)

    def _review(self, block: Block) -> Test | None:
        self.reader.only(block, ("review",))
        inner = self.test(block.entries["review"], block.line)
        return Review(inner) if inner else None

    def _left_open(self, block: Block) -> Test | None:
        self.reader.only(block, ("left_open",))
        text = self.reader.text(block, "left_open")
        return LeftOpen(text) if text else None

    def _in_plan(self, block: Block) -> Test | None:
        self.reader.only(block, ("in_plan",))
        inner = self.reader.block(block.entries["in_plan"], "in_plan")
        self.reader.only(inner, ("until",))
        text = self.reader.text(inner, "until")
        try:
            return InPlan(date.fromisoformat(text)) if text else None
        except ValueError:
            line = self.reader.line_of(inner, "until")
            self.reader.problem(line, text, "日期，如 2025-12-31", "请按 年-月-日 书写。", "date")
            return None

    def _some(self, block: Block) -> Test | None:
        return self._entries(block, "some")

    def _none(self, block: Block) -> Test | None:
        return self._entries(block, "none")

    def _entries(self, block: Block, key: str) -> Test | None:
        self.reader.only(block, (key, *_RECORD_KEYS))
        fact = self._fact(block, key, "records", self.reader.text(block, key))
        if fact is None:
            return None
        where, review = self._where(block, "where", fact), self._where(block, "review_where", fact)
        window = self._window(block, fact) if "within" in block.entries else None
        text = _entries_text(key, where, review, window)
        return Entries(fact, key == "none", where, review, window, text)

    def _total(self, block: Block) -> Test | None:
        self.reader.only(block, ("total", "where", "within", "limit"))
        written = self.reader.text(block, "total")
        name, _, column = written.partition(".")
        fact = self._fact(block, "total", "records", name)
        if fact is None:
            return None
        amount = fact.field_named(column)
        window = self._window(block, fact)
        match = _LIMIT.match(fold(self.reader.text(block, "limit")))
        line = self.reader.line_of(block, "limit")
        if amount is None or amount.type != "money":
            fields = "、".join(f"{fact.id}.{each.name}" for each in fact.fields if each.type == "money")
            self.reader.problem(block.line, written, f"金额字段：{fields}", "请改正字段名。", "unknown-fact")
            return None
        if window is None:
            return None
        if not window.fiscal_years:  # A-39 tells complete years from the running one
            line = self.reader.line_of(block, "within")
            self.reader.problem(line, window.text, "fiscal_years", "金额按完整会计年度合计。", "period")
            return None
        if match is None or match.group(1) not in (">=", ">", "≥"):
            self.reader.problem(line, self.reader.text(block, "limit"), ">= 金额", "如 >= 500 万元。", "operator")
            return None
        sign = _SIGNS.get(match.group(1), match.group(1))
        limit = self.expressions.limit(sign, match.group(2), amount, line)
        total = RecordTotal(fact, amount, self._where(block, "where", fact), window)
        return CompareTotal(total, limit) if limit else None

    def _holds(self, block: Block) -> Test | None:
        self.reader.only(block, ("holds",))
        return Holds(self._titles(block, "holds"))

    def _recorded(self, block: Block) -> Test | None:
        self.reader.only(block, ("recorded",))
        return Holds(self._titles(block, "recorded"), recorded_only=True)

    def _recorded_none(self, block: Block) -> Test | None:
        self.reader.only(block, ("recorded_none",))
        return Holds(self._titles(block, "recorded_none"), forbidden=True, recorded_only=True)

    def _holds_none(self, block: Block) -> Test | None:
        self.reader.only(block, ("holds_none",))
        return Holds(self._titles(block, "holds_none"), forbidden=True)

    def _no_ban(self, block: Block) -> Test | None:
        self.reader.only(block, ("no_ban",))
        inner = self.reader.block(block.entries["no_ban"], "no_ban")
        self.reader.only(inner, ("titles", "years"))
        years = self._years(inner, "years")
        return NoBan(self._titles(inner, "titles"), years) if years else None

    def _titles(self, block: Block, key: str) -> tuple[str, ...]:
        titles = self.reader.texts(block, key, required=True)
        for title in titles:
            if title not in TITLES:
                expected = "、".join(f"{code}（{label}）" for code, label in TITLES.items()) + "之一"
                self.reader.problem(
                    self.reader.line_of(block, key), title, expected, "请改用称号代码。", "unknown-title"
                )
        return titles

    def _size(self, block: Block) -> Test | None:
        self.reader.only(block, ("size",))
        codes = {label: code for code, label in SIZES.items()} | {code: code for code in SIZES}
        sizes = self.reader.texts(block, "size", required=True)
        for size in sizes:
            if size not in codes:
                line = self.reader.line_of(block, "size")
                self.reader.problem(line, size, "、".join(SIZES.values()) + "之一", "请改正企业规模。", "choice")
        wanted = frozenset(codes[size] for size in sizes if size in codes)
        if wanted == frozenset(SIZES):
            line, expected = self.reader.line_of(block, "size"), "至少一种规模不符合"
            self.reader.problem(line, "、".join(sizes), expected, "任何企业都符合，请核对规模。", "always-met")
        facts = (self.dictionary.find(fact_id) for fact_id in SIZE_FACTS)
        return SizeIn(wanted, tuple(each for each in facts if each is not None))

    def _finding(self, block: Block) -> Test | None:
        self.reader.only(block, ("finding",))
        fact = self._fact(block, "finding", "finding", self.reader.text(block, "finding"))
        return Found(fact) if fact else None

    def _fact(self, block: Block, key: str, kind: str, fact_id: str) -> Fact | None:
        fact = self.dictionary.find(fact_id)
        if fact is not None and fact.type == kind:
            return fact
        expected, code = "事实字典中的 id", "unknown-fact"
        if fact is not None:
            expected, code = f"{kind} 类型的事实", "unit"
        remedy = "请核对拼写，或先在 contracts/facts 中登记。"
        self.reader.problem(self.reader.line_of(block, key), fact_id or "（没有填写）", expected, remedy, code)
        return None

    def _where(self, block: Block, key: str, fact: Fact) -> tuple[Clause, ...]:
        node = block.entries.get(key)
        if node is None:
            return ()
        nodes = node.items if isinstance(node, Sequence) else (node,)
        return tuple(self._clause(self.reader.block(each, key), fact) for each in nodes)

    def _clause(self, block: Block, fact: Fact) -> Clause:
        tests = []
        for name, node in block.entries.items():
            column = fact.field_named(name)
            if column is None:
                fields = "、".join(each.name for each in fact.fields)
                self.reader.problem(
                    node.line, name, f"“{fact.label}”的字段：{fields}", "请改正字段名。", "unknown-fact"
                )
                continue
            test = self._field_test(column, node)
            if test is not None:
                tests.append(test)
        return tuple(tests)

    def _field_test(self, column: RecordField, node: Node) -> FieldTest | None:
        texts = [each.text.strip() for each in _scalars(node)]
        if column.type == "code":
            codes = {each.label: each.code for each in column.allowed} | {
                each.code: each.code for each in column.allowed
            }
            wrong = [text for text in texts if text not in codes]
            if not wrong and texts:
                return FieldTest(column, codes=frozenset(codes[text] for text in texts))
            expected = "、".join(f"{each.code}（{each.label}）" for each in column.allowed)
            self.reader.problem(node.line, wrong[0] if wrong else "（空）", expected, "请改用字典中的代码。", "choice")
            return None
        if column.type == "boolean" and texts in (["是"], ["否"]):
            return FieldTest(column, flag=texts == ["是"])
        match = _LIMIT.match(fold(texts[0])) if len(texts) == 1 else None
        if match is None or column.type not in NUMERIC:
            expected = "是 或 否" if column.type == "boolean" else "比较，如 <= 3 名"
            self.reader.problem(node.line, "、".join(texts), expected, f"见“{column.label}”的写法。", "operator")
            return None
        sign = _SIGNS.get(match.group(1), match.group(1))
        limit = self.expressions.limit(sign, match.group(2), column, node.line)
        return FieldTest(column, limit=limit) if limit else None

    def _window(self, block: Block, fact: Fact) -> Window | None:
        inner = self.reader.block(block.entries.get("within"), "within", block.line)
        self.reader.only(inner, ("field", *_WINDOWS))
        name = self.reader.text(inner, "field")
        column = fact.field_named(name)
        chosen = [key for key in _WINDOWS if key in inner.entries]
        if column is None or column.type != "date" or len(chosen) != 1:
            fields = "、".join(each.name for each in fact.fields if each.type == "date")
            expected = f"field（{fields}）和 {'、'.join(_WINDOWS)} 之一"
            self.reader.problem(
                inner.line, name or "（没有填写）", expected, "如 {field: awarded_on, rolling_years: 3}。", "period"
            )
            return None
        if chosen == ["not_past"]:
            return Window(column, text="有效期内")
        years = self._years(inner, chosen[0])
        if years is None:
            return None
        if chosen == ["rolling_years"]:
            return Window(column, rolling_days=years * DAYS_PER_YEAR, text=f"近 {years} 年")
        if chosen == ["calendar_years"]:
            text = {1: "当年", 2: "上一年及当年"}.get(years, f"当年及此前 {years - 1} 年")
            return Window(column, calendar_years=years, text=text)
        return Window(column, fiscal_years=years, text=f"近 {years} 个完整会计年度")

    def _years(self, block: Block, key: str) -> int | None:
        text = self.reader.text(block, key)
        if re.fullmatch(r"[1-9]", text):
            return int(text)
        self.reader.problem(self.reader.line_of(block, key), text, "1 至 9 的整数年", "请改为如 3。", "number")
        return None


def _scalars(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    return [item for item in node.items if isinstance(item, Scalar)] if isinstance(node, Sequence) else []


def _entries_text(key: str, where: tuple[Clause, ...], review: tuple[Clause, ...], window: Window | None) -> str:
    when, which, doubt = window.text if window else "", where_text(where), where_text(review)
    said = [f"{when}没有记录" if key == "none" else f"{when}至少有 1 项"]
    if which:
        said = [f"{when}没有以下记录：{which}"] if key == "none" else [f"{said[0]}，{which}"]
    return "".join([*said, f"（{doubt}的，由主管部门核定）" if doubt else ""])


def where_text(clauses: tuple[Clause, ...]) -> str:
    """Which entries are meant, in words; nothing for all of them."""
    return "，或".join("且".join(_field_text(test) for test in clause) for clause in clauses)


def _field_text(test: FieldTest) -> str:
    label = test.field.label
    if test.codes:
        return f"{label}为{one_of([each.label for each in test.field.allowed if each.code in test.codes])}"
    if test.limit is not None:
        best = test.limit.operator == "<=" and test.field.unit == "名"
        return (
            f"{label}在前 {test.limit.written}" if best else f"{label}{_WORDS[test.limit.operator]}{test.limit.written}"
        )
    return label if test.flag else f"没有{label}"


_WORDS = {">=": "不少于 ", ">": "超过 ", "<=": "不超过 ", "<": "少于 ", "=": "为 "}
