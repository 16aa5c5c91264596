"""What two versions of a pack say differently, by the ids of their lines and never by lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rulebook.dictionary import SOURCE_KINDS
from rulebook.outline import MODALITY, points_text, scale_lines, term_text
from rulebook.pack import (
    KINDS,
    PACK_TITLES,
    AllOf,
    AnyOf,
    Band,
    Compare,
    CompareTotal,
    Condition,
    Entries,
    Group,
    Indicator,
    Limit,
    Line,
    Pack,
    Review,
    Route,
    Test,
)
from rulebook.phrases import measure_phrase, test_phrase
from rulebook.plan_model import EFFORT_LABELS
from rulebook.predicates import where_text
from rulebook.units import plain_decimal

ABSENT = "（没有）"
_EVERYTHING = "任何记录"


class PackDifference(NamedTuple):
    """One thing that reads differently. `where` is the line's id and label, `what` the aspect of it."""

    id: str
    where: str
    clause: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        change = f"由“{self.before}”改为“{self.after}”"
        if self.before == ABSENT:
            change = f"新增“{self.after}”"
        elif self.after == ABSENT:
            change = f"删去“{self.before}”"
        return f"{self.where}：{self.what}{change}" + (f"　〔{self.clause}〕" if self.clause else "")


class _Aspect(NamedTuple):
    what: str
    before: str
    after: str


def pack_differences(before: Pack, after: Pack) -> tuple[PackDifference, ...]:
    """The differences in the order of the pack. Comments, spacing and units written otherwise are none.

    Another document of the pack is said once, and not again of every line that stands on it.
    """
    inherited = ("依据文件", before.document.citation, after.document.citation)
    return tuple(each for each in _differences(before, after) if not each.id or each[3:] != inherited)


def _differences(before: Pack, after: Pack) -> Iterator[PackDifference]:
    yield from (PackDifference("", "规则包", "", *each) for each in _head(before, after))
    yield from _named("结论", {"": before.decision}, {"": after.decision})
    either = [{"": each} if each is not None else {} for each in (before.alternatives, after.alternatives)]
    yield from _named("路径关系", *either)
    for role, old, new in (("门槛", before.gates, after.gates), ("条件", before.conditions, after.conditions)):
        yield from _conditions(role, old, new)
    yield from _groups(before.groups, after.groups)
    yield from _indicators(before, after)
    yield from _routes(before.routes, after.routes)
    yield from _named(
        "期限", {each.line.id: each.line for each in before.life_cycle}, {e.line.id: e.line for e in after.life_cycle}
    )
    spans = [
        {each.line.id: (each.years, each.months, each.due) for each in pack.life_cycle} for pack in (before, after)
    ]
    lines = {each.line.id: each.line for each in after.life_cycle}
    for identity, span in spans[1].items():
        if identity in spans[0] and spans[0][identity] != span:
            old_span, new_span = (_span_text(*each) for each in (spans[0][identity], span))
            yield _of_line("期限", lines[identity], _Aspect("期限", old_span, new_span))
    yield from _named(
        "说明", {each.line.id: each.line for each in before.notes}, {e.line.id: e.line for e in after.notes}
    )
    items = [{each.line.id: "；".join(each.items) for each in pack.notes} for pack in (before, after)]
    noted = {each.line.id: each.line for each in after.notes}
    for identity, said in items[1].items():
        if identity in items[0] and items[0][identity] != said:
            yield _of_line("说明", noted[identity], _Aspect("内容", items[0][identity] or ABSENT, said or ABSENT))


