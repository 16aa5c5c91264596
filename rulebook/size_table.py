"""The table of size classes (划型标准): lower bounds per industry, compiled from a rules file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rulebook.dictionary import Dictionary
from rulebook.expressions import Expressions
from rulebook.loader import PackInvalid, content_hash
from rulebook.pack import EVIDENCE_GRADES, SIZES, Document
from rulebook.source import Block, Reader, Scalar, SourceInvalid

_KEYS = (
    "size", "edition", "label", "document", "clause", "quote", "evidence", "in_force",
    "sections", "not_covered", "rows",
)  # fmt: skip
LEVELS = ("large", "medium", "small")
_SPAN = re.compile(r"^(\d{2,4})(?:-(\d{2,4}))?$")


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of four-digit GB/T 4754 codes, both ends included."""

    first: int
    last: int

    def touches(self, other: Span) -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class SizeRow:
    """Lower bounds of one industry: per level, fact id → least value (yuan or persons)."""

    id: str
    label: str
    codes: tuple[Span, ...]
    levels: Mapping[str, Mapping[str, Decimal]]
    evidence: str


@dataclass(frozen=True, slots=True)
class SizeTable:
    id: str
    edition: str
    label: str
    document: Document
    clause: str
    quote: str
    in_force_from: date
    sections: Mapping[str, Span]
    not_covered: tuple[Span, ...]
    rows: tuple[SizeRow, ...]
    sha256: str


def load_size_table(text: str, dictionary: Dictionary, file: str = "size.yaml") -> SizeTable:
    """Compile the table. Raises PackInvalid with file and line."""
    reader = Reader(file)
    try:
        table = _table(reader, dictionary, reader.parse(text), content_hash(text, file))
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return table


def _table(reader: Reader, dictionary: Dictionary, root: Block, sha256: str) -> SizeTable:
    reader.only(root, _KEYS)
    document = reader.block(root.entries.get("document"), "document", root.line)
    sections = reader.block(root.entries.get("sections"), "sections", root.line)
    in_force = reader.block(root.entries.get("in_force"), "in_force", root.line)
    start = reader.text(in_force, "from")
    try:
        in_force_from = date.fromisoformat(start)
    except ValueError:
        in_force_from = date.min
        reader.problem(in_force.line, start or "（没有填写）", "日期，如 2011-06-18", "请按 年-月-日 书写。", "date")
    table = SizeTable(
        id=reader.text(root, "size"),
        edition=reader.text(root, "edition"),
        label=reader.text(root, "label"),
        document=Document(*(reader.text(document, key) for key in ("number", "name", "issuer", "annex"))),
        clause=reader.text(root, "clause"),
        quote=reader.text(root, "quote"),
        in_force_from=in_force_from,
        sections={
            letter: _readspan_of_digits(reader, node.text if isinstance(node, Scalar) else "", node.line)
            for letter, node in sections.entries.items()
        },
        not_covered=_spans(reader, root, "not_covered"),
        rows=tuple(_row(reader, dictionary, each) for each in reader.blocks(root, "rows")),
        sha256=sha256,
    )
    _check_rows(reader, table)
    return table


def _row(reader: Reader, dictionary: Dictionary, block: Block) -> SizeRow:
    reader.only(block, ("id", "label", "codes", "levels", "evidence"))
    levels = reader.block(block.entries.get("levels"), "levels", block.line)
    reader.only(levels, LEVELS)
    expressions = Expressions(reader, dictionary)
    bounds: dict[str, dict[str, Decimal]] = {}
    for level in LEVELS:
        inner = reader.block(levels.entries.get(level), level, levels.line)
        bounds[level] = {}
        for name, node in inner.entries.items():
            if name not in ("headcount", "revenue_yuan", "total_assets_yuan"):
                expected = "headcount、revenue_yuan、total_assets_yuan 之一"
                reader.problem(node.line, name, expected, "请改正指标。", "unknown-fact")
                continue
            value = expressions.literal(node.text if isinstance(node, Scalar) else "", dictionary[name], node.line)
            bounds[level][name] = Decimal(0) if value is None else value
    _check_levels(reader, block, bounds)
    evidence = reader.text(block, "evidence")
    if evidence and evidence.split("(")[0] not in EVIDENCE_GRADES:
        expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
        reader.problem(reader.line_of(block, "evidence"), evidence, expected, "请改正依据等级。", "choice")
    codes = _spans(reader, block, "codes")
    return SizeRow(reader.text(block, "id"), reader.text(block, "label"), codes, bounds, evidence)


def _check_levels(reader: Reader, block: Block, bounds: Mapping[str, Mapping[str, Decimal]]) -> None:
    for upper, lower in (("large", "medium"), ("medium", "small")):
        for name, value in bounds[upper].items():
            least = bounds[lower].get(name)
            if least is None or least >= value:
                expected = f"{SIZES[upper]}的 {name} 下限高于{SIZES[lower]}"
                reader.problem(block.line, f"{value}、{least}", expected, "请核对各档下限。", "band-overlap")


def _check_rows(reader: Reader, table: SizeTable) -> None:
    """Every code of the classification belongs to one row, or stands under `not_covered`."""
    places = [(row.label, span) for row in table.rows for span in row.codes]
    places += [("not_covered", span) for span in table.not_covered]
    for position, (label, span) in enumerate(places):
        for other, taken in places[:position]:
            if span.touches(taken):
                reader.problem(
                    1, f"{span.first:04d}", "只属于一行的行业代码", f"“{label}”与“{other}”重复。", "band-overlap"
                )
    for letter, section in table.sections.items():
        for division in range(section.first // 100, section.last // 100 + 1):
            whole = Span(division * 100, division * 100 + 99)
            if not any(whole.touches(span) for _, span in places):
                reader.problem(
                    1, f"{letter}{division:02d}", "已归入某一行的行业大类", "请补入 codes 或 not_covered。", "band-gap"
                )


def _spans(reader: Reader, block: Block, key: str) -> tuple[Span, ...]:
    line = reader.line_of(block, key)
    return tuple(_readspan_of_digits(reader, text, line) for text in reader.texts(block, key, required=True))


def _readspan_of_digits(reader: Reader, text: str, line: int) -> Span:
    match = _SPAN.match(text)
    if match is None:
        reader.problem(line, text, "行业代码或区间，如 06-46、591", "请改正代码。", "number")
        return Span(0, 0)
    first, last = match.groups()
    return Span(span_of_digits(first).first, span_of_digits(last or first).last)


def span_of_digits(digits: str) -> Span:
    width = 4 - len(digits)
    first = int(digits) * 10**width
    return Span(first, first + 10**width - 1)
