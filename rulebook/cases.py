"""The cases of a pack: facts in, expected outcome out. A pack may be activated only when all of its cases pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rulebook.assessment import Assessment, Points
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.expressions import Expressions
from rulebook.loader import PackInvalid
from rulebook.pack import SIZES, TITLES, Pack, Ref
from rulebook.scene import Basis
from rulebook.size import ALL_SIZES, SizeResult
from rulebook.source import Block, Node, Reader, Scalar, SourceInvalid
from rulebook.subject import FactValue, Subject, Title
from rulebook.units import decimal_of, plain_decimal
from rulebook.values import CellError, parse_cell

_CASE_KEYS = (
    "name", "decisions", "kind", "application_date", "based_on", "size", "titles", "facts", "without", "sources",
    "expect",
)  # fmt: skip
_EXPECT_KEYS = ("verdict", "route", "score", "groups", "conditions", "points", "missing", "not_missing", "note")
_TITLE_KEYS = ("title", "state", "from", "to", "cancelled_on", "ban")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the case asserts; what it leaves out is not asserted."""

    verdict: str
    route: str = ""
    score: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[tuple[str, int], ...] = ()
    not_missing: tuple[tuple[str, int], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    decisions: tuple[str, ...]
    kind: str
    application_date: date
    subject: Subject
    expected: Expected
    line: int


def load_cases(text: str, dictionary: Dictionary, file: str = "cases.yaml") -> tuple[str, tuple[Case, ...]]:
    """Pack id and its cases. Raises PackInvalid with file and line."""
    reader = Reader(file)
    try:
        root = reader.parse(text)
        reader.only(root, ("pack", "subjects", "cases"))
        loader = _Loader(reader, dictionary, _subjects(reader, root))
        cases = tuple(loader.case(each) for each in reader.blocks(root, "cases"))
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return reader.text(root, "pack"), cases


def run_case(pack: Pack, case: Case) -> tuple[str, ...]:
    """The differences between what the case expects and what the pack gives; empty when it passes."""
    found = evaluate(pack, case.subject, application_date=case.application_date, kind=case.kind)
    return differences(found, case.expected)


def differences(found: Assessment, expected: Expected) -> tuple[str, ...]:
    wrong: list[str] = []

    def compare(what: str, want: str, have: str) -> None:
        if want and want != have:
            wrong.append(f"{what}：期望 {want}，实为 {have}")

    compare("结论", expected.verdict, found.verdict.value)
    compare("路径", expected.route, found.route or "无")
    compare("总分", expected.score, _span(found.score.points) if found.score else "无")
    groups = {group.id: _span(group.points) for group in found.score.groups} if found.score else {}
    for name, want in expected.groups.items():
        compare(f"{name} 得分", want, groups.get(name, "无"))
    results = {each.id: each for each in found.conditions}
    for name, want in expected.conditions.items():
        compare(name, want, results[name].status.value if name in results else "无此条件")
    for name, want in expected.points.items():
        points = results[name].points if name in results else None
        compare(f"{name} 得分", want, _span(points) if points else "无")
    named = {(each.fact_id, each.fiscal_year) for each in found.missing}
    wrong += [f"未列出缺少的 {fact}（{year}）" for fact, year in expected.missing if (fact, year) not in named]
    wrong += [f"误列为缺少：{fact}（{year}）" for fact, year in expected.not_missing if (fact, year) in named]
    if expected.note and not any(expected.note in note for each in found.conditions for note in each.notes):
        wrong.append(f"没有提示“{expected.note}”")
    return tuple(wrong)


def _span(points: Points) -> str:
    low, high = plain_decimal(points.low), plain_decimal(points.high)
    return low if low == high else f"{low}-{high}"


def _subjects(reader: Reader, root: Block) -> dict[str, Block]:
    node = root.entries.get("subjects")
    if node is None:
        return {}
    entries = reader.block(node, "subjects").entries
    return {name: reader.block(each, name) for name, each in entries.items()}


@dataclass(frozen=True, slots=True)
class _Loader:
    reader: Reader
    dictionary: Dictionary
    subjects: Mapping[str, Block]
    read: dict[tuple[str, date], dict[tuple[str, int], FactValue]] = field(default_factory=dict)
    """The facts of a subject as of a day: a hundred cases are based on one."""

    def case(self, block: Block) -> Case:
        reader = self.reader
        reader.only(block, _CASE_KEYS)
        day = self._date(block, "application_date") or date.min
        kind = reader.text(block, "kind", required=False) or "new"
        base_name = reader.text(block, "based_on", required=False)
        base = self.subjects.get(base_name, Block({}, {}, block.line))
        if base_name and base_name not in self.subjects:
            reader.problem(block.line, base_name, "subjects 中的名称", "请改正 based_on。")
        reader.only(base, ("size", "titles", "facts"))
        if (base_name, day) not in self.read:
            self.read[base_name, day] = self._facts(base, day)
        facts = self.read[base_name, day] | self._facts(block, day)
        for year_of in self._refs(block, "without", day):
            facts.pop(year_of, None)
        titles = block.entries.get("titles", base.entries.get("titles"))
        size = reader.text(block, "size", required=False) or reader.text(base, "size", required=False)
        return Case(
            name=reader.text(block, "name"),
            decisions=reader.texts(block, "decisions"),
            kind=kind,
            application_date=day,
            subject=Subject(self._sourced(block, facts, day), self._titles(titles), self._size(size, block.line)),
            expected=self._expected(block, day),
            line=block.line,
        )

    def _facts(self, block: Block, day: date) -> dict[tuple[str, int], FactValue]:
        node = block.entries.get("facts")
        found: dict[tuple[str, int], FactValue] = {}
        for name, cell in (self.reader.block(node, "facts").entries if node is not None else {}).items():
            ref = self._ref(name, cell.line)
            if ref is None:
                continue
            value = parse_cell(ref.fact, cell.text if isinstance(cell, Scalar) else "")
            if value is None or isinstance(value, CellError):
                expected = value.expected if isinstance(value, CellError) else "一个值；缺少的请不写或列入 without"
                self.reader.problem(cell.line, name, expected, "请改正取值。")
                continue
            found[(ref.fact.id, _year(ref, day))] = FactValue(value, ref.fact.sources[0])
        return found

    def _sourced(
        self, block: Block, facts: dict[tuple[str, int], FactValue], day: date
    ) -> dict[tuple[str, int], FactValue]:
        node = block.entries.get("sources")
        for name, source in (self.reader.block(node, "sources").entries if node is not None else {}).items():
            ref = self._ref(name, source.line)
            key = (ref.fact.id, _year(ref, day)) if ref else ("", 0)
            if key not in facts:
                self.reader.problem(source.line, name, "本例中有值的事实", "请改正 sources。")
                continue
            facts[key] = FactValue(facts[key].value, source.text if isinstance(source, Scalar) else "")
        return facts

    def _ref(self, name: str, line: int) -> Ref | None:
        return Expressions(self.reader, self.dictionary).ref(name, line)

    def _refs(self, block: Block, key: str, day: date) -> tuple[tuple[str, int], ...]:
        found = []
        for text in self.reader.texts(block, key):
            if text in ("titles", "size"):  # not facts of the dictionary, but they too can be missing
                found.append((text, 0))
                continue
            ref = self._ref(text, self.reader.line_of(block, key))
            if ref is not None:
                found.append((ref.fact.id, _year(ref, day)))
        return tuple(found)

    def _titles(self, node: Node | None) -> tuple[Title, ...] | None:
        if node is None or (isinstance(node, Scalar) and node.text == "不详"):
            return None
        if isinstance(node, Scalar) and node.text == "无":
            return ()
        holder = Block({"titles": node}, {}, node.line)
        return tuple(self._title(each) for each in self.reader.blocks(holder, "titles"))

    def _title(self, block: Block) -> Title:
        reader = self.reader
        reader.only(block, _TITLE_KEYS)
        code = reader.text(block, "title")
        if code not in TITLES:
            reader.problem(block.line, code, "、".join(TITLES) + "之一", "请改用称号代码。", "unknown-title")
        return Title(
            code=code,
            state=reader.text(block, "state", required=False) or "valid",
            valid_from=self._date(block, "from", required=False),
            valid_to=self._date(block, "to", required=False),
            cancelled_on=self._date(block, "cancelled_on", required=False),
            ban={"是": True, "否": False}.get(reader.text(block, "ban", required=False)),
        )

    def _size(self, text: str, line: int) -> SizeResult | None:
        """`小型`, `小型或大型` (a figure is missing), `未列入` (the table does not cover it), or nothing."""
        if not text:
            return None
        if text == "未列入":
            return SizeResult("unknown", ALL_SIZES, "行业未列入划型标准")
        codes = {label: code for code, label in SIZES.items()}
        sizes = [codes.get(part) for part in text.split("或")]
        known = frozenset(size for size in sizes if size is not None)
        if len(known) < len(sizes):
            self.reader.problem(line, text, "、".join(SIZES.values()) + "、未列入", "请改正 size。")
        if len(known) == 1:
            return SizeResult(next(iter(known)), known, f"划为{text}企业")
        return SizeResult("unknown", known, "划型所需数据不全", ("headcount",))

    def _expected(self, block: Block, day: date) -> Expected:
        reader = self.reader
        inner = reader.block(block.entries.get("expect"), "expect", block.line)
        reader.only(inner, _EXPECT_KEYS)
        return Expected(
            verdict=reader.text(inner, "verdict"),
            route=reader.text(inner, "route", required=False),
            score=self._number(reader.text(inner, "score", required=False)),
            groups=self._map(inner, "groups"),
            conditions=self._map(inner, "conditions"),
            points=self._map(inner, "points"),
            missing=self._refs(inner, "missing", day),
            not_missing=self._refs(inner, "not_missing", day),
            note=reader.text(inner, "note", required=False),
        )

    def _map(self, block: Block, key: str) -> dict[str, str]:
        node = block.entries.get(key)
        if node is None:
            return {}
        inner = self.reader.block(node, key)
        return {name: self._number(self.reader.text(inner, name)) for name in inner.entries}

    def _number(self, text: str) -> str:
        """`60`, `55-70` in canonical form, so that 60.0 and 60 agree; other words as they are."""
        parts = [decimal_of(part) for part in text.split("-")]
        known = [plain_decimal(part) for part in parts if part is not None]
        return "-".join(known) if len(known) == len(parts) else text

    def _date(self, block: Block, key: str, *, required: bool = True) -> date | None:
        text = self.reader.text(block, key, required=required)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.reader.problem(self.reader.line_of(block, key), text, "日期，如 2026-05-01", "请按 年-月-日 书写。")
            return None


def _year(ref: Ref, day: date) -> int:
    return Basis(day.year).year_of(ref)