def _head(before: Pack, after: Pack) -> Iterator[_Aspect]:
    for what, old, new in (
        ("编号", before.id, after.id),
        ("版次", before.edition, after.edition),
        ("称号", PACK_TITLES.get(before.title, before.title), PACK_TITLES.get(after.title, after.title)),
        ("名称", before.label, after.label),
        ("依据文件", before.document.citation, after.document.citation),
        ("发文机关", before.document.issuer, after.document.issuer),
        ("适用地区", "、".join(before.area) or "全国", "、".join(after.area) or "全国"),
        ("文件是否写明条件", "是" if before.stated else "否", "是" if after.stated else "否"),
    ):
        if old != new:
            yield _Aspect(what, old, new)
    terms = [dict(pack.terms) for pack in (before, after)]
    for kind, label in KINDS.items():
        old, new = (term_text(each[kind]) if kind in each else ABSENT for each in terms)
        if old != new:
            yield _Aspect(f"施行期（{label}）", old, new)


def _groups(before: Sequence[Group], after: Sequence[Group]) -> Iterator[PackDifference]:
    old_by_id, new_by_id = ({each.id: each for each in side} for side in (before, after))
    for identity in dict.fromkeys((*old_by_id, *new_by_id)):
        old, new = old_by_id.get(identity), new_by_id.get(identity)
        shown = new or old
        assert shown is not None
        if old is None or new is None:
            found = [_Aspect("", shown.label if old else ABSENT, shown.label if new else ABSENT)]
        else:
            found = [*_texts("名称", old.label, new.label), *_texts("封顶分", _cap(old), _cap(new))]
        yield from (PackDifference(identity, f"评分分组 {identity} {shown.label}", "", *each) for each in found)


def _cap(group: Group) -> str:
    return "不封顶" if group.maximum is None else f"{plain_decimal(group.maximum)} 分"


def _span_text(years: int | None, months: int | None, due: tuple[int, int] | None) -> str:
    parts = [f"{years} 年"] if years else []
    parts += [f"{months} 个月"] if months else []
    parts += [f"每年 {due[0]} 月 {due[1]} 日"] if due else []
    return "，".join(parts) or ABSENT


def _of_line(role: str, line: Line, aspect: _Aspect) -> PackDifference:
    return PackDifference(line.id, f"{role} {line.id} {line.label}", line.clause, *aspect)


def _named(role: str, before: Mapping[str, Line], after: Mapping[str, Line]) -> Iterator[PackDifference]:
    for identity in dict.fromkeys((*before, *after)):
        old, new = before.get(identity), after.get(identity)
        if old is None or new is None:
            line = old or new
            assert line is not None
            yield _of_line(role, line, _Aspect("", line.label if old else ABSENT, line.label if new else ABSENT))
            continue
        yield from (_of_line(role, new, each) for each in _line(old, new))


def _line(before: Line, after: Line) -> Iterator[_Aspect]:
    for what, old, new in (
        ("编号", before.id, after.id),
        ("名称", before.label, after.label),
        ("条款", before.clause, after.clause),
        ("原文", before.quote, after.quote),
        ("依据等级", before.evidence, after.evidence),
        ("依据文件", before.document.citation, after.document.citation),
    ):
        if old != new:
            yield _Aspect(what, old, new)


# -- conditions ---------------------------------------------------------------------------------------------------


def _conditions(role: str, before: Sequence[Condition], after: Sequence[Condition]) -> Iterator[PackDifference]:
    old_by_id, new_by_id = ({each.line.id: each for each in side} for side in (before, after))
    yield from _named(
        role, {i: each.line for i, each in old_by_id.items()}, {i: each.line for i, each in new_by_id.items()}
    )
    for identity, new in new_by_id.items():
        old = old_by_id.get(identity)
        if old is not None:
            yield from (_of_line(role, new.line, each) for each in _condition(old, new))


