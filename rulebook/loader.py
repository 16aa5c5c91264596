"""Compiles the text of a policy pack with the facts dictionary, or says with file and line why it cannot."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date

from rulebook.contradictions import check_contradictions
from rulebook.dictionary import SOURCE_KINDS, Dictionary, Shape
from rulebook.indicators import INDICATOR_KEYS, Indicators
from rulebook.pack import (
    EFFORTS,
    EVIDENCE_GRADES,
    KINDS,
    MODALITIES,
    PACK_TITLES,
    TOPICS,
    Condition,
    Document,
    Group,
    Indicator,
    LifeCycle,
    Limit,
    Line,
    Note,
    Pack,
    Route,
    ScoreRule,
    Term,
    Test,
)
from rulebook.predicates import Predicates
from rulebook.reachability import check_reachability
from rulebook.source import Block, Node, Reader, Scalar, SourceInvalid, plain
from rulebook.units import fold

PACK_KEYS = (
    "pack", "edition", "title", "label", "document", "in_force", "area", "rules", "kinds", "decision", "alternatives",
    "gates", "conditions", "groups", "indicators", "routes", "life_cycle", "notes",
)  # fmt: skip
LINE_KEYS = ("id", "label", "clause", "quote", "evidence", "document")
CONDITION_KEYS = (
    "test", "test_by_kind", "kinds", "in_force", "applies_if", "modality", "only_sources", "undefined_review_if",
    "flag", "effort",
)  # fmt: skip
LIFE_CYCLE_KEYS = ("years", "months", "due")
_DUE = re.compile(r"^(\d\d)-(\d\d)$")
GROUP_KEYS = ("id", "label", "max")
ROUTE_KEYS = ("id", "label", "all_of", "any_of", "score")
DOCUMENT_KEYS = ("number", "name", "issuer", "annex")
_NO_DOCUMENT = Document("", "", "")
_PACK_ID = re.compile(r"[a-z][a-z0-9-]{2,59}")
_DISTRICT = re.compile(r"^[1-9]\d(\d\d(\d\d)?)?$")
_POINTS = Shape(label="得分", type="number", unit="分")


class PackInvalid(SourceInvalid):
    """A pack cannot be used; every problem has file, line, what was found, what is expected and how to mend it."""


EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
"""No document about these titles is older, or says so far ahead when it ends: another day is a slip of the pen."""

MOST_LINES = 300
"""Rule lines of one pack; the longest law has 40. Lines are compared in pairs, so there has to be an end."""


def load_pack(text: str, dictionary: Dictionary, file: str = "pack.yaml") -> Pack:
    """Compile one pack. Raises PackInvalid with every problem found."""
    reader = Reader(file)
    try:
        root = reader.parse(text)
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return compile_pack(root, dictionary, reader)


def compile_pack(root: Block, dictionary: Dictionary, reader: Reader) -> Pack:
    """Compile a pack that has been read. Raises PackInvalid with every problem found."""
    try:
        pack = _Compiler(reader, dictionary, Predicates(reader, dictionary)).pack(root)
        lines = len(pack.gates) + len(pack.conditions) + len(pack.indicators)
        if lines > MOST_LINES:
            expected = f"至多 {MOST_LINES} 行"
            reader.problem(1, f"{lines} 行条件和指标", expected, "请拆成几个规则包，或核对是否误粘贴。", "too-long")
        if not reader.problems:
            check_reachability(reader, pack, root)
            check_contradictions(reader, pack)
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return pack


def document_kind(text: str, file: str = "pack.yaml") -> str:
    """`pack` or `size`: what a rules file holds, by its first key."""
    try:
        root = Reader(file).parse(text)
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return "size" if "size" in root.entries else "pack"


def content_hash(text: str, file: str = "pack.yaml") -> str:
    """sha256 of the canonical content of a rules file: comments, spacing and key order do not count."""
    return _hash(Reader(file).parse(text))


def _hash(root: Block) -> str:
    canonical = json.dumps(plain(root), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(slots=True)
class _Compiler:
    reader: Reader
    dictionary: Dictionary
    predicates: Predicates
    document: Document = _NO_DOCUMENT
    kinds: tuple[str, ...] = ()

    def pack(self, root: Block) -> Pack:
        reader = self.reader
        reader.only(root, PACK_KEYS)
        self.document = self._document(root.entries.get("document"), root)
        self.kinds = self._kinds(root, "kinds")
        title = reader.text(root, "title")
        if title and title not in PACK_TITLES:
            expected = "、".join(f"{code}（{label}）" for code, label in PACK_TITLES.items()) + "之一"
            reader.problem(reader.line_of(root, "title"), title, expected, "请改用称号代码。", "unknown-title")
        indicators = Indicators(reader, self.predicates)
        return Pack(
            id=self._id(root),
            edition=reader.text(root, "edition"),
            title=title,
            label=reader.text(root, "label"),
            document=self.document,
            terms=self._terms(root),
            kinds=self.kinds,
            decision=self._decision(root),
            alternatives=self._alternatives(root),
            gates=tuple(self._condition(each) for each in reader.blocks(root, "gates", required=False)),
            conditions=tuple(self._condition(each) for each in reader.blocks(root, "conditions", required=False)),
            groups=tuple(self._group(each, indicators) for each in reader.blocks(root, "groups", required=False)),
            indicators=tuple(
                self._indicator(each, indicators) for each in reader.blocks(root, "indicators", required=False)
            ),
            routes=tuple(self._route(each) for each in reader.blocks(root, "routes")),
            notes=tuple(self._note(each) for each in reader.blocks(root, "notes", required=False)),
            life_cycle=tuple(self._life_cycle(each) for each in reader.blocks(root, "life_cycle", required=False)),
            sha256=_hash(root),
            file=reader.file,
            area=self._area(root),
            stated=self._stated(root),
        )

    def _group(self, block: Block, indicators: Indicators) -> Group:
        self.reader.only(block, GROUP_KEYS)
        most = indicators.number(block, "max") if "max" in block.entries else None
        return Group(self.reader.text(block, "id"), self.reader.text(block, "label"), most)

    def _id(self, root: Block) -> str:
        """It stands in addresses, file names and messages."""
        name = self.reader.text(root, "pack")
        if name and not _PACK_ID.fullmatch(name):
            expected = "3 至 60 个小写字母、数字和连字符，以字母开头"
            self.reader.problem(
                self.reader.line_of(root, "pack"), name[:60], expected, "如 miit-63-2022-innovative。", "choice"
            )
        return name

    def _area(self, root: Block) -> tuple[str, ...]:
        """GB/T 2260 prefixes of the area the document binds; no key: everywhere."""
        if "area" not in root.entries:
            return ()
        area, line = self.reader.texts(root, "area", required=True), self.reader.line_of(root, "area")
        for prefix in area:
            if not _DISTRICT.match(prefix):
                expected = "2、4 或 6 位的行政区划代码"
                self.reader.problem(line, prefix, expected, "如宿州市写 3413，黔江区写 500114。", "choice")
        if not area:
            self.reader.problem(line, "area", "至少一个行政区划代码", "全国适用的请删去 area。", "choice")
        return area

    def _stated(self, root: Block) -> bool:
        text = self.reader.text(root, "rules", required=False)
        if text and text != "none":
            line = self.reader.line_of(root, "rules")
            self.reader.problem(line, text, "none", "文件有规定的请删去 rules；没有规定的写 rules: none。", "choice")
        return not text

    def _document(self, node: Node | None, parent: Block) -> Document:
        if node is None:
            remedy = "请补写 document：number、name、issuer、annex。"
            self.reader.problem(parent.line, "（没有填写）", "依据文件", remedy, "missing-document")
            return self.document
        block = self.reader.block(node, "document")
        self.reader.only(block, DOCUMENT_KEYS)
        number, name, issuer = (self.reader.text(block, key) for key in DOCUMENT_KEYS[:3])
        return Document(number, name, issuer, self.reader.text(block, "annex", required=False))

    def _terms(self, root: Block) -> tuple[tuple[str, Term], ...]:
        """One term for every kind, or one per kind: `{new: {from: …, to: …}, review: {from: …}}`."""
        block = self.reader.block(root.entries.get("in_force"), "in_force", root.line)
        if not any(kind in block.entries for kind in KINDS):
            return tuple((kind, term) for kind, term in dict.fromkeys(self.kinds, self._term(block)).items())
        self.reader.only(block, self.kinds)
        return tuple(
            (kind, self._term(self.reader.block(block.entries.get(kind), kind, block.line))) for kind in self.kinds
        )

    def _term(self, block: Block) -> Term:
        self.reader.only(block, ("from", "to"))
        start = self._date(block, "from", required=True) or date.min
        end = self._date(block, "to", required=False)
        if end is not None and end < start:
            remedy = "请核对施行和失效日期。"
            self.reader.problem(block.line, f"{start} 至 {end}", "不早于施行日的失效日", remedy, "date")
        return Term(start, end)

    def _date(self, block: Block, key: str, *, required: bool) -> date | None:
        text = self.reader.text(block, key, required=required)
        if not text:
            return None
        try:
            day, expected, remedy = date.fromisoformat(text), f"{EARLIEST} 至 {LATEST} 之间的日期", "请按文件核对日期。"
        except ValueError:
            day, expected, remedy = None, "日期，如 2026-04-01", "请按 年-月-日 书写。"
        if day is None or not EARLIEST <= day <= LATEST:
            self.reader.problem(self.reader.line_of(block, key), text, expected, remedy, "date")
            return None
        return day

    def _kinds(self, block: Block, key: str) -> tuple[str, ...]:
        kinds = self.reader.texts(block, key, required=True)
        allowed = self.kinds or tuple(KINDS)
        for kind in kinds:
            if kind not in allowed:
                line = self.reader.line_of(block, key)
                self.reader.problem(line, kind, "、".join(allowed) + "之一", "请改正申报类别。", "choice")
        return kinds

    def _decision(self, root: Block) -> Line:
        return self._line(self.reader.block(root.entries.get("decision"), "decision", root.line), ())

    def _alternatives(self, root: Block) -> Line | None:
        node = root.entries.get("alternatives")
        return self._line(self.reader.block(node, "alternatives"), ()) if node is not None else None

    def _note(self, block: Block) -> Note:
        line = self._line(block, ("topic", "items"))
        topic = self.reader.text(block, "topic")
        if topic and topic not in TOPICS:
            expected = "、".join(f"{code}（{label}）" for code, label in TOPICS.items()) + "之一"
            self.reader.problem(self.reader.line_of(block, "topic"), topic, expected, "请改正类别。", "choice")
        return Note(line, topic, self.reader.texts(block, "items"))

    def _life_cycle(self, block: Block) -> LifeCycle:
        line = self._line(block, LIFE_CYCLE_KEYS)
        return LifeCycle(line, self._count(block, "years"), self._count(block, "months"), self._due(block))

    def _count(self, block: Block, key: str) -> int | None:
        text = self.reader.text(block, key, required=False)
        if text and not re.fullmatch(r"[1-9]\d?", text):
            self.reader.problem(self.reader.line_of(block, key), text, "1 至 99 的整数", "请改为如 3。", "number")
            return None
        return int(text) if text else None

    def _due(self, block: Block) -> tuple[int, int] | None:
        text = self.reader.text(block, "due", required=False)
        if not text:
            return None
        found = _DUE.match(text)
        try:
            day = date(2025, int(found.group(1)), int(found.group(2))) if found else None  # a day every year has
        except ValueError:
            day = None
        if day is None:
            line = self.reader.line_of(block, "due")
            self.reader.problem(line, text, "每年的月和日，如 04-30", "请按 月-日 书写。", "date")
            return None
        return day.month, day.day

    def _line(self, block: Block, extra: tuple[str, ...]) -> Line:
        reader = self.reader
        reader.only(block, LINE_KEYS + extra)
        evidence = reader.text(block, "evidence")
        if evidence and evidence.split("(")[0] not in EVIDENCE_GRADES:
            expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
            reader.problem(reader.line_of(block, "evidence"), evidence, expected, "请改正依据等级。", "choice")
        document = self.document
        if "document" in block.entries:
            document = self._document(block.entries["document"], block)
        return Line(
            id=reader.text(block, "id"),
            label=reader.text(block, "label"),
            clause=reader.text(block, "clause"),
            quote=reader.text(block, "quote"),
            evidence=evidence,
            document=document,
            source_line=block.line,
        )

    def _condition(self, block: Block) -> Condition:
        reader = self.reader
        line = self._line(block, CONDITION_KEYS)
        modality = reader.text(block, "modality")
        if modality and modality not in MODALITIES:
            at = reader.line_of(block, "modality")
            reader.problem(at, modality, "、".join(MODALITIES) + "之一", "请改正约束力。", "choice")
        undefined, applies = block.entries.get("undefined_review_if"), block.entries.get("applies_if")
        term = block.entries.get("in_force")
        return Condition(
            line=line,
            modality=modality,
            tests=self._tests(block),
            only_sources=self._sources(block),
            undefined_review_if=self.predicates.test(undefined, block.line) if undefined else None,
            flag=self._flag(block),
            effort=self._effort(block),
            applies_if=self.predicates.test(applies, block.line) if applies else None,
            term=self._term(reader.block(term, "in_force")) if term else None,
        )

    def _tests(self, block: Block) -> dict[str, Test]:
        reader = self.reader
        if ("test" in block.entries) == ("test_by_kind" in block.entries):
            reader.problem(block.line, "test、test_by_kind", "两者之一", "请补写条件，或删去其中一个。")
            return {}
        tests: dict[str, Test] = {}
        if "test" in block.entries:
            test = self.predicates.test(block.entries["test"], block.line)
            kinds = self._kinds(block, "kinds") if "kinds" in block.entries else self.kinds
            return dict.fromkeys(kinds, test) if test else {}
        inner = reader.block(block.entries["test_by_kind"], "test_by_kind")
        reader.only(inner, self.kinds)
        for kind in self.kinds:
            test = self.predicates.test(inner.entries.get(kind), inner.line)
            if test is not None:
                tests[kind] = test
        return tests

    def _flag(self, block: Block) -> tuple[Test, str] | None:
        node = block.entries.get("flag")
        if node is None:
            return None
        inner = self.reader.block(node, "flag")
        self.reader.only(inner, ("when", "text"))
        test = self.predicates.test(inner.entries.get("when"), inner.line)
        text = self.reader.text(inner, "text")
        return (test, text) if test else None

    def _sources(self, block: Block) -> frozenset[str]:
        sources = self.reader.texts(block, "only_sources")
        for source in sources:
            if source not in SOURCE_KINDS:
                line = self.reader.line_of(block, "only_sources")
                self.reader.problem(line, source, "、".join(SOURCE_KINDS) + "之一", "请改正来源。", "choice")
        return frozenset(sources)

    def _effort(self, block: Block) -> str:
        effort = self.reader.text(block, "effort", required=False)
        if effort and effort not in EFFORTS:
            line = self.reader.line_of(block, "effort")
            self.reader.problem(line, effort, "、".join(EFFORTS) + "之一", "请改正工作量。", "choice")
        return effort

    def _indicator(self, block: Block, indicators: Indicators) -> Indicator:
        line = self._line(block, INDICATOR_KEYS)
        return indicators.indicator(block, line, self._sources(block), self._effort(block))

    def _route(self, block: Block) -> Route:
        reader = self.reader
        reader.only(block, ROUTE_KEYS)
        score: ScoreRule | None = None
        if "score" in block.entries:
            inner = reader.block(block.entries["score"], "score")
            reader.only(inner, ("total", "groups"))
            groups = inner.entries.get("groups")
            limits = reader.block(groups, "groups").entries if groups is not None else {}
            found = [(name, self._points(node)) for name, node in limits.items()]
            total = self._points(inner.entries["total"]) if "total" in inner.entries else None
            score = ScoreRule(total, tuple((name, limit) for name, limit in found if limit is not None))
        all_of, any_of = reader.texts(block, "all_of"), reader.texts(block, "any_of")
        if score is None and not all_of and not any_of:
            reader.problem(block.line, reader.text(block, "id"), "all_of、any_of 或 score", "请补写这条路径的要求。")
        return Route(reader.text(block, "id"), reader.text(block, "label"), all_of, any_of, score)

    def _points(self, node: Node) -> Limit | None:
        text = fold(node.text) if isinstance(node, Scalar) else ""
        operator = next((sign for sign in (">=", ">") if text.startswith(sign)), "")
        if not operator:
            self.reader.problem(node.line, text or "（空）", ">= 或 > 加分值", "如 >= 60 分。", "operator")
            return None
        return self.predicates.expressions.limit(operator, text.removeprefix(operator).strip(), _POINTS, node.line)
