"""Routes of the judgements that officials are asked for."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from fastapi import APIRouter, Query, Request, Response

from chassis import keyset, pagination
from chassis.dependencies import ReadTx
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from services.eligibility.api import rendering_enterprise as rendering
from services.eligibility.api.access import AssessmentReader, require_visible
from services.eligibility.api.codes import require_known
from services.eligibility.api.schemas_enterprise import FindingsRequestOut
from services.eligibility.api.state import catalog_of
from services.eligibility.domain.errors import FindingsRequestNotFound
from services.eligibility.store import queries
from services.eligibility.store.repositories import Enterprises, FindingsRequests

router = APIRouter(prefix="/findings-requests", tags=["findings"])


@router.get("", response_model=Page[FindingsRequestOut])
def get_findings_requests(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: str | None = Query(default=None, description="统一社会信用代码"),
    district: str | None = Query(default=None, pattern=r"^\d{2,6}$", description="GB/T 2260 前缀"),
    finding: str | None = Query(default=None, description="认定事项（事实字典中 finding 类型的 id）"),
    title: str | None = Query(default=None, description="等待认定的称号代码"),
    state: Literal["open", "closed"] | None = Query(default=None, description="open 待认定，closed 已关闭"),
    decisive: bool | None = Query(default=None, description="true：认定符合即达标"),
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FindingsRequestOut]:
    """List the judgements asked for in your areas (认定请求), in the order they were first asked."""
    require_known(request, title=title, district=district, finding=finding, uscc=uscc)
    after = keyset.decode(cursor, (uuid.UUID,))
    filters: dict[str, Any] = {
        "uscc": uscc,
        "district": district,
        "finding": finding,
        "title": title,
        "state": state,
        "decisive": decisive,
    }
    rows = queries.list_findings_requests(tx, actor, filters=filters, after=after[0] if after else None, limit=limit)
    page = keyset.cut(rows, limit, lambda pair: (pair[0].id,))
    following = pagination.link_next(request, response, page.after)
    dictionary = catalog_of(request).dictionary
    items = [rendering.findings_request(row, enterprise, dictionary) for row, enterprise in page.rows]
    return Page(items=items, next_cursor=following)


@router.get("/{request_id}", response_model=FindingsRequestOut, responses=refusals(FindingsRequestNotFound))
def get_findings_request(
    actor: AssessmentReader, tx: ReadTx, request: Request, request_id: uuid.UUID
) -> FindingsRequestOut:
    """Read one request for a judgement: the clause, the quotation, what to look at, and which titles wait."""
    row = FindingsRequests(tx).get(request_id)
    enterprise = Enterprises(tx).get(row.uscc)
    require_visible(actor, enterprise)
    return rendering.findings_request(row, enterprise, catalog_of(request).dictionary)
