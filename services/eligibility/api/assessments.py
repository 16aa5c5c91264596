"""Routes of assessments: compute, read, list, count."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import clock, keyset, pagination
from chassis.dependencies import ReadTx, Tx
from chassis.idempotency import Idempotent
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from services.eligibility.api import rendering
from services.eligibility.api.access import AssessmentReader, AssessmentRunner, require_visible
from services.eligibility.api.codes import require_known, require_known_place, require_known_title
from services.eligibility.api.schemas import (
    AssessmentNew,
    AssessmentOut,
    AssessmentSummary,
    Statistics,
    VerdictCount,
)
from services.eligibility.api.state import rules_of, told_again
from services.eligibility.domain.errors import (
    AssessmentNotFound,
    EnterpriseNotKnown,
    NoPackInForce,
    StatedFactsInvalid,
)
from services.eligibility.store import queries
from services.eligibility.store.repositories import Assessments, Enterprises
from services.eligibility.use_cases.assess_on_request import assess_registered, assess_stated

router = APIRouter(tags=["assessments"])

Verdict = Literal["eligible", "not_eligible", "unknown", "manual_review"]
UsccPath = Annotated[str, Path(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="统一社会信用代码")]


@router.post(
    "/assessments",
    response_model=AssessmentOut,
    status_code=201,
    responses={
        200: {"model": AssessmentOut, "description": "computed from stated facts; nothing is stored"},
        **refusals(EnterpriseNotKnown, NoPackInForce, StatedFactsInvalid),
    },
)
def post_assessment(
    actor: AssessmentRunner,
    tx: Tx,
    wanted: AssessmentNew,
    request: Request,
    response: Response,
    _: Annotated[None, Idempotent] = None,
) -> AssessmentOut:
    """Assess an enterprise for a title (测算), with every condition's value, threshold, clause and quotation.

    With `uscc` the registered facts are assessed and the outcome is stored as of today (201); with `facts` nothing is
    stored (200). It computes, it never grants a title: 不作为认定依据.
    """
    rules = rules_of(request, tx)
    require_known_title(request, wanted.title)
    today = clock.today()
    day = wanted.application_date or today
    if wanted.uscc is not None:
        require_visible(actor, Enterprises(tx).get(wanted.uscc))
        outcome = assess_registered(tx, rules, wanted.uscc, wanted.title, kind=wanted.kind, day=day, today=today)
    else:
        require_known_place(request, wanted)
        outcome = assess_stated(
            request.app.state.catalog.dictionary,
            rules,
            [fact.model_dump(mode="json") for fact in wanted.facts or ()],
            None if wanted.titles is None else [ledger_entry(each.model_dump(mode="json")) for each in wanted.titles],
            wanted.title,
            kind=wanted.kind,
            industry_code=wanted.industry_code,
            district_code=wanted.district_code,
            day=day,
            today=today,
        )
    if outcome.row is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/api/eligibility/v1/assessments/{outcome.row.id}"
    return rendering.assessment(outcome.found, outcome.row, outcome.enterprise, clock.now())


@router.get("/assessments", response_model=Page[AssessmentSummary])
def get_assessments(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: str | None = Query(default=None, description="统一社会信用代码"),
    title: str | None = Query(default=None, description="称号代码"),
    verdict: Verdict | None = Query(default=None, description="测算结论"),
    kind: Literal["new", "review"] | None = Query(default=None, description="新申请或复核"),
    district: str | None = Query(default=None, pattern=r"^\d{2,6}$", description="GB/T 2260 前缀"),
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AssessmentSummary]:
    """List the current assessments in your areas, by code and title."""
    require_known(request, title=title, district=district, uscc=uscc)
    after = keyset.decode(cursor, (str, str))
    filters: dict[str, Any] = {"uscc": uscc, "title": title, "verdict": verdict, "kind": kind, "district": district}
    rows = queries.list_current(tx, actor, filters=filters, after=(after[0], after[1]) if after else None, limit=limit)
    page = keyset.cut(rows, limit, lambda pair: (pair[0].uscc, pair[0].title))
    following = pagination.link_next(request, response, page.after)
    return Page(items=[rendering.summary(*pair) for pair in page.rows], next_cursor=following)


@router.get("/assessments/{assessment_id}", response_model=AssessmentOut, responses=refusals(AssessmentNotFound))
def get_assessment(actor: AssessmentReader, tx: ReadTx, request: Request, assessment_id: uuid.UUID) -> AssessmentOut:
    """Read one stored assessment, explained from its own inputs and its own version of the rules."""
    told = told_again(actor, tx, request, assessment_id)
    return rendering.assessment(told.found, told.row, told.enterprise, told.row.assessed_at)


@router.get(
    "/enterprises/{uscc}/assessments",
    response_model=Page[AssessmentSummary],
    responses=refusals(EnterpriseNotKnown),
)
def get_enterprise_assessments(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: UsccPath,
    title: str | None = Query(default=None, description="称号代码"),
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AssessmentSummary]:
    """List every stored assessment of an enterprise, newest first (测算历史)."""
    require_known(request, title=title)
    enterprise = Enterprises(tx).get(uscc)
    require_visible(actor, enterprise)
    after = keyset.decode(cursor, (uuid.UUID,))
    rows = Assessments(tx).list_history(uscc, title, after[0] if after else None, limit)
    page = keyset.cut(rows, limit, lambda row: (row.id,))
    following = pagination.link_next(request, response, page.after)
    return Page(items=[rendering.summary(row, enterprise) for row in page.rows], next_cursor=following)


@router.get("/statistics", response_model=Statistics)
def get_statistics(actor: AssessmentReader, tx: ReadTx) -> Statistics:
    """Count the current verdicts per title in your areas."""
    enterprises, waiting, counts = queries.statistics(tx, actor)
    return Statistics(
        enterprises=enterprises,
        pending=waiting,
        verdicts=[
            VerdictCount(title=rendering.title(title), verdict=rendering.verdict(verdict), count=count)
            for title, verdict, count in counts
        ],
    )


def ledger_entry(stated: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": stated["title"],
        "state": stated["state"],
        "valid_from": stated["valid_from"],
        "valid_to": stated["valid_to"],
        "cancelled_on": stated["cancelled_on"],
        "ban": stated["ban"],
    }
