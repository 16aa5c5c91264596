"""YAML text as nodes that know their line, and the problems found while reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml reads the shipped files twenty times faster; a PyYAML built without it has the same events."""

_NULLS = ("", "~", "null", "Null", "NULL")

DEEPEST = 64
"""Levels of nesting. No rules file has ten; libyaml takes a minute over a hundred thousand, and recursion ends."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a rules file, worded for the official who edits it."""

    file: str
    line: int
    found: str
    expected: str
    remedy: str
    code: str = "malformed"

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行：现为“{self.found}”，应为{self.expected}。{self.remedy}"


class SourceInvalid(Exception):
    """A rules file cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf, kept as the text that was written: `3.0` stays `3.0`, no number becomes a float."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping; `keys` holds the line of each key."""

    entries: Mapping[str, Node]
    keys: Mapping[str, int]
    line: int


Node = Scalar | Sequence | Block


@dataclass(slots=True)
class Reader:
    """Reads typed values out of nodes of one file and collects problems instead of stopping at the first."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int, found: str, expected: str, remedy: str, code: str = "malformed") -> None:
        self.problems.append(Problem(self.file, line, found, expected, remedy, code))

    def raise_if_any(self) -> None:
        if self.problems:
            raise SourceInvalid(sorted(self.problems, key=lambda problem: problem.line))

    def parse(self, text: str) -> Block:
        """The document as a Block; a text that is no YAML mapping ends the reading at once."""
        try:
            node = self._document(yaml.parse(text, Loader=_LOADER))
        except yaml.MarkedYAMLError as error:
            # What is missing at the end, libyaml reports on the line after the last.
            line = min(error.problem_mark.line, text.count("\n")) + 1 if error.problem_mark else 1
            self.problem(
                line,
                error.problem or "?",
                "正确的 YAML",
                "请检查缩进、冒号和引号；不要用 & 和 * 引用，直接写出内容。",
                "not-yaml",
            )
            raise SourceInvalid(self.problems) from error
        except yaml.YAMLError as error:
            self.problem(1, str(error), "正确的 YAML", "请删去不可见的特殊字符。", "not-yaml")
            raise SourceInvalid(self.problems) from error
        if not isinstance(node, Block):
            self.problem(1, _kind(node), "“键: 值”组成的文件", "请对照同目录下的其他文件。", "not-yaml")
            raise SourceInvalid(self.problems)
        return node

    def _document(self, events: Iterator[Any]) -> Node | None:
        """The one document of the text; None when there is none."""
        found: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _refusal("第二个文档 ---", event)
                found = self._node(next(events), events, DEEPEST)
        return found

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """The node that begins with `event`; takes its events up to its end."""
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar("" if event.implicit[0] and event.value in _NULLS else event.value, line)
        if isinstance(event, yaml.AliasEvent):
            # An official reads each rule where it stands, and an uploaded file cannot unfold without end.
            raise _refusal("别名 *", event)
        if not depth:
            raise _refusal(f"超过 {DEEPEST} 层的嵌套", event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._node(event, events, depth - 1))
            return Sequence(tuple(items), line)
        return self._block(events, depth - 1, line)

    def _block(self, events: Iterator[Any], depth: int, line: int) -> Block:
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise _refusal("不是文字的键", event)
            name, at = event.value, _line(event)
            if name in entries:
                self.problem(at, name, "每个键只写一次", f"请删去第 {keys[name]} 行或本行的“{name}”。", "repeated-key")
            entries[name], keys[name] = self._node(next(events), events, depth), at
        return Block(entries, keys, line)

    def block(self, node: Node | None, where: str, at: int = 1) -> Block:
        if isinstance(node, Block):
            return node
        line = node.line if node is not None else at
        self.problem(line, _kind(node), f"{where}的“键: 值”", "请对照同目录下的其他文件补写。")
        return Block({}, {}, line)

    def blocks(self, parent: Block, key: str, *, required: bool = True) -> Iterator[Block]:
        for node in self.nodes(parent, key, required=required):
            yield self.block(node, key)

    def nodes(self, parent: Block, key: str, *, required: bool = True) -> tuple[Node, ...]:
        node = parent.entries.get(key)
        if isinstance(node, Sequence):
            return node.items
        if node is not None or required:
            line = node.line if node is not None else parent.line
            self.problem(line, _kind(node), f"“{key}”列表", f"请写成“{key}:”并在下面逐行列出“- …”。")
        return ()

    def text(self, parent: Block, key: str, *, required: bool = True) -> str:
        node = parent.entries.get(key)
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        if required or (node is not None and not isinstance(node, Scalar)):
            line = node.line if node is not None else parent.line
            self.problem(line, _kind(node), f"“{key}”的内容", f"请补写“{key}: …”。", f"missing-{key}")
        return ""

    def texts(self, parent: Block, key: str, *, required: bool = False) -> tuple[str, ...]:
        found = []
        for node in self.nodes(parent, key, required=required):
            if isinstance(node, Scalar) and node.text.strip():
                found.append(node.text.strip())
            else:
                self.problem(node.line, _kind(node), f"“{key}”中的一项文字", "请改为文字。")
        return tuple(found)

    def only(self, block: Block, allowed: tuple[str, ...]) -> None:
        """A key that nobody reads is a mistake, not a remark."""
        for name, line in block.keys.items():
            if name not in allowed:
                self.problem(line, name, "以下键之一：" + "、".join(allowed), "请改正拼写或删去该行。", "unknown-key")

    def line_of(self, block: Block, key: str) -> int:
        return block.keys.get(key, block.line)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _refusal(found: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=found, problem_mark=event.start_mark)


def _kind(node: Node | None) -> str:
    if node is None:
        return "（没有填写）"
    if isinstance(node, Scalar):
        return node.text or "（空）"
    return "列表" if isinstance(node, Sequence) else "“键: 值”"


def plain(node: Node) -> object:
    """The node as plain strings, lists and dicts: what the content hash is taken of."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(value) for name, value in node.entries.items()}
