"""The notice (告知书) of an assessment in plain Chinese: its wording is data, its content the assessment's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.pack import KINDS, WATCH_LISTS
from rulebook.source import Block, Reader, Scalar
from rulebook.status import Verdict
from services.eligibility.domain.notice_sections import (
    cited,
    plan_over,
    plan_sections,
    scored,
    sections_of,
    without_rules,
)

PLACEHOLDERS = frozenset(
    "enterprise uscc title kind verdict document edition application_date route ways score".split()  # noqa: SIM905
)
SECTIONS = ("unmet", "pending", "material", "total", "score", "met", "optional", "other_material")
_SPECIAL = ("plan_over", "plan_over_unmet", "no_rules", "watch_list", "watch_list_unmet")
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one verdict's notice."""

    subject: str
    opening: tuple[str, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wordings:
    """The words of every notice."""

    caption: str
    notices: Mapping[str, Wording]
    plan_over: Wording
    """Where the plan that the title belongs to has ended: nothing is asked for."""
    plan_over_unmet: Wording
    """The same, where the title is not reached even if the plan is carried on."""
    no_rules: Wording
    """Where the document names a title and does not say who gets it."""
    watch_list: Wording
    """Where officials look at whoever is in a range: nobody applies, and nothing is granted."""
    watch_list_unmet: Wording
    """The same, for who is outside of it."""
    sections: Mapping[str, str]
    disclaimer: str


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the notice; every row has a cell for each column."""

    id: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent to the enterprise."""

    verdict: Verdict
    caption: str
    subject: str
    addressee: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    closing: tuple[str, ...]
    disclaimer: str

    @property
    def text(self) -> str:
        """The whole notice as plain text, ready to paste."""
        lines = [self.caption, self.subject, "", f"{self.addressee}：", *self.opening]
        for number, section in enumerate(self.sections, 1):
            lines += ["", f"{number}. {section.label}"]
            for row in section.rows:
                cells = zip(section.columns, row, strict=True)
                lines.append("- " + "；".join(f"{column}：{cell}" for column, cell in cells if cell))
        return "\n".join([*lines, "", *self.closing, "", self.disclaimer])


def load_wordings(text: str, file: str) -> Wordings:
    """The wording of one file. Raises SourceInvalid with file, line and remedy of everything that is wrong."""
    reader = Reader(file)
    root = reader.parse(text)
    reader.only(root, ("caption", "notices", *_SPECIAL, "sections", "disclaimer"))
    notices: dict[str, Wording] = {}
    for block in reader.blocks(root, "notices"):
        reader.only(block, ("verdict", "subject", "opening", "closing"))
        verdict = reader.text(block, "verdict")
        if verdict not in set(Verdict) or verdict in notices:
            line = reader.line_of(block, "verdict")
            reader.problem(line, verdict, "、".join(Verdict) + "各一份", "请改正或删去重复的一份。", "choice")
        notices[verdict] = _wording(reader, block)
    for verdict in set(Verdict) - set(notices):
        reader.problem(1, "（没有）", f"verdict 为 {verdict.value} 的告知书", "请补写。", "missing")
    special: dict[str, Wording] = {}
    for name in _SPECIAL:
        block = reader.block(root.entries.get(name), name)
        reader.only(block, ("subject", "opening", "closing"))
        special[name] = _wording(reader, block)
    names = reader.block(root.entries.get("sections"), "sections")
    reader.only(names, SECTIONS)
    sections = {name: reader.text(names, name) for name in SECTIONS}
    disclaimer = reader.text(root, "disclaimer")
    if disclaimer and "不作为认定依据" not in disclaimer:
        line = reader.line_of(root, "disclaimer")
        reader.problem(line, disclaimer, "写明“不作为认定依据”", "测算不是认定，每份告知书都要写明。", "must-say")
    wordings = Wordings(
        caption=reader.text(root, "caption"), notices=notices, sections=sections, disclaimer=disclaimer, **special
    )
    reader.raise_if_any()
    return wordings


def _wording(reader: Reader, block: Block) -> Wording:
    for key in ("subject", "opening", "closing"):
        _check_placeholders(reader, block, key)
    opening, closing = reader.texts(block, "opening", required=True), reader.texts(block, "closing", required=True)
    return Wording(reader.text(block, "subject"), opening, closing)


def _check_placeholders(reader: Reader, block: Block, key: str) -> None:
    node = block.entries.get(key)
    nodes = (node,) if isinstance(node, Scalar) else reader.nodes(block, key, required=False)
    for each in nodes:
        if not isinstance(each, Scalar):
            continue
        for name in _PLACEHOLDER.findall(each.text):
            if name not in PLACEHOLDERS:
                expected = "、".join(f"{{{known}}}" for known in sorted(PLACEHOLDERS))
                reader.problem(each.line, f"{{{name}}}", expected + "之一", "请改正占位符。", "unknown-placeholder")


def notice_of(found: Assessment, enterprise: str, uscc: str, dictionary: Dictionary, wordings: Wordings) -> Notice:
    """The notice of one assessment. Sections without rows are left out."""
    over = plan_over(found)
    wording = _chosen(found, wordings, over=bool(over))
    route = next((each.label for each in found.routes if each.id == found.route), None)
    words = {
        "enterprise": enterprise,
        "uscc": uscc,
        "title": found.title_label,
        "kind": "" if found.title in WATCH_LISTS else KINDS[found.kind],  # nobody applies for a watch-list
        "verdict": found.verdict_label,
        "document": cited(found.document) + found.document.annex,
        "edition": found.pack_edition,
        "application_date": found.application_date.isoformat(),
        "route": route if found.verdict is Verdict.ELIGIBLE else None,
        "ways": "、".join(f"“{each.label}”" for each in found.routes) if len(found.routes) > 1 else None,
        "score": found.score.points.display if found.score is not None and scored(found) else None,
    }
    sections = (
        Section(name, wordings.sections[name], columns, rows)
        for name, columns, rows in (plan_sections(found, over, dictionary) if over else sections_of(found, dictionary))
        if rows
    )
    return Notice(
        verdict=found.verdict,
        caption=wordings.caption,
        subject=_fill(wording.subject, words) or found.title_label,
        addressee=enterprise,
        opening=tuple(line for each in wording.opening if (line := _fill(each, words)) is not None),
        sections=tuple(sections),
        closing=tuple(line for each in wording.closing if (line := _fill(each, words)) is not None),
        disclaimer=wordings.disclaimer,
    )


def _chosen(found: Assessment, wordings: Wordings, *, over: bool) -> Wording:
    if over:
        return wordings.plan_over_unmet if found.verdict is Verdict.NOT_ELIGIBLE else wordings.plan_over
    if found.title in WATCH_LISTS and found.verdict is not Verdict.UNKNOWN:
        return wordings.watch_list_unmet if found.verdict is Verdict.NOT_ELIGIBLE else wordings.watch_list
    return wordings.no_rules if without_rules(found) else wordings.notices[found.verdict.value]


def _fill(text: str, words: Mapping[str, str | None]) -> str | None:
    """The sentence, or None when a word in it has no value. One pass: braces in a name stay what they are."""
    if any(words[name] is None for name in _PLACEHOLDER.findall(text)):
        return None
    return _PLACEHOLDER.sub(lambda match: words[match.group(1)] or "", text)