def _condition(old: Condition, new: Condition) -> Iterator[_Aspect]:
    alike = old.tests.keys() == new.tests.keys() and all(len(set(each.tests.values())) == 1 for each in (old, new))
    for position, kind in enumerate(dict.fromkeys((*old.tests, *new.tests))):
        if alike and position:
            continue
        suffix = "" if alike else f"（{KINDS[kind]}）"
        for each in _tests(old.tests.get(kind), new.tests.get(kind)):
            yield _Aspect(each.what + suffix, each.before, each.after)
    yield from (_Aspect(f"适用前提的{what}", *rest) for what, *rest in _tests(old.applies_if, new.applies_if))
    yield from (
        _Aspect(f"转人工情形的{what}", *rest)
        for what, *rest in _tests(old.undefined_review_if, new.undefined_review_if)
    )
    flags = [f"{test_phrase(each.flag[0])}时提示“{each.flag[1]}”" if each.flag else ABSENT for each in (old, new)]
    for what, before, after in (
        ("约束力", MODALITY[old.modality] or "（必须）", MODALITY[new.modality] or "（必须）"),
        ("施行期", *(term_text(each.term) if each.term else ABSENT for each in (old, new))),
        ("可采信的来源", *(_sources(each) for each in (old, new))),
        ("补足所需时间", *(EFFORT_LABELS[each.effort] if each.effort else ABSENT for each in (old, new))),
        ("提示", *flags),
    ):
        if before != after:
            yield _Aspect(what, before, after)


def _sources(condition: Condition) -> str:
    return "、".join(SOURCE_KINDS.get(each, each) for each in sorted(condition.only_sources)) or "不限"


def _tests(old: Test | None, new: Test | None) -> Iterator[_Aspect]:
    """Where two tests differ: as near to the threshold or the window as both still say the same around it."""
    if old == new:
        return
    match old, new:
        case Compare(), Compare() if old.measure == new.measure:
            yield from _limits("要求", old.limit, new.limit)
        case CompareTotal(), CompareTotal() if (
            old.total.fact == new.total.fact and old.total.amount == new.total.amount
        ):
            yield from _limits("要求", old.limit, new.limit)
            yield from _texts("时间窗口", old.total.window.text, new.total.window.text)
            yield from _texts("所指记录", *(where_text(e.total.where) or _EVERYTHING for e in (old, new)))
        case Entries(), Entries() if old.fact == new.fact and old.forbidden == new.forbidden:
            yield from _texts("时间窗口", *(e.window.text if e.window else "不限时间" for e in (old, new)))
            yield from _texts("所指记录", *(where_text(e.where) or _EVERYTHING for e in (old, new)))
            yield from _texts("须人工核定的记录", *(where_text(e.review_where) or ABSENT for e in (old, new)))
        case Review(), Review():
            yield from _tests(old.test, new.test)
        case AllOf(), AllOf():
            yield from _several(old.tests, new.tests)
        case AnyOf(), AnyOf():
            yield from _several(old.tests, new.tests)
        case _:
            yield _Aspect("要求", *(ABSENT if each is None else test_phrase(each) for each in (old, new)))


def _several(old: Sequence[Test], new: Sequence[Test]) -> Iterator[_Aspect]:
    """Tests that stand on both sides are no difference wherever they stand; of the rest, equal numbers are paired."""
    gone, come = [each for each in old if each not in new], [each for each in new if each not in old]
    if len(gone) == len(come):
        for before, after in zip(gone, come, strict=True):
            named = f"“{_subject(after)}”的" if _subject(before) == _subject(after) else ""
            yield from (_Aspect(named + what, *rest) for what, *rest in _tests(before, after))
        return
    yield from (_Aspect("其中一项要求", test_phrase(each), ABSENT) for each in gone)
    yield from (_Aspect("其中一项要求", ABSENT, test_phrase(each)) for each in come)


def _subject(test: Test) -> str:
    """What a test looks at, so that one of several can be named."""
    match test:
        case Compare():
            return measure_phrase(test.measure)
        case CompareTotal():
            return test.total.fact.label
        case Entries():
            return test.fact.label
        case _:
            return ""


def _limits(what: str, old: Limit, new: Limit) -> Iterator[_Aspect]:
    if (old.operator, old.value) != (new.operator, new.value):
        yield _Aspect(what, old.text, new.text)


