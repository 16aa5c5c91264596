"""Message templates as data: read from YAML, checked against their kind, filled in without evaluating anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rulebook.source import Block, Reader, Scalar, SourceInvalid
from services.notification.domain.kinds import KINDS, Kind
from services.notification.domain.words import EN, ZH, Subject, words

_ID = re.compile(r"^[a-z][a-z0-9-]*$")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LANGUAGES = ("zh", "en")
_PARTS = ("title", "body", "why")


class TemplatesInvalid(SourceInvalid):
    """The templates cannot be used; carries every problem found, with file and line."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a person reads: a title, a body of lines, and why they get it."""

    title: str
    body: str
    why: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A template in one language. A line of the body is left out when one of its placeholders has no value."""

    title: str
    body: tuple[str, ...]
    why: str

    def fill(self, values: Mapping[str, str]) -> Text:
        told = [line for line in self.body if all(name in values for name in _PLACEHOLDER.findall(line))]
        return Text(_fill(self.title, values), "\n".join(_fill(line, values) for line in told), _fill(self.why, values))


@dataclass(frozen=True, slots=True)
class Template:
    """One version of the text of one kind of message."""

    id: str
    version: int
    kind: str
    zh: Wording
    en: Wording

    @property
    def reference(self) -> str:
        """What a message is stored with, for example `title-recorded@1`."""
        return f"{self.id}@{self.version}"

    def render(self, subject: Subject, payload: Mapping[str, Any]) -> tuple[Text, Text]:
        """The message in Chinese and in English."""
        return self.zh.fill(words(subject, payload, ZH)), self.en.fill(words(subject, payload, EN))


def _fill(text: str, values: Mapping[str, str]) -> str:
    # Placeholders are replaced in one pass, so braces inside a value (an enterprise's name) stay what they are.
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), ""), text)


def parse_templates(files: Iterable[tuple[str, str]]) -> dict[str, Template]:
    """Kind → the template of the highest version, from (file name, YAML text); raises TemplatesInvalid."""
    readers: list[Reader] = []
    found: dict[tuple[str, int], Template] = {}
    for file, text in files:
        reader = Reader(file)
        readers.append(reader)
        try:
            template = _template(reader, reader.parse(text))
        except SourceInvalid:
            continue
        if template is None:
            continue
        if (template.kind, template.version) in found:
            reader.problem(
                1,
                template.reference,
                "每个种类每个版本只有一个模板",
                "请把 version 加一，或删去重复的文件。",
                "repeated",
            )
        found[template.kind, template.version] = template
    problems = [problem for reader in readers for problem in reader.problems]
    if not problems:
        whole = Reader("templates")
        for kind in KINDS.values():
            if not any(code == kind.code for code, _ in found):
                whole.problem(
                    1, "（没有）", f"“{kind.code}”（{kind.label}）的模板", "请补充该种类的模板文件。", "missing"
                )
        problems = whole.problems
    if problems:
        raise TemplatesInvalid(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    return {code: found[code, version] for code, version in sorted(found)}


def _template(reader: Reader, root: Block) -> Template | None:
    before = len(reader.problems)
    reader.only(root, ("id", "version", "kind", *_LANGUAGES))
    name, version, code = (reader.text(root, key) for key in ("id", "version", "kind"))
    if name and not _ID.match(name):
        reader.problem(reader.line_of(root, "id"), name, "小写字母、数字和连字符", "例如 title-recorded。")
    if version and not (version.isdecimal() and int(version) > 0):
        reader.problem(reader.line_of(root, "version"), version, "从 1 开始的整数", "每次修改加一。")
    kind = KINDS.get(code)
    if code and kind is None:
        allowed = "、".join(KINDS)
        reader.problem(reader.line_of(root, "kind"), code, f"以下种类之一：{allowed}", "请改正 kind。", "unknown-kind")
    if kind is None:
        return None
    zh, en = (
        _wording(reader, reader.block(root.entries.get(language), language, root.line), kind, index)
        for index, language in enumerate(_LANGUAGES)
    )
    return Template(name, int(version), code, zh, en) if len(reader.problems) == before else None


def _wording(reader: Reader, block: Block, kind: Kind, language: int) -> Wording:
    if not block.entries:
        return Wording("", (), "")
    reader.only(block, _PARTS)
    title, why = reader.text(block, "title"), reader.text(block, "why")
    body = reader.texts(block, "body", required=True)
    for key in ("title", "why"):
        _check(reader, block.entries.get(key), kind, kind.always)
    for node in reader.nodes(block, "body", required=False):
        _check(reader, node, kind, kind.placeholders)
    if body and kind.must_say and not any(_says(line, kind.must_say[language]) for line in body):
        line, sentence = reader.line_of(block, "body"), kind.must_say[language]
        reader.problem(line, "正文", f"写明“{sentence}”", "请单独写一行这句话，不带占位符。", "must-say")
    return Wording(title, body, why)


def _says(line: str, sentence: str) -> bool:
    """A line with a placeholder may be left out, so it does not count."""
    return sentence in line and not _PLACEHOLDER.search(line)


def _check(reader: Reader, node: object, kind: Kind, allowed: frozenset[str]) -> None:
    """Only plain placeholders this kind has; in title and why only those that always have a value."""
    if not isinstance(node, Scalar):
        return
    for name in _PLACEHOLDER.findall(node.text):
        if name in kind.placeholders and name not in allowed:
            remedy = "它可能没有值，只能写在正文里（没有值的行会自动省去）。"
            reader.problem(
                node.line, f"{{{name}}}", "总有值的占位符：" + _listed(allowed), remedy, "optional-placeholder"
            )
        elif name not in allowed:
            reader.problem(
                node.line, f"{{{name}}}", "以下占位符之一：" + _listed(allowed), "请改正拼写。", "unknown-placeholder"
            )
    rest = _PLACEHOLDER.sub("", node.text)
    if "{" in rest or "}" in rest:
        remedy = "占位符只能写成 {名称}，不能带格式、属性或下标。"
        reader.problem(node.line, rest[:60], "成对的花括号和简单的占位符", remedy, "bad-placeholder")


def _listed(names: Iterable[str]) -> str:
    return "、".join(f"{{{name}}}" for name in sorted(names))
