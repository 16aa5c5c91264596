"""Reads the file of the pool's rules; whatever is wrong in it is told with its line, and the file is not used."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from rulebook.pack import EFFORTS, EVIDENCE_GRADES, PACK_TITLES
from rulebook.source import Block, Reader, Scalar, SourceInvalid
from services.registry.domain.life_cycle import Source
from services.registry.domain.pool import ACTS, BY, WHENS, Pool, PoolRule, PoolRules
from services.registry.domain.status import RegistrationStatus

_RULE = ("id", "label", "when", "act", "pool", "by", "document", "clause", "quote", "evidence", "area")
_OF_WHEN = {
    "eligible": ("titles",),
    "near_miss": ("titles", "open_lines", "effort"),
    "holds": ("titles",),
    "lost": ("titles",),
    "has_item": ("items",),
    "struck_off": ("statuses",),
}
_OF_ACT = {"enter": ("tier", "source"), "move": ("tier", "source", "from"), "leave": ("leaving", "from")}


class PoolRulesInvalid(SourceInvalid):
    """The file of the pool's rules cannot be used; `problems` say where and why."""


def parse_pool_rules(text: str, items: Collection[str], file: str = "pool_rules.yaml") -> PoolRules:
    """The pool's rules; `items` are the kinds of certified items. Raises PoolRulesInvalid with file and line."""
    reader = Reader(file)
    try:
        found = _Reading(reader, items).rules(reader.parse(text), hashlib.sha256(text.encode()).hexdigest())
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise PoolRulesInvalid(list(invalid.problems)) from None
    return found


class _Reading:
    def __init__(self, reader: Reader, items: Collection[str]) -> None:
        self._reader = reader
        self._items = items
        self._documents: Mapping[str, Source] = {}
        self._pools: dict[str, Pool] = {}
        self._sources: dict[str, str] = {}
        self._leaving: dict[str, str] = {}

    def rules(self, root: Block, sha256: str) -> PoolRules:
        reader = self._reader
        reader.only(root, ("edition", "pause_days", "documents", "pools", "sources", "leaving", "rules"))
        documents = reader.block(root.entries.get("documents"), "documents", root.line)
        self._documents = {code: self._document(reader.block(node, code)) for code, node in documents.entries.items()}
        pools = reader.block(root.entries.get("pools"), "pools", root.line)
        self._pools = {code: self._pool(code, reader.block(node, code)) for code, node in pools.entries.items()}
        self._sources, self._leaving = self._labels(root, "sources"), self._labels(root, "leaving")
        rules: list[PoolRule] = []
        for block in reader.blocks(root, "rules"):
            rule = self._rule(block)
            if any(each.id == rule.id for each in rules):
                reader.problem(block.line, rule.id, "每个 id 只用一次", "请改正 id。", "repeated-id")
            rules.append(rule)
        pause = self._number(root, "pause_days", 3660) or 0
        edition = reader.text(root, "edition")
        return PoolRules(edition, sha256, pause, self._pools, self._sources, self._leaving, tuple(rules))

    def _document(self, block: Block) -> Source:
        self._reader.only(block, ("number", "name", "issuer"))
        number, name, issuer = (self._reader.text(block, key) for key in ("number", "name", "issuer"))
        return Source(number, name, issuer)

    def _labels(self, parent: Block, key: str) -> dict[str, str]:
        block = self._reader.block(parent.entries.get(key), key, parent.line)
        return {code: node.text if isinstance(node, Scalar) else "" for code, node in block.entries.items()}

    def _pool(self, code: str, block: Block) -> Pool:
        self._reader.only(block, ("label", "tiers", "document", "clause", "quote", "evidence"))
        source, clause, quote, evidence = self._grounds(block)
        tiers = self._labels(block, "tiers")
        if source is None:
            source = Source("", "", "")
        return Pool(code, self._reader.text(block, "label"), tiers, source, clause or "", quote or "", evidence)

    def _rule(self, block: Block) -> PoolRule:
        reader = self._reader
        when, act = self._choice(block, "when", WHENS), self._choice(block, "act", ACTS)
        pool = self._choice(block, "pool", self._pools)
        reader.only(block, (*_RULE, *_OF_WHEN.get(when, ()), *_OF_ACT.get(act, ())))
        tiers = self._pools[pool].tiers if pool else {}
        source, clause, quote, evidence = self._grounds(block)
        return PoolRule(
            id=reader.text(block, "id"),
            label=reader.text(block, "label"),
            when=when,
            act=act,
            pool=pool,
            by=self._choice(block, "by", BY),
            evidence=evidence,
            titles=self._among(block, "titles", PACK_TITLES) if "titles" in _OF_WHEN.get(when, ()) else (),
            items=self._among(block, "items", self._items) if when == "has_item" else (),
            statuses=self._among(block, "statuses", tuple(RegistrationStatus)) if when == "struck_off" else (),
            open_lines=self._number(block, "open_lines", 20) if when == "near_miss" else None,
            effort=self._choice(block, "effort", EFFORTS) or None if when == "near_miss" else None,
            area=reader.texts(block, "area") if "area" in block.entries else (),
            from_tiers=self._among(block, "from", tiers) if "from" in block.entries or act == "move" else (),
            tier=self._choice(block, "tier", tiers) or None if act in ("enter", "move") else None,
            source_list=self._choice(block, "source", self._sources) or None if act in ("enter", "move") else None,
            leaving=self._choice(block, "leaving", self._leaving) or None if act == "leave" else None,
            source=source,
            clause=clause,
            quote=quote,
        )

    def _grounds(self, block: Block) -> tuple[Source | None, str | None, str | None, str]:
        reader = self._reader
        evidence = reader.text(block, "evidence")
        if evidence and evidence.split("(")[0] not in EVIDENCE_GRADES:
            expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
            reader.problem(reader.line_of(block, "evidence"), evidence, expected, "请改正依据等级。", "choice")
        decided = evidence == "D"  # by nobody but us: there is nothing to quote
        document = reader.text(block, "document", required=not decided)
        if document and document not in self._documents:
            expected = "以下文件之一：" + "、".join(self._documents)
            reader.problem(reader.line_of(block, "document"), document, expected, "请改正文件。", "unknown-document")
        clause = reader.text(block, "clause", required=not decided) or None
        quote = reader.text(block, "quote", required=not decided) or None
        return self._documents.get(document), clause, quote, evidence

    def _choice(self, block: Block, key: str, choices: Collection[str]) -> str:
        text = self._reader.text(block, key)
        if text and text not in choices:
            line = self._reader.line_of(block, key)
            self._reader.problem(line, text, "以下之一：" + "、".join(choices), f"请改正“{key}”。", "choice")
            return ""
        return text

    def _among(self, block: Block, key: str, choices: Collection[str]) -> tuple[str, ...]:
        found = self._reader.texts(block, key, required=True)
        for text in found:
            if text not in choices:
                line = self._reader.line_of(block, key)
                self._reader.problem(line, text, "以下之一：" + "、".join(choices), f"请改正“{key}”。", "choice")
        return tuple(text for text in found if text in choices)

    def _number(self, block: Block, key: str, most: int) -> int | None:
        text = self._reader.text(block, key)
        if text.isascii() and text.isdigit() and 0 < int(text) <= most:
            return int(text)
        if text:
            line = self._reader.line_of(block, key)
            self._reader.problem(line, text, f"1 到 {most} 的整数", f"请改正“{key}”。", "number")
        return None
