"""YAML text as nodes that know their line, and the problems found while reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Refuses aliases: an official reads each rule where it stands, and an uploaded file cannot unfold without end."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it bare
            raise yaml.MarkedYAMLError(problem="别名 *", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


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
            root = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.problem(
                line,
                error.problem or "?",
                "正确的 YAML",
                "请检查缩进、冒号和引号；不要用 & 和 * 引用，直接写出内容。",
                "not-yaml",
            )
            raise SourceInvalid(self.problems) from error
        except (yaml.YAMLError, RecursionError) as error:
            self.problem(1, str(error), "正确的 YAML", "请删去不可见的特殊字符。", "not-yaml")
            raise SourceInvalid(self.problems) from error
        node = self._node(root) if root is not None else None
        if not isinstance(node, Block):
            self.problem(1, _kind(node), "“键: 值”组成的文件", "请对照同目录下的其他文件。", "not-yaml")
            raise SourceInvalid(self.problems)
        return node

    def _node(self, node: yaml.Node) -> Node:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return Scalar("" if node.tag == "tag:yaml.org,2002:null" else str(node.value), line)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self._node(item) for item in node.value), line)
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        for key, value in node.value:
            name, at = str(key.value), key.start_mark.line + 1
            if name in entries:
                self.problem(at, name, "每个键只写一次", f"请删去第 {keys[name]} 行或本行的“{name}”。", "repeated-key")
            entries[name], keys[name] = self._node(value), at
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
