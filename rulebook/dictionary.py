"""The facts dictionary: the language that registry, eligibility and finance share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rulebook.source import Block, Problem, Reader, Sequence, SourceInvalid
from rulebook.units import decimal_of, fold

TYPES = ("money", "number", "integer", "ratio", "boolean", "date", "text", "code", "records", "finding")
FIELD_TYPES = ("money", "number", "integer", "ratio", "boolean", "date", "text", "code")
NUMERIC = ("money", "number", "integer", "ratio")
PERIODS = ("fiscal_year", "point")
YEARS = ("fiscal", "calendar")
TABLES = ("gbt4754",)
"""National tables whose codes a text may be held to."""
SOURCE_KINDS = {
    "self_declared": "企业填报",
    "audit_report": "审计报告",
    "tax": "税务数据",
    "official_platform": "培育平台",
    "official_finding": "主管部门认定意见",
    "official_list": "官方名单",
    "import": "批量导入",
}
_ID = re.compile(r"^[a-z][a-z0-9_]*$")
_FACT_KEYS = (
    "id", "label", "label_en", "description", "type", "unit", "period", "year_of", "elapses", "part_of", "min", "max",
    "allowed", "fields", "evidence", "sources", "aliases", "future", "codes", "scale", "judged",
)  # fmt: skip
_FIELD_KEYS = ("name", "label", "type", "unit", "required", "min", "max", "allowed", "future")


class DictionaryInvalid(SourceInvalid):
    """The facts dictionary cannot be used."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """One permitted value: stored as code, shown as label, accepted by any synonym."""

    code: str
    label: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a value looks like. Money is in yuan, ratios are fractions of one.

    `future`: a date that may lie ahead, as the end of a certificate does. Any other says when something happened.
    """

    label: str
    type: str
    unit: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    allowed: tuple[Allowed, ...] = ()
    future: bool = False

    def label_of(self, code: str) -> str:
        return next((value.label for value in self.allowed if value.code == code), code)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordField(Shape):
    """A field of a `records` fact; in a cell the fields stand in declared order, separated by `|`."""

    name: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(Shape):
    """One fact. `fiscal_year` facts are stored per year (`year_of`: fiscal or calendar), `point` facts under 0.

    `codes`: the national table that its text has to be found in. `elapses`: it counts years, so it grows by one a year
    by itself. `wholes`: the facts it can never exceed. `scale`: it says how large the enterprise is, which nobody is
    advised to shrink. `judged`: what a thing is, as people determine it; no enterprise brings it about.
    """

    id: str
    label_en: str
    period: str
    year_of: str = "fiscal"
    elapses: bool = False
    wholes: tuple[str, ...] = ()
    codes: str = ""
    scale: bool = False
    judged: bool = False
    description: str = ""
    section: str = ""
    fields: tuple[RecordField, ...] = ()
    evidence: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def yearly(self) -> bool:
        return self.period == "fiscal_year"

    @property
    def part_of(self) -> str:
        """The first of the facts it can never exceed: the one that is lifted with it."""
        return self.wholes[0] if self.wholes else ""

    def field_named(self, name: str) -> RecordField | None:
        return next((each for each in self.fields if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Every fact by id, in the order of the files."""

    facts: Mapping[str, Fact]
    headers: Mapping[str, Fact] = field(repr=False)
    """Folded header text (label, alias or id) → fact."""
    parts: Mapping[str, tuple[tuple[Fact, Fact], ...]] = field(default_factory=dict, repr=False)
    """Fact id → every (part, whole) that it is one side of."""

    def __getitem__(self, fact_id: str) -> Fact:
        return self.facts[fact_id]

    def __contains__(self, fact_id: object) -> bool:
        return fact_id in self.facts

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts.values())

    def __len__(self) -> int:
        return len(self.facts)

    def find(self, fact_id: str) -> Fact | None:
        return self.facts.get(fact_id)


def fold_header(text: str) -> str:
    """Header text reduced to what must agree: no space, half-width signs, case and Roman numerals folded."""
    return re.sub(r"[\s:,;、/()\[\]“”\"'*_-]", "", fold(text)).casefold()


def parse_dictionary(texts: Mapping[str, str]) -> Dictionary:
    """Compile the dictionary from file name → YAML text. Raises DictionaryInvalid with file and line."""
    facts: dict[str, Fact] = {}
    headers: dict[str, Fact] = {}
    problems: list[Problem] = []
    for file in sorted(texts):
        reader = Reader(file)
        try:
            for fact in _facts(reader, texts[file]):
                _add(reader, fact, facts, headers)
        except SourceInvalid:
            pass  # the reader holds the problems
        problems += reader.problems
    problems += _unknown_wholes(facts)
    if problems:
        raise DictionaryInvalid(problems)
    return Dictionary(facts, headers, _parts(facts))


def _parts(facts: Mapping[str, Fact]) -> dict[str, tuple[tuple[Fact, Fact], ...]]:
    found: dict[str, tuple[tuple[Fact, Fact], ...]] = {}
    for part in facts.values():
        for whole in (facts[each] for each in part.wholes):
            for side in (part, whole):
                found[side.id] = (*found.get(side.id, ()), (part, whole))
    return found


def _unknown_wholes(facts: Mapping[str, Fact]) -> Iterator[Problem]:
    """`part_of` names other facts of the same kind, unit and period: a part is compared with its whole."""
    for fact in facts.values():
        alike = (fact.type, fact.unit, fact.period, fact.year_of)
        for name in fact.wholes:
            whole = facts.get(name)
            comparable = whole is not None and (whole.type, whole.unit, whole.period, whole.year_of) == alike
            if not comparable or whole is fact or fact.type not in NUMERIC:
                remedy = "请改为类型、单位和期间相同的另一个事实的 id，或删去 part_of。"
                yield Problem(fact.file, fact.line, name, "同类的数的 id", remedy, "unknown-fact")


def _facts(reader: Reader, text: str) -> Iterator[Fact]:
    root = reader.parse(text)
    reader.only(root, ("section", "facts"))
    section = reader.text(root, "section")
    for block in reader.blocks(root, "facts"):
        yield _fact(reader, block, section)


def _add(reader: Reader, fact: Fact, facts: dict[str, Fact], headers: dict[str, Fact]) -> None:
    if fact.id in facts:
        first = facts[fact.id]
        remedy = f"{first.file} 第 {first.line} 行已有，请改名或合并。"
        reader.problem(fact.line, fact.id, "全字典唯一的 id", remedy, "duplicate-id")
        return
    facts[fact.id] = fact
    for header in (fact.id, fact.label, *fact.aliases):
        folded = fold_header(header)
        other = headers.setdefault(folded, fact)
        if other.id != fact.id:
            remedy = f"“{other.label}”也用这个表头，请删去一处。"
            reader.problem(fact.line, header, "只属于一个事实的表头", remedy, "duplicate-header")


def _fact(reader: Reader, block: Block, section: str) -> Fact:
    reader.only(block, _FACT_KEYS)
    fact_id = reader.text(block, "id")
    if fact_id and not _ID.match(fact_id):
        reader.problem(reader.line_of(block, "id"), fact_id, "小写英文、数字和下划线", "例如 rd_expense_yuan。")
    shape = _shape(reader, block, TYPES)
    if shape.type == "money" and not fact_id.endswith("_yuan"):
        reader.problem(reader.line_of(block, "id"), fact_id, "以 _yuan 结尾的 id", "金额一律以元存放，请改名。")
    fields = tuple(_field(reader, each) for each in reader.blocks(block, "fields", required=False))
    if (shape.type == "records") != bool(fields):
        reader.problem(block.line, fact_id, "records 类型列出 fields，其他类型不列", "请补写或删去 fields。")
    return Fact(
        label=shape.label, type=shape.type, unit=shape.unit, minimum=shape.minimum, maximum=shape.maximum,
        allowed=shape.allowed, future=shape.future, id=fact_id, label_en=reader.text(block, "label_en"),
        period=_choice(reader, block, "period", PERIODS),
        year_of=_choice(reader, block, "year_of", YEARS) if "year_of" in block.entries else "fiscal",
        elapses=reader.text(block, "elapses", required=False) == "true",
        wholes=_wholes(reader, block), codes=_codes(reader, block, shape),
        scale=reader.text(block, "scale", required=False) == "true",
        judged=reader.text(block, "judged", required=False) == "true",
        description=reader.text(block, "description", required=False), section=section, fields=fields,
        evidence=reader.texts(block, "evidence"), sources=_sources(reader, block),
        aliases=reader.texts(block, "aliases"), file=reader.file, line=block.line,
    )  # fmt: skip


def _wholes(reader: Reader, block: Block) -> tuple[str, ...]:
    """`part_of: revenue_yuan`, or a list where it is part of several."""
    if isinstance(block.entries.get("part_of"), Sequence):
        return reader.texts(block, "part_of")
    whole = reader.text(block, "part_of", required=False)
    return (whole,) if whole else ()


def _codes(reader: Reader, block: Block, shape: Shape) -> str:
    if "codes" not in block.entries:
        return ""
    if shape.type != "text":
        reader.problem(reader.line_of(block, "codes"), shape.type, "只用于 text 类型", "请删去 codes。")
    return _choice(reader, block, "codes", TABLES)


def _field(reader: Reader, block: Block) -> RecordField:
    reader.only(block, _FIELD_KEYS)
    shape = _shape(reader, block, FIELD_TYPES)
    return RecordField(
        label=shape.label, type=shape.type, unit=shape.unit, minimum=shape.minimum, maximum=shape.maximum,
        allowed=shape.allowed, future=shape.future, name=reader.text(block, "name"),
        required=reader.text(block, "required", required=False) != "false",
    )  # fmt: skip


def _shape(reader: Reader, block: Block, types: tuple[str, ...]) -> Shape:
    kind = _choice(reader, block, "type", types)
    allowed = tuple(_allowed(reader, each) for each in reader.blocks(block, "allowed", required=False))
    if (kind == "code") != bool(allowed):
        reader.problem(block.line, kind, "code 类型列出 allowed，其他类型不列", "请补写或删去 allowed。")
    unit = reader.text(block, "unit", required=False) or None
    if kind == "money" and unit != "元":
        reader.problem(reader.line_of(block, "unit"), unit or "（没有填写）", "元", "金额一律以元存放。", "unit")
    if "future" in block.entries and kind != "date":
        reader.problem(reader.line_of(block, "future"), kind, "只用于 date 类型", "请删去 future。")
    return Shape(
        label=reader.text(block, "label"), type=kind, unit=unit,
        minimum=_bound(reader, block, "min"), maximum=_bound(reader, block, "max"), allowed=allowed,
        future=reader.text(block, "future", required=False) == "true",
    )  # fmt: skip


def _allowed(reader: Reader, block: Block) -> Allowed:
    reader.only(block, ("code", "label", "synonyms"))
    return Allowed(reader.text(block, "code"), reader.text(block, "label"), reader.texts(block, "synonyms"))


def _choice(reader: Reader, block: Block, key: str, allowed: tuple[str, ...]) -> str:
    value = reader.text(block, key)
    if value and value not in allowed:
        reader.problem(reader.line_of(block, key), value, "、".join(allowed) + "之一", f"请改正“{key}”。", "choice")
    return value


def _bound(reader: Reader, block: Block, key: str) -> Decimal | None:
    text = reader.text(block, key, required=False)
    value = decimal_of(text) if text else None
    if text and value is None:
        reader.problem(reader.line_of(block, key), text, "一个数", f"请改正“{key}”。", "number")
    return value


def _sources(reader: Reader, block: Block) -> tuple[str, ...]:
    sources = reader.texts(block, "sources", required=True)
    for source in sources:
        if source not in SOURCE_KINDS:
            reader.problem(
                reader.line_of(block, "sources"), source, "、".join(SOURCE_KINDS) + "之一", "请改正来源。", "choice"
            )
    return sources
