"""What a plan takes for granted, in words beside its changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rulebook.assessment import Assessment
from rulebook.pack import Condition, Pack
from rulebook.plan_draft import Draft
from rulebook.plan_model import Kind, Opportunity
from rulebook.plan_steps import accrues
from rulebook.plan_time import STEEP, Clock, FactKey


def assumptions(
    draft: Draft,
    opportunity: Opportunity,
    assumed: frozenset[FactKey],
    verified: Assessment,
    application_date: date,
    clock: Clock,
) -> Iterator[str]:
    """Of the figures, of what is supplied or decided, and of the window."""
    edited = {edit.slot[1:] for edit in draft.edits if edit.slot[0] == "fact"}
    read = {(each.fact_id, each.fiscal_year) for line in verified.conditions for each in line.inputs}
    years = sorted({year for fact_id, year in assumed & read if (fact_id, year) not in edited})
    if years:
        said = "、".join(str(year) for year in years)
        yield f"{said} 年度未列出的数据按最近一个已知年度持平估算（年限类逐年加一）"
    moved = [edit for edit in draft.edits if edit.fact is not None and accrues(edit.fact) and edit.direction > 0]
    moved = [edit for edit in moved if edit.before is not None]
    if any(clock.running(edit.year) for edit in moved):
        days = f"{clock.as_of.year} 年余下的 {clock.days_left} 天里能增加的数额，按上一年度全年数额的相应比例估算"
        yield f"{days}；超出的安排在下一个完整年度（本系统的规划假设，非政策规定）"
    if any(edit.distance > STEEP for edit in moved):
        yield "年度数据须增加一倍以上的，视为很难实现（本系统的规划假设，非政策规定）"
    if any(edit.kind is Kind.SUPPLY for edit in draft.edits):
        yield "以补充的资料达到所列要求为前提；不达到的，请重新测算"
    if any(edit.kind is Kind.DECIDE for edit in draft.edits):
        yield "认定意见按“符合”估算，以主管部门的认定为准"
    if opportunity.window is None and opportunity.day.year > application_date.year:
        yield "申报窗口以当年通知为准"


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
