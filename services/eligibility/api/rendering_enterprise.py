"""From history, contradictions and requests for findings to the shapes of the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rulebook.dictionary import Dictionary
from rulebook.subject import POINT
from services.eligibility.api import rendering
from services.eligibility.api import schemas_enterprise as out
from services.eligibility.api.schemas import Coded
from services.eligibility.domain.consistency import SEVERITIES, Discrepancy, Figure
from services.eligibility.domain.history import Change
from services.eligibility.store.tables import EnterpriseRow, FindingsRequestRow
from services.eligibility.use_cases.check_consistency import Consistency
from services.eligibility.use_cases.read_history import Step

_CHANGES = {
    "verdict": "测算结论",
    "kind": "申请类型",
    "route": "符合的路径",
    "score": "评价得分",
    "pack": "规则版本",
    "condition": "条件",
    "fact": "数据",
    "title": "称号",
    "industry": "所属行业",
}
_TRIGGERS = {"event": "数据变化", "request": "人工发起", "calendar": "日期变化", "batch": "批量测算"}
STATES = {"open": "待认定", "closed": "已关闭"}
_BECAUSE = {"answered": "已认定", "not_needed": "不再需要"}


def step(found: Step, enterprise: EnterpriseRow) -> out.HistoryItem:
    row = found.row
    return out.HistoryItem(
        **rendering.summary(row, enterprise).model_dump(),
        current=row.current,
        trigger=Coded(code=row.trigger, label=_TRIGGERS.get(row.trigger, row.trigger)),
        since=found.since,
        previous_id=None if found.previous is None else str(found.previous.id),
        changes=[_change(each) for each in found.changes],
    )


def _change(found: Change) -> out.ChangeOut:
    return out.ChangeOut(
        what=Coded(code=found.what, label=_CHANGES[found.what]),
        id=found.id,
        label=found.label,
        fiscal_year=found.fiscal_year,
        before=found.before,
        after=found.after,
    )


def consistency(found: Consistency, checks: int, day: dt.date) -> out.ConsistencyOut:
    return out.ConsistencyOut(
        uscc=found.enterprise.uscc,
        enterprise_name=found.enterprise.name,
        checked_on=day,
        checks=checks,
        compared=found.compared,
        discrepancies=[_discrepancy(each) for each in found.discrepancies],
    )


def _discrepancy(found: Discrepancy) -> out.DiscrepancyOut:
    check = found.check
    return out.DiscrepancyOut(
        check=check.id,
        label=check.label,
        reason=check.reason,
        severity=Coded(code=check.severity, label=SEVERITIES[check.severity]),
        fiscal_year=_year(found.fiscal_year),
        message=found.message,
        figures=[_figure(each) for each in found.figures],
    )


def _figure(found: Figure) -> out.FigureOut:
    return out.FigureOut(
        fact=found.fact_id,
        label=found.label,
        fiscal_year=_year(found.fiscal_year),
        display=found.display,
        source=Coded(code=found.source, label=found.source_label),
        as_of=found.as_of,
        recorded_at=found.recorded_at,
    )


def _year(year: int) -> int | None:
    return None if year == POINT else year


def findings_request(
    row: FindingsRequestRow, enterprise: EnterpriseRow, dictionary: Dictionary
) -> out.FindingsRequestOut:
    fact = dictionary.find(row.finding)
    because = row.closed_because
    return out.FindingsRequestOut(
        id=str(row.id),
        uscc=row.uscc,
        enterprise_name=enterprise.name,
        synthetic=enterprise.synthetic,
        district_code=enterprise.district_code,
        finding=Coded(code=row.finding, label=fact.label if fact else row.finding),
        description=fact.description if fact else "",
        evidence=list(fact.evidence) if fact else [],
        state=Coded(code=row.state, label=STATES[row.state]),
        closed_because=Coded(code=because, label=_BECAUSE[because]) if because else None,
        decisive=row.decisive,
        titles=_titles(row),
        openings=row.openings,
        opened_at=row.opened_at,
        announced_at=row.announced_at,
        closed_at=row.closed_at,
        answer_at=f"/api/registry/v1/enterprises/{row.uscc}/findings",
    )


def _titles(row: FindingsRequestRow) -> Sequence[out.AskingTitleOut]:
    return [
        out.AskingTitleOut(
            title=rendering.title(line["title"]),
            kind=rendering.kind(line["kind"]),
            pack_id=line["pack_id"],
            conditions=[out.AskedConditionOut.model_validate(each) for each in line["conditions"]],
        )
        for line in row.lines
    ]
