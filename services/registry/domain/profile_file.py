"""Reads the file that says what stands on the one-page profile; what is wrong in it is told with its line."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from rulebook.source import Block, Reader, SourceInvalid


@dataclass(frozen=True, slots=True)
class ProfileLayout:
    """Facts over the last `years` complete years; at most `rows` rows in a table, `missing` names of missing facts."""

    edition: str
    years: int
    facts: tuple[str, ...]
    rows: int
    missing: int


class ProfileLayoutInvalid(SourceInvalid):
    """The file of the profile cannot be used; `problems` say where and why."""


def parse_profile_layout(text: str, known: Container[str], file: str = "profile.yaml") -> ProfileLayout:
    """`known` are the ids of the facts dictionary. Raises ProfileLayoutInvalid with file and line."""
    reader = Reader(file)
    try:
        root = reader.parse(text)
        reader.only(root, ("edition", "years", "facts", "rows", "missing"))
        facts = reader.texts(root, "facts", required=True)
        for fact in facts:
            if fact not in known:
                line = reader.line_of(root, "facts")
                reader.problem(line, fact, "指标字典中的指标", "请改正指标编号。", "unknown-fact")
        found = ProfileLayout(
            reader.text(root, "edition"),
            _number(reader, root, "years", 10),
            facts,
            _number(reader, root, "rows", 50),
            _number(reader, root, "missing", 100),
        )
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise ProfileLayoutInvalid(list(invalid.problems)) from None
    return found


def _number(reader: Reader, root: Block, key: str, most: int) -> int:
    text = reader.text(root, key)
    if text.isascii() and text.isdigit() and 0 < int(text) <= most:
        return int(text)
    if text:
        reader.problem(reader.line_of(root, key), text, f"1 到 {most} 的整数", f"请改正“{key}”。", "number")
    return 0
