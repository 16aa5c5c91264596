"""Reads the file of certified items; whatever is wrong in it is told with its line, and the file is not used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from rulebook.pack import EVIDENCE_GRADES
from rulebook.source import Block, Reader, Scalar, SourceInvalid
from services.registry.domain.items import ENTERPRISE, ItemKind, ItemKinds, ItemSet, SetLine
from services.registry.domain.life_cycle import Source

_KIND = ("label", "group", "unit", "levels", "subjects", "document", "clause", "quote", "evidence", "targets")
_SET = ("label", "carrier", "document", "clause", "quote", "evidence", "lines")


class ItemsInvalid(SourceInvalid):
    """The file of certified items cannot be used; `problems` say where and why."""


def parse_items(text: str, file: str = "certified_items.yaml") -> ItemKinds:
    """The kinds of items. Raises ItemsInvalid with file and line of each problem."""
    reader = Reader(file)
    try:
        found = _read(reader, reader.parse(text), hashlib.sha256(text.encode()).hexdigest())
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise ItemsInvalid(list(invalid.problems)) from None
    return found


def _read(reader: Reader, root: Block, sha256: str) -> ItemKinds:
    reader.only(root, ("edition", "documents", "levels", "carriers", "kinds", "sets"))
    documents = reader.block(root.entries.get("documents"), "documents", root.line)
    sources = {}
    for code, node in documents.entries.items():
        block = reader.block(node, code)
        reader.only(block, ("number", "name", "issuer"))
        sources[code] = Source(*(reader.text(block, key) for key in ("number", "name", "issuer")))
    levels, carriers = _labels(reader, root, "levels"), _labels(reader, root, "carriers")
    if ENTERPRISE in carriers:
        reader.problem(root.line, ENTERPRISE, "另一个代码", "enterprise 指企业，不能作载体的代码。", "choice")
    kinds = reader.block(root.entries.get("kinds"), "kinds", root.line)
    sets = reader.block(root.entries.get("sets"), "sets", root.line)
    found = {
        code: _kind(reader, code, reader.block(node, code), sources, levels, carriers)
        for code, node in kinds.entries.items()
    }
    wanted = {
        code: _set(reader, code, reader.block(node, code), sources, levels, carriers, found)
        for code, node in sets.entries.items()
    }
    return ItemKinds(reader.text(root, "edition"), sha256, levels, carriers, found, wanted)


def _labels(reader: Reader, root: Block, key: str) -> dict[str, str]:
    block = reader.block(root.entries.get(key), key, root.line)
    return {code: node.text if isinstance(node, Scalar) else "" for code, node in block.entries.items()}


def _kind(
    reader: Reader,
    code: str,
    block: Block,
    sources: Mapping[str, Source],
    levels: Mapping[str, str],
    carriers: Mapping[str, str],
) -> ItemKind:
    reader.only(block, _KIND)
    source, clause, quote, evidence = _grounds(reader, block, sources)
    return ItemKind(
        code=code,
        label=reader.text(block, "label"),
        group=reader.text(block, "group"),
        unit=reader.text(block, "unit"),
        levels=_among(reader, block, "levels", levels),
        subjects=_among(reader, block, "subjects", {ENTERPRISE: "企业", **carriers}),
        source=source,
        clause=clause,
        quote=quote,
        evidence=evidence,
        targets=reader.texts(block, "targets"),
    )


def _set(
    reader: Reader,
    code: str,
    block: Block,
    sources: Mapping[str, Source],
    levels: Mapping[str, str],
    carriers: Mapping[str, str],
    kinds: Mapping[str, ItemKind],
) -> ItemSet:
    reader.only(block, _SET)
    carrier = reader.text(block, "carrier")
    if carrier and carrier not in carriers:
        expected = "以下之一：" + "、".join(carriers)
        reader.problem(reader.line_of(block, "carrier"), carrier, expected, "请改正载体。", "choice")
    lines = []
    for each in reader.blocks(block, "lines"):
        reader.only(each, ("label", "any_of", "levels"))
        any_of = _among(reader, each, "any_of", kinds)
        for kind in any_of:
            if carrier not in kinds[kind].subjects:
                message = f"{kind} 不授予 {carrier}"
                reader.problem(each.line, message, "可以授予该载体的项目", "请改正项目，或它的 subjects。", "choice")
        given = _among(reader, each, "levels", levels) if "levels" in each.entries else ()
        lines.append(SetLine(reader.text(each, "label"), any_of, given))
    label = reader.text(block, "label")
    return ItemSet(code, label, carrier, *_grounds(reader, block, sources), tuple(lines))


def _grounds(reader: Reader, block: Block, sources: Mapping[str, Source]) -> tuple[Source, str, str, str]:
    document, evidence = reader.text(block, "document"), reader.text(block, "evidence")
    if document and document not in sources:
        expected = "以下文件之一：" + "、".join(sources)
        reader.problem(reader.line_of(block, "document"), document, expected, "请改正文件。", "unknown-document")
    if evidence and evidence.split("(")[0] not in EVIDENCE_GRADES:
        expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
        reader.problem(reader.line_of(block, "evidence"), evidence, expected, "请改正依据等级。", "choice")
    source = sources.get(document, Source("", "", ""))
    return source, reader.text(block, "clause"), reader.text(block, "quote"), evidence


def _among(reader: Reader, block: Block, key: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """The texts of a list, those that are known; others are problems."""
    found = reader.texts(block, key, required=True)
    for code in found:
        if code not in known:
            expected = "以下之一：" + "、".join(known)
            reader.problem(reader.line_of(block, key), code, expected, f"请改正“{key}”。", "choice")
    return tuple(code for code in found if code in known)
