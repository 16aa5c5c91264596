"""From assessments as the rules engine gives them to the shapes of the API."""

from __future__ import annotations

import datetime as dt

from rulebook.assessment import Assessment, Check, ConditionResult, Input, Missing, Points
from rulebook.pack import KINDS, PACK_TITLES, TOPICS, Document, LifeCycle, Note, Pack
from rulebook.status import Status, Verdict
from rulebook.subject import POINT
from rulebook.units import plain_decimal
from services.eligibility.api import schemas as out
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow

_MET = {Status.MET: True, Status.UNMET: False}


def assessment(
    found: Assessment, row: AssessmentRow | None, enterprise: EnterpriseRow | None, assessed_at: dt.datetime
) -> out.AssessmentOut:
    """The whole explanation."""
    return out.AssessmentOut(
        id=str(row.id) if row else None,
        uscc=enterprise.uscc if enterprise else None,
        enterprise_name=enterprise.name if enterprise else None,
        synthetic=enterprise.synthetic if enterprise else None,
        title=title(found.title),
        kind=kind(found.kind),
        application_date=found.application_date,
        fiscal_year=found.fiscal_year,
        verdict=verdict(found.verdict.value),
        route=found.route,
        routes=[
            out.RouteOut(
                id=route.id,
                label=route.label,
                status=_status(route.status),
                conditions=list(route.conditions),
                score_checks=[
                    out.ScoreCheckOut(
                        label=check.label,
                        points=_points(check.points),
                        threshold=check.threshold,
                        status=_status(check.status),
                    )
                    for check in route.score_checks
                ],
            )
            for route in found.routes
        ],
        score=out.ScoreOut(
            points=_points(found.score.points),
            groups=[
                out.GroupScoreOut(id=group.id, label=group.label, points=_points(group.points))
                for group in found.score.groups
            ],
        )
        if found.score
        else None,
        conditions=[_condition(each) for each in found.conditions],
        missing=[_missing(each) for each in found.missing],
        reasons=list(found.reasons),
        notes=[_note(each) for each in found.notes],
        pack=out.PackRef(
            id=found.pack_id,
            label=found.pack_label,
            edition=found.pack_edition,
            sha256=found.pack_sha256,
            document=_document(found.document),
        ),
        assessed_at=assessed_at,
        disclaimer=found.disclaimer,
    )


def summary(row: AssessmentRow, enterprise: EnterpriseRow) -> out.AssessmentSummary:
    return out.AssessmentSummary(
        id=str(row.id),
        uscc=row.uscc,
        enterprise_name=enterprise.name,
        synthetic=enterprise.synthetic,
        district_code=enterprise.district_code,
        title=title(row.title),
        kind=kind(row.kind),
        verdict=verdict(row.verdict),
        route=row.route,
        score_low=None if row.score_low is None else plain_decimal(row.score_low),
        score_high=None if row.score_high is None else plain_decimal(row.score_high),
        missing_count=len(row.missing),
        application_date=row.application_date,
        assessed_at=row.assessed_at,
        pack_id=row.pack_id,
    )


def pack(found: Pack, state: str) -> out.PackOut:
    return out.PackOut(
        id=found.id,
        sha256=found.sha256,
        title=title(found.title),
        label=found.label,
        edition=found.edition,
        document=_document(found.document),
        kinds=[kind(each) for each in found.kinds],
        area=list(found.area),
        in_force_from=found.in_force_from,
        in_force_to=found.in_force_to,
        terms=[out.TermOut(kind=kind(code), start=term.start, end=term.end) for code, term in found.terms],
        life_cycle=[_life_cycle(each) for each in found.life_cycle],
        notes=[_note(each) for each in found.notes],
        state=state,
        conditions=len(found.gates) + len(found.conditions) + len(found.indicators),
    )


def title(code: str) -> out.Coded:
    return out.Coded(code=code, label=PACK_TITLES.get(code, code))


def kind(code: str) -> out.Coded:
    return out.Coded(code=code, label=KINDS.get(code, code))


def verdict(code: str) -> out.Coded:
    return out.Coded(code=code, label=Verdict(code).label)


def _condition(found: ConditionResult) -> out.ConditionOut:
    return out.ConditionOut(
        id=found.id,
        label=found.label,
        role=found.role,
        group=found.group,
        modality=found.modality,
        status=_status(found.status),
        met=_MET.get(found.status),
        value=found.value,
        threshold=found.threshold,
        points=_points(found.points) if found.points else None,
        clause=found.clause,
        document=_document(found.document),
        quote=found.quote,
        evidence_grade=found.evidence_grade,
        checks=[_check(each) for each in found.checks],
        inputs=[_input(each) for each in found.inputs],
        missing=[_missing(each) for each in found.missing],
        notes=list(found.notes),
    )


def _note(found: Note) -> out.NoteOut:
    return out.NoteOut(
        id=found.line.id,
        topic=out.Coded(code=found.topic, label=TOPICS[found.topic]),
        label=found.line.label,
        items=list(found.items),
        clause=found.line.clause,
        document=_document(found.line.document),
        quote=found.line.quote,
        evidence_grade=found.line.evidence,
    )


def _life_cycle(found: LifeCycle) -> out.LifeCycleOut:
    return out.LifeCycleOut(
        id=found.line.id,
        label=found.line.label,
        years=found.years,
        months=found.months,
        due=None if found.due is None else f"{found.due[0]:02}-{found.due[1]:02}",
        clause=found.line.clause,
        document=_document(found.line.document),
        quote=found.line.quote,
        evidence_grade=found.line.evidence,
    )


def _check(found: Check) -> out.CheckOut:
    return out.CheckOut(
        label=found.label,
        value=found.value,
        threshold=found.threshold,
        status=_status(found.status),
        note=found.note,
    )


def _input(found: Input) -> out.InputOut:
    return out.InputOut(
        fact=found.fact_id,
        label=found.label,
        fiscal_year=None if found.fiscal_year == POINT else found.fiscal_year,
        period=found.period_label,
        value=found.value,
        display=found.display,
        unit=found.unit,
        source=out.Coded(code=found.source, label=found.source_label),
        as_of=found.as_of,
        recorded_at=found.recorded_at,
        age=found.age,
    )


def _missing(found: Missing) -> out.MissingOut:
    return out.MissingOut(
        kind=found.kind,
        fact=found.fact_id,
        label=found.label,
        fiscal_year=None if found.fiscal_year == POINT else found.fiscal_year,
        conditions=list(found.conditions),
        blocking=found.blocking,
    )


def _status(found: Status) -> out.Coded:
    return out.Coded(code=found.value, label=found.label)


def _points(found: Points) -> out.PointsOut:
    return out.PointsOut(low=plain_decimal(found.low), high=plain_decimal(found.high), max=plain_decimal(found.max))


def _document(found: Document) -> out.DocumentOut:
    return out.DocumentOut(number=found.number, name=found.name, issuer=found.issuer, annex=found.annex)