def _texts(what: str, old: str, new: str) -> Iterator[_Aspect]:
    if old != new:
        yield _Aspect(what, old, new)


# -- scores and routes --------------------------------------------------------------------------------------------


def _indicators(before: Pack, after: Pack) -> Iterator[PackDifference]:
    old_by_id, new_by_id = ({each.line.id: each for each in pack.indicators} for pack in (before, after))
    yield from _named(
        "指标", {i: each.line for i, each in old_by_id.items()}, {i: each.line for i, each in new_by_id.items()}
    )
    for identity, new in new_by_id.items():
        old = old_by_id.get(identity)
        if old is not None:
            yield from (_of_line("指标", new.line, each) for each in _indicator(old, new))


def _indicator(old: Indicator, new: Indicator) -> Iterator[_Aspect]:
    yield from _texts("满分", f"{plain_decimal(old.maximum)} 分", f"{plain_decimal(new.maximum)} 分")
    yield from _texts("分组", old.group, new.group)
    yield from _texts("补足所需时间", *(EFFORT_LABELS[each.effort] if each.effort else ABSENT for each in (old, new)))
    yield from _texts("可采信的来源", *("、".join(sorted(e.only_sources)) or "不限" for e in (old, new)))
    yield from _texts("专家打分", *(e.expert.fact.label if e.expert else ABSENT for e in (old, new)))
    if old.measure is not None and old.measure == new.measure:
        yield from _bands(old.bands, new.bands)
    else:
        yield from _texts("计分办法", *("；".join(scale_lines(each)) for each in (old, new)))


def _bands(old: Sequence[Band], new: Sequence[Band]) -> Iterator[_Aspect]:
    """The points of a band, or, where the edges have moved, the whole scale."""
    before, after = ({each.text: points_text(each) for each in side} for side in (old, new))
    if before.keys() == after.keys():
        for text, points in after.items():
            yield from _texts(f"“{text}”一档的分值", before[text], points)
        return
    yield from _texts(
        "分档", *("；".join(f"{text}：{points}" for text, points in side.items()) for side in (before, after))
    )


def _routes(before: Sequence[Route], after: Sequence[Route]) -> Iterator[PackDifference]:
    old_by_id, new_by_id = ({each.id: each for each in side} for side in (before, after))
    for identity in dict.fromkeys((*old_by_id, *new_by_id)):
        old, new = old_by_id.get(identity), new_by_id.get(identity)
        shown = new or old
        assert shown is not None
        found = (
            list(_route(old, new))
            if old is not None and new is not None
            else [_Aspect("", shown.label if old else ABSENT, shown.label if new else ABSENT)]
        )
        yield from (PackDifference(identity, f"路径 {identity} {shown.label}", "", *each) for each in found)


def _route(old: Route, new: Route) -> Iterator[_Aspect]:
    yield from _texts("名称", old.label, new.label)
    for what, before, after in (
        ("须全部满足的条件", old.all_of, new.all_of),
        ("满足其一的条件", old.any_of, new.any_of),
    ):
        yield from (_Aspect(what, each, ABSENT) for each in before if each not in after)
        yield from (_Aspect(what, ABSENT, each) for each in after if each not in before)
    limits = []
    for route in (old, new):
        held = {"总分要求": route.score.total} if route.score is not None and route.score.total is not None else {}
        if route.score is not None:
            held |= {f"{group} 分组得分要求": limit for group, limit in route.score.groups}
        limits.append(held)
    for what in dict.fromkeys((*limits[0], *limits[1])):
        before_limit, after_limit = limits[0].get(what), limits[1].get(what)
        if before_limit is not None and after_limit is not None:
            yield from _limits(what, before_limit, after_limit)
        else:
            yield _Aspect(what, *(each.text if each is not None else ABSENT for each in (before_limit, after_limit)))
