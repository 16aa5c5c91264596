"""Routes of one enterprise: the history of its assessments, and whether its data agrees with itself."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import clock, keyset, pagination
from chassis.dependencies import ReadTx
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from services.eligibility.api import rendering_enterprise as rendering
from services.eligibility.api.access import AssessmentReader, require_visible
from services.eligibility.api.codes import require_known
from services.eligibility.api.schemas_enterprise import ConsistencyOut, HistoryItem
from services.eligibility.api.state import catalog_of, rules_of
from services.eligibility.domain.errors import EnterpriseNotKnown
from services.eligibility.store.repositories import Enterprises
from services.eligibility.use_cases.check_consistency import check_consistency
from services.eligibility.use_cases.read_history import read_history

router = APIRouter(tags=["enterprises"])

USCC = r"^[0-9A-HJ-NPQRTUWXY]{18}$"


@router.get(
    "/enterprises/{uscc}/history",
    response_model=Page[HistoryItem],
    responses=refusals(EnterpriseNotKnown),
)
def get_history(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: Annotated[str, Path(pattern=USCC, description="统一社会信用代码")],
    title: str | None = Query(default=None, description="称号代码"),
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HistoryItem]:
    """List every stored assessment of an enterprise, newest first, with what changed from the one before (测算历史)."""
    require_known(request, title=title)
    enterprise = Enterprises(tx).get(uscc)
    require_visible(actor, enterprise)
    after = keyset.decode(cursor, (uuid.UUID,))
    before = after[0] if after else None
    steps = read_history(tx, catalog_of(request), rules_of(request, tx), uscc, title, before, limit)
    page = keyset.cut(steps, limit, lambda step: (step.row.id,))
    following = pagination.link_next(request, response, page.after)
    return Page(items=[rendering.step(each, enterprise) for each in page.rows], next_cursor=following)


@router.get("/consistency", response_model=ConsistencyOut, responses=refusals(EnterpriseNotKnown))
def get_consistency(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    uscc: Annotated[str, Query(pattern=USCC, description="统一社会信用代码")],
) -> ConsistencyOut:
    """Compare what is declared of an enterprise with itself (一致性核对): across facts, years, sources, and with what
    was declared before. It changes no assessment.
    """
    require_visible(actor, Enterprises(tx).get(uscc))
    state, today = request.app.state, clock.today()
    found = check_consistency(tx, uscc, state.checks, catalog_of(request).dictionary, state.sizes, today)
    return rendering.consistency(found, len(state.checks), today)
