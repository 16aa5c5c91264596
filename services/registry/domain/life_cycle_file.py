"""Reads the file of life cycles; whatever is wrong in it is told with its line, and the file is not used."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping

from rulebook.pack import EVIDENCE_GRADES, TITLES
from rulebook.source import Block, Reader, Scalar, SourceInvalid
from services.registry.domain.life_cycle import (
    ACTS,
    KINDS,
    LEVELS,
    RENEWALS,
    STAGES,
    LifeCycle,
    LifeCycles,
    Process,
    Provision,
    Source,
    Transition,
)

_LINE = ("kind", "id", "label", "document", "clause", "quote", "evidence", "from", "until")
_VALUES = {
    "recogniser": ("level", "who"),
    "tier": ("after",),
    "validity": ("years", "ends"),
    "yearly_update": ("due",),
    "change_report": ("months",),
    "ban": ("years",),
    "renewal": ("by",),
    "expiring": ("days",),
}
_MOST_YEARS, _MOST_MONTHS, _MOST_DAYS = 30, 60, 3660
_DUE = re.compile(r"^(\d{2})-(\d{2})$")


class LifeCyclesInvalid(SourceInvalid):
    """The file of life cycles cannot be used; `problems` say where and why."""


def parse_life_cycles(text: str, file: str = "title_life_cycles.yaml") -> LifeCycles:
    """The life cycles of every title. Raises LifeCyclesInvalid with file and line of each problem."""
    reader = Reader(file)
    try:
        found = _read(reader, reader.parse(text), hashlib.sha256(text.encode()).hexdigest())
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise LifeCyclesInvalid(list(invalid.problems)) from None
    return found


def _read(reader: Reader, root: Block, sha256: str) -> LifeCycles:
    reader.only(root, ("edition", "documents", "processes", "titles"))
    documents = reader.block(root.entries.get("documents"), "documents", root.line)
    sources = {code: _source(reader, documents, code) for code in documents.entries}
    named = reader.block(root.entries.get("processes"), "processes", root.line)
    processes = {code: _process(reader, named, code) for code in named.entries}
    titles = reader.block(root.entries.get("titles"), "titles", root.line)
    reader.only(titles, tuple(TITLES))
    if missing := [code for code in TITLES if code not in titles.entries]:
        reader.problem(titles.line, "缺少 " + "、".join(missing), "每个称号一段", "请补写这些称号。", "title-missing")
    found = {code: _title(reader, titles, code, processes, sources) for code in titles.entries if code in TITLES}
    return LifeCycles(reader.text(root, "edition"), sha256, {code: each for code, each in found.items() if each})


def _source(reader: Reader, documents: Block, code: str) -> Source:
    block = reader.block(documents.entries[code], code)
    reader.only(block, ("number", "name", "issuer"))
    return Source(reader.text(block, "number"), reader.text(block, "name"), reader.text(block, "issuer"))


def _process(reader: Reader, named: Block, code: str) -> Process:
    block = reader.block(named.entries[code], code)
    reader.only(block, ("label", "acts"))
    acts = reader.block(block.entries.get("acts"), "acts", block.line)
    reader.only(acts, tuple(ACTS))
    found: dict[str, Transition] = {}
    for act in acts.entries:
        inner = reader.block(acts.entries[act], act)
        reader.only(inner, ("from", "to"))
        target = reader.text(inner, "to")
        sources = reader.texts(inner, "from", required=True)
        for stage in (target, *sources):
            if stage and stage not in STAGES:
                reader.problem(inner.line, stage, "以下状态之一：" + "、".join(STAGES), "请改正状态。", "unknown-stage")
        if target in sources:
            reader.problem(inner.line, target, "另一个状态", "一个动作不能回到它开始的状态。", "circular-act")
        found[act] = Transition(act, sources, target)
    return Process(code, reader.text(block, "label"), found)


def _title(
    reader: Reader, titles: Block, code: str, processes: Mapping[str, Process], sources: Mapping[str, Source]
) -> LifeCycle | None:
    block = reader.block(titles.entries[code], code)
    reader.only(block, ("process", "provisions"))
    name = reader.text(block, "process")
    if name and name not in processes:
        expected = "以下流程之一：" + "、".join(processes)
        reader.problem(reader.line_of(block, "process"), name, expected, "请改正流程。", "unknown-process")
    lines = [(each.line, _provision(reader, each, sources)) for each in reader.blocks(block, "provisions")]
    for position, (line, each) in enumerate(lines):
        for _, other in lines[:position]:
            if each.kind == other.kind and _overlap(each, other):
                message = f"{each.id} 与 {other.id} 同时有效"
                reader.problem(line, message, "同一时间只有一条", "请用 from、until 分开。", "provisions-overlap")
    process = processes.get(name)
    return LifeCycle(code, process, tuple(each for _, each in lines)) if process else None


def _overlap(one: Provision, other: Provision) -> bool:
    return (one.begins or dt.date.min) <= (other.ends or dt.date.max) and (other.begins or dt.date.min) <= (
        one.ends or dt.date.max
    )


def _provision(reader: Reader, block: Block, sources: Mapping[str, Source]) -> Provision:
    kind = _choice(reader, block, "kind", tuple(KINDS))
    reader.only(block, (*_LINE, *_VALUES.get(kind, ())))
    evidence = reader.text(block, "evidence")
    if evidence and evidence.split("(")[0] not in EVIDENCE_GRADES:
        expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
        reader.problem(reader.line_of(block, "evidence"), evidence, expected, "请改正依据等级。", "choice")
    decided = evidence == "D"  # by nobody but us: there is nothing to quote
    document = reader.text(block, "document", required=not decided)
    if document and document not in sources:
        expected = "以下文件之一：" + "、".join(sources)
        reader.problem(reader.line_of(block, "document"), document, expected, "请改正文件。", "unknown-document")
    begins, ends = _date(reader, block, "from"), _date(reader, block, "until")
    if begins and ends and ends < begins:
        reader.problem(block.line, f"{begins} 至 {ends}", "until 不早于 from", "请改正日期。", "period-reversed")
    return Provision(
        kind=kind,
        id=reader.text(block, "id"),
        label=reader.text(block, "label"),
        source=sources.get(document),
        clause=reader.text(block, "clause", required=not decided) or None,
        quote=reader.text(block, "quote", required=not decided) or None,
        evidence=evidence,
        begins=begins,
        ends=ends,
        level=_choice(reader, block, "level", tuple(LEVELS)) if kind == "recogniser" else None,
        who=reader.text(block, "who") if kind == "recogniser" else None,
        after=_titles(reader, block) if kind == "tier" else (),
        years=_years(reader, block, kind),
        to_year_end=kind == "validity" and "ends" in block.entries and _choice(reader, block, "ends", ("year",)) != "",
        months=_number(reader, block, "months", _MOST_MONTHS) if kind == "change_report" else None,
        due=_due(reader, block) if kind == "yearly_update" else None,
        by=_choice(reader, block, "by", tuple(RENEWALS)) if kind == "renewal" else None,
        days=_days(reader, block) if kind == "expiring" else (),
    )


def _years(reader: Reader, block: Block, kind: str) -> int | None:
    if kind == "ban" or (kind == "validity" and "ends" not in block.entries):
        return _number(reader, block, "years", _MOST_YEARS)
    if kind == "validity" and "years" in block.entries:
        reader.problem(reader.line_of(block, "years"), "years 和 ends", "只写一个", "请删去其中一个。", "choice")
    return None


def _titles(reader: Reader, block: Block) -> tuple[str, ...]:
    found = reader.texts(block, "after", required=True)
    for code in found:
        if code not in TITLES:
            reader.problem(
                reader.line_of(block, "after"), code, "称号代码：" + "、".join(TITLES), "请改正。", "unknown-title"
            )
    return found


def _choice(reader: Reader, block: Block, key: str, choices: tuple[str, ...]) -> str:
    text = reader.text(block, key)
    if text and text not in choices:
        reader.problem(reader.line_of(block, key), text, "以下之一：" + "、".join(choices), "请改正。", "choice")
        return ""
    return text


def _number(reader: Reader, block: Block, key: str, most: int) -> int | None:
    node = block.entries.get(key)
    text = node.text if isinstance(node, Scalar) else ""
    if text.isascii() and text.isdigit() and 0 < int(text) <= most:
        return int(text)
    line = reader.line_of(block, key)
    reader.problem(line, text or "（没有填写）", f"1 到 {most} 的整数", f"请改正“{key}”。", "number")
    return None


def _days(reader: Reader, block: Block) -> tuple[int, ...]:
    found = reader.texts(block, "days", required=True)
    sound = [int(text) for text in found if text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_DAYS]
    if len(sound) != len(found) or len(set(sound)) != len(sound):
        expected = f"1 到 {_MOST_DAYS} 的整数，各不相同"
        reader.problem(reader.line_of(block, "days"), "、".join(found), expected, "请改正天数。", "number")
    return tuple(sorted(set(sound), reverse=True))


def _due(reader: Reader, block: Block) -> tuple[int, int] | None:
    text = reader.text(block, "due")
    match = _DUE.match(text)
    try:
        day = dt.date(2001, int(match[1]), int(match[2])) if match else None  # no leap year: the day is there each year
    except ValueError:
        day = None
    if day is None:
        reader.problem(reader.line_of(block, "due"), text or "（没有填写）", "月-日，如 04-30", "请改正日期。", "date")
        return None
    return day.month, day.day


def _date(reader: Reader, block: Block, key: str) -> dt.date | None:
    text = reader.text(block, key, required=False)
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        reader.problem(reader.line_of(block, key), text, "日期，如 2026-04-01", "请按 年-月-日 书写。", "date")
        return None
