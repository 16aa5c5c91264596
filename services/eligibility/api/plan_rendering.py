"""From plans as the rules engine gives them to the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rulebook.assessment import Assessment, ConditionResult
from rulebook.compare import Difference
from rulebook.plan import FirstStep
from rulebook.plan_model import EFFORT_LABELS, Change, Edition, GapPlan, OpenLine, Opportunity, RoutePlan
from rulebook.subject import POINT
from rulebook.units import plain_decimal
from services.eligibility.api import plan_schemas as out
from services.eligibility.api import rendering
from services.eligibility.api.schemas import Coded, PackRef, ScoreCheckOut
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.plan_on_request import Planned, WhatIf

REASONS_SHOWN = 10


def gap_plan(planned: Planned, enterprise: EnterpriseRow | None) -> out.GapPlanOut:
    """The plan, the other routes, and what comes first."""
    return out.GapPlanOut(
        uscc=enterprise.uscc if enterprise else None,
        enterprise_name=enterprise.name if enterprise else None,
        synthetic=enterprise.synthetic if enterprise else None,
        first=[out.TitlePlan(**_title_plan(each.plan)) for each in _before(planned)],
        disclaimer=planned.plan.disclaimer,
        **_title_plan(planned.plan),
    )


def _before(planned: Planned) -> list[Planned]:
    """Plans of the titles needed first, those that need none of the others in front."""
    return [one for each in planned.first for one in (*_before(each), each)]


def _title_plan(found: GapPlan) -> dict[str, Any]:
    best = found.best
    return {
        "title": rendering.title(found.title),
        "kind": rendering.kind(found.kind),
        "as_of": found.as_of,
        "application_date": found.application_date,
        "verdict": rendering.verdict(found.verdict.value),
        "summary": found.summary,
        "plan": _route(best) if best is not None else None,
        "alternatives": [_route(each) for each in found.routes if each is not best],
        "next_opportunity": _opportunity(found.next_opportunity),
        "pack": _pack(found),
        "edition_ends": found.edition_ends,
        "following": _edition(found.following),
    }


def what_if(found: WhatIf, changed: Iterable[Difference], enterprise: EnterpriseRow | None) -> out.WhatIfOut:
    """Both verdicts and what reads differently."""
    assert enterprise is not None  # what-if is asked of registered enterprises
    return out.WhatIfOut(
        uscc=enterprise.uscc,
        enterprise_name=enterprise.name,
        synthetic=enterprise.synthetic,
        title=rendering.title(found.before.title),
        kind=rendering.kind(found.before.kind),
        application_date=found.before.application_date,
        before=_standing(found.before),
        after=_standing(found.after),
        differences=[
            out.DifferenceOut(
                id=each.after.id,
                label=each.after.label,
                role=each.after.role,
                threshold=each.after.threshold,
                before=_line_state(each.before),
                after=_line_state(each.after),
                decided=each.decided,
            )
            for each in changed
        ],
        disclaimer=found.after.disclaimer,
    )


def near_miss(row: AssessmentRow, enterprise: EnterpriseRow, step: FirstStep) -> out.NearMiss:
    """A row with what its plan begins with; where more remains that is harder, it says so."""
    text = step.text
    if step.effort != step.hardest:
        text = f"{text}（此外还有属“{EFFORT_LABELS[step.hardest]}”的改变）"
    return out.NearMiss(
        uscc=row.uscc,
        enterprise_name=enterprise.name,
        synthetic=enterprise.synthetic,
        district_code=enterprise.district_code,
        title=rendering.title(row.title),
        kind=rendering.kind(row.kind),
        verdict=rendering.verdict(row.verdict),
        open_lines=row.open_lines or 0,
        effort=_effort(step.hardest),
        short=row.open_distance or Decimal(0),
        first_change=text,
        assessment_id=str(row.id),
        assessed_at=row.assessed_at,
    )


def _pack(found: GapPlan) -> PackRef:
    return PackRef(
        id=found.pack_id,
        label=found.pack_label,
        edition=found.pack_edition,
        sha256=found.pack_sha256,
        document=rendering.document(found.document),
    )


def _route(found: RoutePlan) -> out.RoutePlanOut:
    return out.RoutePlanOut(
        route=found.route,
        label=found.label,
        outcome=Coded(code=found.outcome.value, label=found.outcome_label),
        changes=[_change(each) for each in found.changes],
        opportunity=_opportunity(found.opportunity),
        verification=_verification(found),
        effort=_effort(found.effort),
        distance=plain_decimal(found.distance),
        assumptions=list(found.assumptions),
        lines=[_line(each) for each in found.lines],
        obstacles=[
            out.ObstacleOut(condition=each.condition_id, label=each.label, reason=each.reason)
            for each in found.obstacles
        ],
        reasons=list(found.reasons),
        pending=list(found.pending),
    )


def _edition(found: Edition | None) -> out.EditionOut | None:
    if found is None:
        return None
    return out.EditionOut(
        id=found.pack_id,
        label=found.label,
        edition=found.edition,
        sha256=found.sha256,
        document=rendering.document(found.document),
        in_force_from=found.in_force_from,
    )


def _change(found: Change) -> out.ChangeOut:
    return out.ChangeOut(
        kind=Coded(code=found.kind.value, label=found.kind.label),
        text=found.text,
        conditions=list(found.conditions),
        goals=list(found.goals),
        effort=Coded(code=found.effort, label=EFFORT_LABELS[found.effort]),
        ready=found.ready,
        earliest=found.earliest,
        distance=plain_decimal(found.distance),
        fact=found.fact_id or None,
        label=found.label,
        fiscal_year=None if found.fiscal_year == POINT else found.fiscal_year,
        unit=found.unit,
        current=found.current,
        target=found.target,
        title=rendering.title(found.title) if found.title else None,
        consequences=[*found.consequences, *([found.warning] if found.warning else [])],
        evidence=list(found.evidence),
    )


def _line(found: OpenLine) -> out.OpenLineOut:
    return out.OpenLineOut(
        id=found.id,
        label=found.label,
        role=found.role,
        status=rendering.status(found.status),
        value=found.value,
        threshold=found.threshold,
        clause=found.clause,
        closed_by=found.closed_by,
        alternatives=list(found.alternatives),
    )


def _opportunity(found: Opportunity | None) -> out.OpportunityOut | None:
    if found is None:
        return None
    window = found.window
    return out.OpportunityOut(
        day=found.day,
        label=found.label,
        opens=window.opens if window else None,
        closes=window.closes if window else None,
        fiscal_year=found.fiscal_year,
    )


def _verification(found: RoutePlan) -> out.VerificationOut | None:
    verified = found.verified
    if verified is None:
        return None
    route = next(each for each in verified.routes if each.id == found.route)
    return out.VerificationOut(
        verdict=rendering.verdict(verified.verdict.value),
        application_date=verified.application_date,
        fiscal_year=verified.fiscal_year,
        score_checks=[
            ScoreCheckOut(
                label=check.label,
                points=rendering.points(check.points),
                threshold=check.threshold,
                status=rendering.status(check.status),
            )
            for check in route.score_checks
        ],
        left_to_officials=list(found.left_to_officials),
    )


def _standing(found: Assessment) -> out.StandingOut:
    return out.StandingOut(
        verdict=rendering.verdict(found.verdict.value),
        route=found.route,
        points=rendering.points(found.score.points) if found.score else None,
        reasons=list(found.reasons[:REASONS_SHOWN]),
    )


def _line_state(found: ConditionResult) -> out.LineStateOut:
    return out.LineStateOut(
        status=rendering.status(found.status),
        value=found.value,
        points=rendering.points(found.points) if found.points else None,
    )


def _effort(code: str) -> Coded | None:
    return Coded(code=code, label=EFFORT_LABELS[code]) if code else None
