"""A pack as an outline that an official reads from top to bottom, each line with its clause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rulebook.dictionary import SOURCE_KINDS
from rulebook.pack import KINDS, PACK_TITLES, TOPICS, Band, Choice, Condition, Grade, Indicator, Line, Pack, Route, Term
from rulebook.phrases import YEARS, measure_phrase, test_phrase
from rulebook.plan_model import EFFORT_LABELS
from rulebook.units import plain_decimal

MODALITY = {"must": "", "should": "（应当，只提示）", "may": "（可以，只提示）", "encourage": "（鼓励，只提示）"}


class OutlineLine(NamedTuple):
    """One line: how deep it stands, what it says, and where that is written."""

    depth: int
    text: str
    clause: str = ""

    def __str__(self) -> str:
        return "  " * self.depth + self.text + (f"　〔{self.clause}〕" if self.clause else "")


def outline(pack: Pack) -> tuple[OutlineLine, ...]:
    """The whole pack in order: head, gates, conditions, indicators, routes, deadlines, notes."""
    return tuple(_outline(pack))


def _outline(pack: Pack) -> Iterator[OutlineLine]:
    yield OutlineLine(0, f"{pack.label}（{pack.id}，{pack.edition} 年版）", pack.document.citation)
    yield OutlineLine(1, f"称号：{PACK_TITLES.get(pack.title, pack.title)}；发文机关：{pack.document.issuer}")
    for kind, term in pack.terms:
        yield OutlineLine(1, f"{KINDS[kind]}：{term_text(term)}施行")
    if pack.area:
        yield OutlineLine(1, f"只适用于登记在 {'、'.join(pack.area)} 的企业")
    if not pack.stated:
        yield OutlineLine(1, "文件没有写明条件：不会判为符合，一律由人工核定")
    yield OutlineLine(1, YEARS)
    yield OutlineLine(0, f"结论 {pack.decision.id} {pack.decision.label}", _clause(pack, pack.decision))
    if pack.gates:
        yield OutlineLine(0, "门槛（每条路径都须满足）")
        for gate in pack.gates:
            yield from _condition(pack, gate)
    if pack.conditions:
        yield OutlineLine(0, "条件（由路径引用）")
        for condition in pack.conditions:
            yield from _condition(pack, condition)
    yield from _indicators(pack)
    how = "路径（满足其中一条）" if len(pack.routes) > 1 else "路径"
    yield OutlineLine(0, how, _clause(pack, pack.alternatives) if pack.alternatives else "")
    for route in pack.routes:
        yield from _route(pack, route)
    for entry in pack.life_cycle:
        span = [f"{count} {unit}" for count, unit in ((entry.years, "年"), (entry.months, "个月")) if count]
        due = [f"每年 {entry.due[0]} 月 {entry.due[1]} 日前"] if entry.due else []
        said = f"期限 {entry.line.id} {entry.line.label}：{'，'.join(span + due)}"
        yield OutlineLine(0, said, _clause(pack, entry.line))
    for note in pack.notes:
        said = f"{TOPICS[note.topic]} {note.line.id} {note.line.label}"
        yield OutlineLine(0, said + (f"：{'；'.join(note.items)}" if note.items else ""), _clause(pack, note.line))


def _clause(pack: Pack, line: Line) -> str:
    """The clause; with its document where that is another one than the pack's."""
    return line.clause if line.document == pack.document else f"{line.document.citation}{line.clause}"


def _condition(pack: Pack, condition: Condition) -> Iterator[OutlineLine]:
    line = condition.line
    yield OutlineLine(1, f"{line.id} {line.label}{MODALITY[condition.modality]}", _clause(pack, line))
    asked = {kind: test_phrase(test) for kind, test in condition.tests.items()}
    alike = len(set(asked.values())) == 1 and len(asked) == len(pack.kinds)
    for kind, said in list(asked.items())[: 1 if alike else None]:
        yield OutlineLine(2, f"要求{'' if alike else f'（{KINDS[kind]}）'}：{said}")
    if condition.applies_if is not None:
        yield OutlineLine(2, f"适用前提：{test_phrase(condition.applies_if)}")
    if condition.term is not None:
        yield OutlineLine(2, f"只在 {term_text(condition.term)}适用")
    if condition.flag is not None:
        yield OutlineLine(2, f"提示：{test_phrase(condition.flag[0])}时提示“{condition.flag[1]}”")
    if condition.undefined_review_if is not None:
        yield OutlineLine(2, f"无法计算且{test_phrase(condition.undefined_review_if)}时转人工核定")
    if condition.only_sources:
        said = "、".join(SOURCE_KINDS.get(each, each) for each in sorted(condition.only_sources))
        yield OutlineLine(2, f"只采信：{said}")
    if condition.effort:
        yield OutlineLine(2, f"补足所需时间：{EFFORT_LABELS[condition.effort]}")


def _indicators(pack: Pack) -> Iterator[OutlineLine]:
    for group in pack.groups:
        members = [each for each in pack.indicators if each.group == group.id]
        capped = f"（封顶 {plain_decimal(group.maximum)} 分）" if group.maximum is not None else ""
        yield OutlineLine(0, f"评分 {group.label}{capped}")
        for each in members:
            said = f"{each.line.id} {each.line.label}（满分 {plain_decimal(each.maximum)} 分）"
            yield OutlineLine(1, said, _clause(pack, each.line))
            yield from (OutlineLine(2, said) for said in scale_lines(each))


def scale_lines(indicator: Indicator) -> Iterator[str]:
    """How an indicator earns its points, one line for each band, choice, test or grade."""
    if indicator.slot:
        yield "由省级主管部门另行确定"
    scales = [(indicator.measure, indicator.bands)] if indicator.measure is not None else []
    scales += [(scale.measure, scale.bands) for scale in indicator.better_of]
    for measure, bands in scales:
        yield f"按 {measure_phrase(measure)} 计分" + ("（取高）" if indicator.better_of else "")
        yield from (f"{band.text}：{points_text(band)}" for band in bands)
    for choice in indicator.choices:
        yield f"{test_phrase(choice.test) if choice.test else '其他'}：{points_text(choice)}"
    for test in indicator.each:
        yield f"每满足一项得 {plain_decimal(indicator.each_points)} 分：{test_phrase(test)}"
    yield from (f"{grade.text}：{points_text(grade)}" for grade in indicator.grades)


def points_text(scored: Band | Choice | Grade) -> str:
    low, high = plain_decimal(scored.points_low), plain_decimal(scored.points_high)
    return f"{low} 分" if low == high else f"{low}～{high} 分"


def term_text(term: Term) -> str:
    return f"{term.start} 起" + (f"至 {term.end}" if term.end else "")


def _route(pack: Pack, route: Route) -> Iterator[OutlineLine]:
    yield OutlineLine(1, f"{route.label}（{route.id}）")
    labels = {each.line.id: f"{each.line.id} {each.line.label}" for each in pack.conditions}
    for how, ids in (("全部满足", route.all_of), ("满足其一", route.any_of)):
        if ids:
            yield OutlineLine(2, f"{how}：{'；'.join(labels[each] for each in ids)}")
    if route.score is None:
        return
    if route.score.total is not None:
        yield OutlineLine(2, f"总分 {route.score.total.text}")
    names = {group.id: group.label for group in pack.groups}
    for group, limit in route.score.groups:
        yield OutlineLine(2, f"{names[group]} {limit.text}")
