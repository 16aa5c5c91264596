"""Other figures in a pack's text: the thresholds, points or years of one line, everything else as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from rulebook.loader import PackInvalid
from rulebook.source import Problem, Reader, SourceInvalid
from rulebook.units import fold

_FIGURE = re.compile(r"(?<![A-Za-z_0-9.,])(?<!t-)(?<!y-)\d[\d,]*(?:\.\d+)?(?:\s*(?:%|[\u4e00-\u9fff]+))?")
_PARTS = ("gates", "conditions", "indicators", "routes")
_WORDS = ("id", "label", "clause", "quote", "evidence", "document", "text")
"""What a line says of itself: no figure in it decides anything."""


class Amendment(NamedTuple):
    """In the line with this id, every figure written `found` becomes `wanted`: `100 万元`, `3%`, `20`."""

    line: str
    found: str
    wanted: str


def figures_of(text: str, line: str) -> tuple[str, ...]:
    """The figures of one line as they are written, each once; nothing where there is no such line."""
    found = (match.group() for node in _scalars(text, line) for match in _FIGURE.finditer(str(node.value)))
    return tuple(dict.fromkeys(found))


def amend(text: str, amendments: Sequence[Amendment], file: str = "pack.yaml") -> str:
    """The text with these figures. Raises PackInvalid for a line or figure that is not there; the outcome still has to
    be loaded, which finds units and bands that no longer fit."""
    try:
        Reader(file).parse(text)  # refuses what is no mapping, and aliases, before anything is looked at
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    problems: list[Problem] = []
    for each in amendments:
        text = _amended(text, each, file, problems)
    if problems:
        raise PackInvalid(problems)
    return text


def _amended(text: str, amendment: Amendment, file: str, problems: list[Problem]) -> str:
    wanted = fold(amendment.wanted)
    if _FIGURE.fullmatch(wanted) is None:
        problems.append(
            Problem(file, 1, amendment.wanted, "一个数加单位，如 200 万元、4%、25", "请改正要改成的数值。", "number")
        )
        return text
    nodes = list(_scalars(text, amendment.line))
    if not nodes:
        problems.append(
            Problem(file, 1, amendment.line, "规则包中的编号", "请用 peiyu policy explain 查看编号。", "unknown-line")
        )
        return text
    looked_for, count = _plain(amendment.found), 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal count
        if _plain(match.group()) != looked_for:
            return match.group()
        count += 1
        return wanted

    for node in reversed(nodes):
        start, stop = node.start_mark.index, node.end_mark.index
        text = text[:start] + _FIGURE.sub(replaced, text[start:stop]) + text[stop:]
    if not count:
        known = "、".join(figures_of(text, amendment.line)) or "（没有数值）"
        at = nodes[0].start_mark.line + 1
        problems.append(
            Problem(
                file, at, amendment.found, f"{amendment.line} 中写有的数值：{known}", "请照原样填写。", "unknown-figure"
            )
        )
    return text


def _scalars(text: str, line: str) -> Iterator[yaml.ScalarNode]:
    """The values below the line's entry that decide something."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return
    for key, value in root.value:
        if key.value not in _PARTS or not isinstance(value, yaml.SequenceNode):
            continue
        for entry in value.value:
            if isinstance(entry, yaml.MappingNode) and any(
                name.value == "id" and each.value == line for name, each in entry.value
            ):
                yield from _deciding(entry)


def _deciding(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _deciding(each)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in _WORDS:
                yield from _deciding(value)


def _plain(figure: str) -> str:
    return "".join(fold(figure).replace(",", "").split())
