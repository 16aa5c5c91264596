"""What a plan takes for granted, in words beside its changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rulebook.assessment import Assessment
from rulebook.pack import TITLES, Condition, Pack
from rulebook.plan_bounds import steep, takes_a_year
from rulebook.plan_days import Days
from rulebook.plan_draft import Draft
from rulebook.plan_entries import title_of
from rulebook.plan_model import Kind, Opportunity

_KEPT = "补登有效期"
"""Of a title that is held: nothing has to be obtained."""


def assumptions(days: Days, draft: Draft, opportunity: Opportunity, verified: Assessment) -> Iterator[str]:
    """Of the figures, of what is supplied or decided, and of the window."""
    day = days.on(opportunity)
    clock = day.remedies.clock
    edited = {edit.slot[1:] for edit in draft.edits if edit.slot[0] == "fact"}
    read = {(each.fact_id, each.fiscal_year) for line in verified.conditions for each in line.inputs}
    years = sorted({year for fact_id, year in day.assumed & read if (fact_id, year) not in edited})
    if years:
        said = "、".join(str(year) for year in years)
        yield f"{said} 年度未列出的数据按最近一个已知年度持平估算（年限类逐年加一）"
    moved = [edit for edit in draft.edits if edit.fact is not None and edit.direction and takes_a_year(edit.fact)]
    if any(clock.running(edit.year) for edit in moved):
        left = f"{clock.as_of.year} 年余下的 {clock.days_left} 天里能增减的数额，按上一年度全年数额的相应比例估算"
        yield f"{left}；超出的安排在下一个完整年度（本系统的规划假设，非政策规定）"
    if any(steep(edit.fact, edit.before, edit.value) for edit in moved):
        yield "年度数据须增加一倍以上、或减少一半以上的，视为很难实现（本系统的规划假设，非政策规定）"
    if any(edit.asked for edit in draft.edits):
        yield "缺失的数据不作估计：依赖这些数据的条件和分值，补齐后请重新测算"
    if any(edit.kind is Kind.SUPPLY and not edit.asked for edit in draft.edits):
        yield "以补充的资料达到所列要求为前提；不达到的，请重新测算"
    yield from _held(days, draft)
    if any(edit.kind is Kind.DECIDE for edit in draft.edits):
        yield "认定意见按“符合”估算，以主管部门的认定为准"
    if opportunity.window is None and opportunity.day.year > days.application_date.year:
        yield "申报窗口以当年通知为准"


def _held(days: Days, draft: Draft) -> Iterator[str]:
    """Titles that the plan needs: when they can be had is bounded by their own plans, of which some are still open."""
    for edit in draft.edits:
        code = edit.slot[1] if edit.slot[0] in ("row", "title") else title_of(edit.value)
        if not code or edit.before == _KEPT:
            continue
        name, first = TITLES.get(code, code), days.prior.get(code, days.as_of)
        may_move = "（该规划尚待补齐资料，日期可能推后）" if code in days.unsettled else ""
        if edit.slot[0] != "row":
            if code not in days.prior:
                yield f"取得{name}的时间按一般所需时间估计，没有按该称号自身的规划推算"
            elif first is not None:
                yield f"取得{name}的时间按该称号自身的规划推算：最早 {first} 申报{may_move}"
            continue
        said = f"以已持有有效的{name}称号为前提"
        if first is None:
            yield f"{said}；尚未持有的，目前没有取得该称号的可行途径，本规划不成立"
        elif first > days.as_of:
            yield f"{said}；尚未持有的，按该称号自身的规划最早 {first} 才能申报{may_move}，本规划相应顺延"
        else:
            yield f"{said}；尚未持有的，须先取得{may_move}，本规划相应顺延"


def ending(days: Days, opportunity: Opportunity | None) -> Iterator[str]:
    """That the edition ends, where the plan's day or the day of application comes near it, and what follows."""
    found = days.succession
    if found is None:
        return
    said = f"“{days.pack.label}”适用至 {found.ends}"
    if found.following is not None:
        then = found.following
        said += f"，此后适用“{then.label}”（{then.document.number}，{then.in_force_from} 起施行）"
    else:
        said += "，此后适用的版本尚未导入"
    if opportunity is not None and opportunity.day > found.ends:
        yield f"{said}；本规划的申报日在此之后，是按现行版本推算的，请按后续版本重新测算"
    else:
        yield f"{said}；在此之后申报的，请按后续版本重新测算"


def repeated(pack: Pack, lines: Sequence[Condition]) -> Iterator[str]:
    """Lines of a notice that has ended by the day of the plan: they hold for its year, and the next may repeat them."""
    named: dict[tuple[str, date | None], list[str]] = {}
    for each in lines:
        number = (each.line.document or pack.document).number
        end = each.term.end if each.term is not None else None
        named.setdefault((number, end), []).append(f"“{each.line.label}”")
    for (number, end), labels in named.items():
        said = f"{'、'.join(labels)}是{number}通知的要求，只适用至 {end}"
        yield f"{said}；以后年度是否要求以当年通知为准，此处按仍须满足推算"
