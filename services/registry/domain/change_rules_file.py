"""Reads the file of the rules of changes; whatever is wrong in it is told with its line, and the file is not used."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from rulebook.pack import EVIDENCE_GRADES
from rulebook.source import Block, Reader, SourceInvalid
from services.registry.domain.change_rules import (
    ASKERS,
    DECIDERS,
    EVIDENCE,
    MERGE,
    SIDES,
    SPLIT,
    ChangeRule,
    ChangeRules,
)
from services.registry.domain.enterprises import FIELDS
from services.registry.domain.life_cycle import Source

_KEYS = ("ask", "decide", "evidence", "sides", "why", "document", "clause", "quote", "evidence_grade")


class ChangeRulesInvalid(SourceInvalid):
    """The file of the rules of changes cannot be used; `problems` say where and why."""


def parse_change_rules(text: str, file: str = "change_rules.yaml") -> ChangeRules:
    """A rule for every field of an enterprise and for every act. Raises ChangeRulesInvalid with file and line."""
    reader = Reader(file)
    try:
        found = _Reading(reader).rules(reader.parse(text), hashlib.sha256(text.encode()).hexdigest())
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise ChangeRulesInvalid(list(invalid.problems)) from None
    return found


class _Reading:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._documents: Mapping[str, Source] = {}

    def rules(self, root: Block, sha256: str) -> ChangeRules:
        reader = self._reader
        reader.only(root, ("edition", "documents", "fields", "acts"))
        documents = reader.block(root.entries.get("documents"), "documents", root.line)
        self._documents = {code: self._document(reader.block(node, code)) for code, node in documents.entries.items()}
        fields, acts = self._group(root, "fields", FIELDS), self._group(root, "acts", (MERGE, SPLIT))
        return ChangeRules(reader.text(root, "edition"), sha256, fields, acts)

    def _document(self, block: Block) -> Source:
        self._reader.only(block, ("number", "name", "issuer"))
        number, name, issuer = (self._reader.text(block, key) for key in ("number", "name", "issuer"))
        return Source(number, name, issuer)

    def _group(self, root: Block, key: str, expected: Collection[str]) -> dict[str, ChangeRule]:
        block = self._reader.block(root.entries.get(key), key, root.line)
        self._reader.only(block, tuple(expected))
        for missing in (each for each in expected if each not in block.entries):
            self._reader.problem(block.line, key, f"含有 {missing} 的规则", f"请补上“{missing}”。", "rule-missing")
        return {code: self._rule(code, self._reader.block(node, code)) for code, node in block.entries.items()}

    def _rule(self, code: str, block: Block) -> ChangeRule:
        reader = self._reader
        reader.only(block, _KEYS)
        grade = reader.text(block, "evidence_grade")
        if grade and grade.split("(")[0] not in EVIDENCE_GRADES:
            expected = "、".join(EVIDENCE_GRADES) + "之一，M 可写 M(90)"
            reader.problem(reader.line_of(block, "evidence_grade"), grade, expected, "请改正依据等级。", "choice")
        decided = grade == "D"  # by nobody but us: there is nothing to quote
        document = reader.text(block, "document", required=not decided)
        if document and document not in self._documents:
            expected = "以下文件之一：" + "、".join(self._documents)
            reader.problem(reader.line_of(block, "document"), document, expected, "请改正文件。", "unknown-document")
        return ChangeRule(
            code=code,
            ask=self._among(block, "ask", ASKERS),
            decide=self._choice(block, "decide", DECIDERS),
            evidence=self._choice(block, "evidence", EVIDENCE),
            sides=self._among(block, "sides", SIDES),
            why=reader.text(block, "why"),
            grade=grade,
            source=self._documents.get(document),
            clause=reader.text(block, "clause", required=not decided) or None,
            quote=reader.text(block, "quote", required=not decided) or None,
        )

    def _choice(self, block: Block, key: str, choices: Collection[str]) -> str:
        text = self._reader.text(block, key)
        if text and text not in choices:
            line = self._reader.line_of(block, key)
            self._reader.problem(line, text, "以下之一：" + "、".join(choices), f"请改正“{key}”。", "choice")
        return text

    def _among(self, block: Block, key: str, choices: Collection[str]) -> tuple[str, ...]:
        found = self._reader.texts(block, key, required=True)
        for text in found:
            if text not in choices:
                line = self._reader.line_of(block, key)
                self._reader.problem(line, text, "以下之一：" + "、".join(choices), f"请改正“{key}”。", "choice")
        return found
