"""The notice (告知书) of an assessment in plain Chinese: its wording is data, its content the assessment's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rulebook.assessment import Assessment, ConditionResult, Missing
from rulebook.dictionary import SOURCE_KINDS, Dictionary
from rulebook.pack import KINDS, Document
from rulebook.source import Block, Reader, Scalar
from rulebook.standing import PLAN
from rulebook.status import Status, Verdict
from rulebook.subject import POINT

PLACEHOLDERS = frozenset(
    ("enterprise", "uscc", "title", "kind", "verdict", "document", "edition", "application_date", "route", "score")
)
SECTIONS = ("unmet", "pending", "material", "other_material", "score", "met")
GATES = "基本条件"
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")

VERBATIM = "V"
DECIDED = "D"
"""The evidence grade of wording that was read as it stands; the quotation of any other line is a paraphrase."""
UNNAMED, UNNUMBERED = "（名称未取得）", "文号未取得"
"""How the rules say that a document's name or number was not found."""
_OURS = re.compile(r"（(?:L\d+|A-\d\d(?:、A-\d\d)*)）")
"""Numbers of our own decisions, and lines of the copy that was read: of use to who keeps the rules, to nobody else."""


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
    """Where the plan that the title belongs to has ended: whatever the figures say, nothing is asked for."""
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
    reader.only(root, ("caption", "notices", "plan_over", "sections", "disclaimer"))
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
    over = reader.block(root.entries.get("plan_over"), "plan_over")
    reader.only(over, ("subject", "opening", "closing"))
    plan_over = _wording(reader, over)
    names = reader.block(root.entries.get("sections"), "sections")
    reader.only(names, SECTIONS)
    sections = {name: reader.text(names, name) for name in SECTIONS}
    disclaimer = reader.text(root, "disclaimer")
    if disclaimer and "不作为认定依据" not in disclaimer:
        line = reader.line_of(root, "disclaimer")
        reader.problem(line, disclaimer, "写明“不作为认定依据”", "测算不是认定，每份告知书都要写明。", "must-say")
    wordings = Wordings(reader.text(root, "caption"), notices, plan_over, sections, disclaimer)
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
    over = _plan_over(found)
    wording = wordings.plan_over if over else wordings.notices[found.verdict.value]
    route = next((each.label for each in found.routes if each.id == found.route), None)
    words = {
        "enterprise": enterprise,
        "uscc": uscc,
        "title": found.title_label,
        "kind": KINDS[found.kind],
        "verdict": found.verdict_label,
        "document": _cited(found.document) + found.document.annex,
        "edition": found.pack_edition,
        "application_date": found.application_date.isoformat(),
        "route": route if found.verdict is Verdict.ELIGIBLE else None,
        "score": found.score.points.display if found.score is not None else None,
    }
    sections = (
        Section(name, wordings.sections[name], columns, rows)
        for name, columns, rows in (_plan_section(over, dictionary) if over else _sections(found, dictionary))
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


def _fill(text: str, words: Mapping[str, str | None]) -> str | None:
    """The sentence, or None when a word in it has no value. One pass: braces in a name stay what they are."""
    if any(words[name] is None for name in _PLACEHOLDER.findall(text)):
        return None
    return _PLACEHOLDER.sub(lambda match: words[match.group(1)] or "", text)


Rows = tuple[tuple[str, ...], ...]
_PENDING = ("事项", "说明", "需要的材料", "依据")


def _plan_over(found: Assessment) -> list[ConditionResult]:
    """The conditions that say that the plan has ended."""
    return [
        each
        for each in found.conditions
        if any(check.label == PLAN and check.status is not Status.MET for check in each.checks)
    ]


def _plan_section(over: list[ConditionResult], dictionary: Dictionary) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Only that: nobody prepares material for a plan that may not be carried on."""
    yield "pending", _PENDING, tuple(_pending(each, dictionary) for each in over)


def _sections(found: Assessment, dictionary: Dictionary) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    asked = _asked(found)
    judged = ("所属", "条件", "要求", "现有数据", "依据")
    if found.verdict is not Verdict.ELIGIBLE:
        unmet = [_judged(part, each) for part, each in asked if each.status is Status.UNMET]
        yield "unmet", judged, (*unmet, *_unmet_scores(found))
    pending = tuple(_pending(each, dictionary) for _, each in asked if each.status is Status.MANUAL_REVIEW)
    if found.verdict is not Verdict.NOT_ELIGIBLE:
        yield "pending", _PENDING, pending
    labels = {each.id: each.label for each in found.conditions}
    facts = [each for each in found.missing if each.kind != "finding"]
    open_ = found.verdict is Verdict.UNKNOWN
    columns = ("资料", "佐证材料", "可用来源", "用于")
    needed = tuple(_material(each, dictionary, labels) for each in facts if each.blocking and open_)
    yield "material", columns, needed
    scored = tuple(_scored(each) for each in found.conditions if each.role == "indicator")
    yield "score", ("指标", "数据", "得分", "再进一档"), scored
    if found.verdict is Verdict.ELIGIBLE:
        yield "met", judged, tuple(_judged(part, each) for part, each in asked if each.status is Status.MET)
    rest = tuple(_material(each, dictionary, labels) for each in facts if not (each.blocking and open_))
    yield "other_material", columns, rest


def _asked(found: Assessment) -> list[tuple[str, ConditionResult]]:
    """Part and condition: the gates, and what the routes that decide ask: the one that is met, or those that are not.

    A condition of two routes stands in both: each route is a way of its own.
    """
    by_id = {each.id: each for each in found.conditions}
    gates = [(GATES, each) for each in found.conditions if each.role == "gate"]
    routes = [each for each in found.routes if found.route in (None, each.id)]
    asked = [(route.label, by_id[condition]) for route in routes for condition in route.conditions]
    return [(part, each) for part, each in gates + asked if each.modality == "must"]


def _judged(part: str, found: ConditionResult) -> tuple[str, ...]:
    failed = [check for check in found.checks if check.status is found.status] or list(found.checks)
    wanted = "；".join(dict.fromkeys(f"{check.label} {check.threshold}" for check in failed)) or found.threshold
    value = "；".join(dict.fromkeys(check.value for check in failed)) or found.value
    return part, found.label, wanted, value, _basis(found)


def _unmet_scores(found: Assessment) -> Iterator[tuple[str, ...]]:
    """Points that fall short of what a route asks; the indicators follow in a table of their own."""
    if found.route is not None:
        return
    for route in found.routes:
        for check in route.score_checks:
            if check.status is Status.UNMET:
                basis = _cited(found.document) + found.document.annex
                yield route.label, check.label, check.threshold, check.points.display, basis


def _basis(found: ConditionResult) -> str:
    """Document, clause and wording, quoted only where it was read. The clause says itself which annex it is of, if any.

    An enterprise may hold an authority to a quotation, so nobody's paraphrase stands in quotation marks, and what no
    text decides is not laid at the document's door.
    """
    where = _cited(found.document) + _plainly(found.clause)
    if found.evidence_grade == VERBATIM:
        return f"{where}：“{found.quote}”"
    if found.evidence_grade == DECIDED:
        return f"{where}（本系统按此处理）：{found.quote}"
    return f"依据{where}（转述）：{found.quote}"


def _cited(document: Document) -> str:
    """Name and number as far as they are known; title marks only around a name that was read."""
    name = document.name.removesuffix(UNNAMED).strip()
    title = f"《{name}》" if name == document.name else name
    return title if document.number == UNNUMBERED else f"{title}（{document.number}）"


def _plainly(text: str) -> str:
    return _OURS.sub("", text)


def _pending(found: ConditionResult, dictionary: Dictionary) -> tuple[str, ...]:
    wanted = [fact for each in found.missing if (fact := dictionary.find(each.fact_id)) is not None]
    evidence = dict.fromkeys(item for fact in wanted for item in fact.evidence)
    return found.label, _plainly("；".join(found.notes)), "、".join(evidence), _basis(found)


def _material(missing: Missing, dictionary: Dictionary, labels: Mapping[str, str]) -> tuple[str, ...]:
    fact = dictionary.find(missing.fact_id)
    name = missing.label
    if fact is not None and fact.yearly and missing.fiscal_year != POINT and str(missing.fiscal_year) not in name:
        name = f"{missing.fiscal_year}年{name}"
    # how it is brought into the system is of no concern to who has to bring it
    sources = "、".join(SOURCE_KINDS[each] for each in fact.sources if each != "import") if fact is not None else ""
    evidence = "、".join(fact.evidence) if fact is not None else "认定公告或证书" if missing.kind == "title" else ""
    return name, evidence, sources, "、".join(labels[each] for each in missing.conditions)


def _scored(found: ConditionResult) -> tuple[str, ...]:
    points = found.points.display if found.points is not None else ""
    best = f"，满分 {found.points.max} 分" if found.points is not None else ""
    better = found.next_band
    return found.label, found.value, points + best, f"{better.reach}：{better.points.display}" if better else ""
