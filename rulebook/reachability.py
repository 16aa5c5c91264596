"""Checks a compiled pack as a whole: no repeated id, no route, threshold or line that can never decide anything."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from rulebook.pack import (
    KINDS,
    AllOf,
    AnyOf,
    Band,
    Choice,
    Condition,
    Grade,
    Group,
    Indicator,
    InPlan,
    LeftOpen,
    Limit,
    Line,
    Pack,
    Review,
    Route,
    Test,
)
from rulebook.source import Block, Reader, Sequence


def check_reachability(reader: Reader, pack: Pack, root: Block) -> None:
    """Note every problem that only the whole pack shows."""
    _unique(reader, pack)
    _groups(reader, pack)
    lines = _route_lines(root)
    for route, line in zip(pack.routes, lines, strict=True):
        _route(reader, pack, route, line)
    _unused(reader, pack)
    _windows(reader, pack)
    if not pack.stated:
        _never_eligible(reader, pack, lines)


def lines_of(pack: Pack) -> Iterator[Line]:
    yield pack.decision
    for condition in (*pack.gates, *pack.conditions):
        yield condition.line
    if pack.alternatives is not None:
        yield pack.alternatives
    for scored in pack.indicators:
        yield scored.line
    yield from (entry.line for entry in pack.life_cycle)
    yield from (note.line for note in pack.notes)


def _unique(reader: Reader, pack: Pack) -> None:
    seen: dict[str, int] = {}
    for line in lines_of(pack):
        if line.id in seen:
            remedy = f"第 {seen[line.id]} 行已用过，请改用规则手册中的编号。"
            reader.problem(line.source_line, line.id, "全文唯一的编号", remedy, "duplicate-id")
        seen.setdefault(line.id, line.source_line)
    routes: set[str] = set()
    for route in pack.routes:
        if route.id in routes:
            reader.problem(1, route.id, "唯一的路径编号", "请改名。", "duplicate-id")
        routes.add(route.id)


def _groups(reader: Reader, pack: Pack) -> None:
    known = {group.id: group for group in pack.groups}
    for indicator in pack.indicators:
        if indicator.group not in known:
            expected = "、".join(known) + "之一" if known else "先在 groups 中登记的分组"
            reader.problem(indicator.line.source_line, indicator.group, expected, "请改正 group。", "unknown-group")
    for group in pack.groups:
        most = sum((each.maximum for each in pack.indicators if each.group == group.id), Decimal(0))
        if group.maximum is not None and group.maximum >= most:
            line = next((each.line.source_line for each in pack.indicators if each.group == group.id), 1)
            found = f"{group.label}封顶 {group.maximum} 分，各项合计 {most} 分"
            reader.problem(line, found, "低于各项合计的封顶分", "请核对 max，或删去。", "unreachable")


def _route(reader: Reader, pack: Pack, route: Route, line: int) -> None:
    known = {condition.line.id: condition for condition in pack.conditions}
    for wanted in (*route.all_of, *route.any_of):
        if wanted not in known:
            reader.problem(line, wanted, "conditions 中的编号", "请改正或补写该条件。", "unreachable-route")
    for kind in pack.kinds:
        asked, offered = (_binding(part, known, kind) for part in (route.all_of, route.any_of))
        if (route.any_of and not offered) or not (asked or offered or route.score):
            expected = f"{KINDS[kind]}至少适用一项 must 条件"
            reader.problem(line, route.id, expected, "请核对各条件的 kinds 和 modality。", "unreachable-route")
    if route.score is None:
        return
    if not pack.indicators:
        reader.problem(line, route.id, "有评价指标的评分路径", "请补写 indicators。", "unreachable-route")
        return
    if route.score.total is not None:
        _threshold(reader, line, "总分", route.score.total, pack.indicators, pack.groups)
    groups = {group.id: group for group in pack.groups}
    for group, limit in route.score.groups:
        members = tuple(each for each in pack.indicators if each.group == group)
        if not members:
            reader.problem(line, group, "有指标的分组", "请改正分组或补写指标。", "unreachable-route")
            continue
        if group in groups:
            _threshold(reader, line, groups[group].label, limit, members, (groups[group],))


def _binding(ids: tuple[str, ...], known: dict[str, Condition], kind: str) -> bool:
    """Whether any of these conditions binds for this kind: a route of soft lines alone would admit everybody."""
    return any(each in known and kind in known[each].tests and known[each].modality == "must" for each in ids)


def _threshold(
    reader: Reader, line: int, name: str, limit: Limit, members: tuple[Indicator, ...], groups: tuple[Group, ...]
) -> None:
    most = sum((_most(group, members) for group in groups), Decimal(0))
    least = sum((_least(each) for each in members), Decimal(0))
    strict = limit.operator == ">"
    if limit.value > most or (strict and limit.value == most):
        expected = f"不超过满分 {most} 分"
        reader.problem(line, f"{name}{limit.text}", expected, "永远达不到，请核对。", "unreachable-threshold")
    elif limit.value < least or (not strict and limit.value == least):
        expected = f"高于最低分 {least} 分"
        reader.problem(line, f"{name}{limit.text}", expected, "任何企业都达到，请核对。", "unreachable-threshold")


def _most(group: Group, members: tuple[Indicator, ...]) -> Decimal:
    total = sum((each.maximum for each in members if each.group == group.id), Decimal(0))
    return total if group.maximum is None else min(total, group.maximum)


def _least(indicator: Indicator) -> Decimal:
    if indicator.better_of:
        return max(min(band.points_low for band in scale.bands) for scale in indicator.better_of)
    scale: list[Band | Choice | Grade] = [*indicator.bands, *indicator.choices, *indicator.grades]
    return min((each.points_low for each in scale), default=Decimal(0))


def _never_eligible(reader: Reader, pack: Pack, lines: list[int]) -> None:
    """`rules: none` promises that nobody is found eligible: every route asks for something that is left open."""
    left_open = {
        condition.line.id
        for condition in pack.conditions
        if condition.modality == "must"
        and condition.term is None
        and condition.applies_if is None
        and all(isinstance(condition.tests.get(kind), LeftOpen) for kind in pack.kinds)
    }
    for route, line in zip(pack.routes, lines, strict=True):
        if not left_open & set(route.all_of):
            expected = "all_of 中有一项 left_open 的 must 条件"
            remedy = "rules: none 表示文件没有规定条件，不得判为符合；如文件有规定，请删去 rules: none。"
            reader.problem(line, route.id, expected, remedy, "rules-none")


def _windows(reader: Reader, pack: Pack) -> None:
    """A notice's year, or a plan's last day, that no application by this pack ever falls into."""
    told = "；".join(f"{KINDS[kind]}自 {term.start} 至 {term.end or '今'}" for kind, term in pack.terms)
    for condition in (*pack.gates, *pack.conditions):
        terms = [term for kind, term in pack.terms if kind in condition.tests]
        line, own = condition.line, condition.term
        if own is not None and not any(own.meets(each) for each in terms):
            found, expected = f"{line.id} 自 {own.start} 至 {own.end or '今'}", f"与规则包施行期（{told}）相交的期间"
            remedy = "这一项对任何申报日都不适用，请改正 in_force，或删去这一项。"
            reader.problem(line.source_line, found, expected, remedy, "unreachable")
        for plan in _plans(*condition.tests.values()):
            if all(plan.until < each.start for each in terms):
                expected = f"规则包施行期（{told}）内或以后的日期"
                remedy = "规则包施行前计划已经到期，请改正 until 或 in_force。"
                reader.problem(line.source_line, f"{line.id} until: {plan.until}", expected, remedy, "unreachable")


def _plans(*tests: Test) -> Iterator[InPlan]:
    for test in dict.fromkeys(tests):
        match test:
            case InPlan():
                yield test
            case AllOf() | AnyOf():
                yield from _plans(*test.tests)
            case Review():
                yield from _plans(test.test)


def _unused(reader: Reader, pack: Pack) -> None:
    used = {each for route in pack.routes for each in (*route.all_of, *route.any_of)}
    for condition in pack.conditions:
        if condition.line.id not in used:
            remedy = "请加入路径，或移到 gates，或删去。"
            reader.problem(
                condition.line.source_line, condition.line.id, "被某条路径用到的条件", remedy, "unreachable-route"
            )
    if pack.indicators and not any(route.score for route in pack.routes):
        line = pack.indicators[0].line.source_line
        reader.problem(line, "indicators", "被某条路径的 score 用到", "请补写 score，或删去指标。", "unreachable-route")
    if not pack.routes:
        reader.problem(1, "routes", "至少一条路径", "请补写 routes。", "unreachable-route")


def _route_lines(root: Block) -> list[int]:
    node = root.entries.get("routes")
    return [each.line for each in node.items] if isinstance(node, Sequence) else []
