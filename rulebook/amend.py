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
    for line in dict.fromkeys(each.line for each in amendments):
        text = _amended(text, line, [each for each in amendments if each.line == line], file, problems)
    if problems:
        raise PackInvalid(problems)
    return text


def _amended(text: str, line: str, amendments: Sequence[Amendment], file: str, problems: list[Problem]) -> str:
    """One line with all its new figures at once: what one amendment has written is not looked for by the next."""
    wanted: dict[str, str] = {}
    for each in amendments:
        if _FIGURE.fullmatch(fold(each.wanted)) is None:
            expected = "一个数加单位，如 200 万元、4%、25"
            problems.append(Problem(file, 1, each.wanted, expected, "请改正要改成的数值。", "number"))
        elif wanted.setdefault(_plain(each.found), fold(each.wanted)) != fold(each.wanted):
            expected = f"{line} 的每个数值只改一次"
            problems.append(Problem(file, 1, each.found, expected, "请删去多余的一处改动。", "amended-twice"))
    nodes = list(_scalars(text, line))
    if not nodes:
        problems.append(
            Problem(file, 1, line, "规则包中的编号", "请用 peiyu policy explain 查看编号。", "unknown-line")
        )
        return text
    known = figures_of(text, line)
    written = {_plain(each) for each in known}
    for each in amendments:
        if _plain(each.found) not in written:
            at, there = nodes[0].start_mark.line + 1, "、".join(known) or "（没有数值）"
            expected = f"{line} 中写有的数值：{there}"
            problems.append(Problem(file, at, each.found, expected, "请照原样填写。", "unknown-figure"))
    for node in reversed(nodes):
        start, stop = node.start_mark.index, node.end_mark.index
        figures = _FIGURE.sub(lambda match: wanted.get(_plain(match.group()), match.group()), text[start:stop])
        text = text[:start] + figures + text[stop:]
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
