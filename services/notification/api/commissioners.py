"""Commissioners: who they are, which areas they serve, how much they carry."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from chassis import etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.etags import StaleWrite
from chassis.idempotency import Idempotent
from chassis.keyset import CursorInvalid, cut, decode
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from services.notification.api.access import (
    CommissionersReader,
    CommissionersWriter,
    require_areas,
    visible_commissioner,
)
from services.notification.api.polling import unchanged
from services.notification.api.schemas import CommissionerChange, CommissionerNew, CommissionerOut, CommissionersOut
from services.notification.domain.areas import normalised
from services.notification.domain.errors import AreaInvalid, AssignmentsBusy, CommissionerExists, CommissionerNotFound
from services.notification.store import queries
from services.notification.store.tables import CommissionerRow
from services.notification.use_cases.change_commissioner import change_commissioner
from services.notification.use_cases.register_commissioner import register_commissioner

router = APIRouter(prefix="/commissioners", tags=["commissioners"])

NONE_YET = "还没有服务专员。请先登记，并写明服务的区县，企业会自动分配。"


@router.get("", response_model=CommissionersOut, responses=refusals(AreaInvalid, CursorInvalid))
def list_commissioners(
    actor: CommissionersReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    limit: Limit = 50,
    cursor: Cursor = None,
    area: Annotated[
        str | None, Query(max_length=6, description="only those who serve some part of it, e.g. 3413")
    ] = None,
    active: Annotated[bool | None, Query(description="true 在岗, false 停用")] = None,
) -> CommissionersOut | Response:
    """List the commissioners (服务专员) who serve some part of the caller's jurisdiction, with their load."""
    after = decode(cursor, (str,))
    prefix = normalised([area])[0] if area else None
    found = queries.commissioners(
        tx, actor.areas, area=prefix, active=active, after=after[0] if after else None, limit=limit
    )
    page = cut(found, limit, lambda row: (row.code,))
    items = [CommissionerOut.of(row) for row in page.rows]
    body = CommissionersOut(
        items=items,
        next_cursor=link_next(request, response, page.after),
        notice=None if items or cursor else NONE_YET,
    )
    return unchanged(request, response, body) or body


@router.post(
    "",
    response_model=CommissionerOut,
    status_code=status.HTTP_201_CREATED,
    responses=refusals(CommissionerExists, AreaInvalid, OutsideJurisdiction, AssignmentsBusy),
)
def create_commissioner(
    new: CommissionerNew, actor: CommissionersWriter, tx: Tx, _: Annotated[None, Idempotent], response: Response
) -> CommissionerOut:
    """Register a commissioner (登记服务专员); enterprises of the areas that have nobody are assigned right after."""
    require_areas(actor, normalised(new.areas))
    row = register_commissioner(tx, code=new.code, display_name=new.display_name, areas=new.areas, weight=new.weight)
    return _answer(row, response)


@router.get("/{code}", response_model=CommissionerOut, responses=refusals(CommissionerNotFound))
def get_commissioner(code: str, actor: CommissionersReader, tx: ReadTx) -> CommissionerOut:
    """Get one commissioner; `version` is for `If-Match`."""
    return CommissionerOut.of(visible_commissioner(actor, tx, code))


@router.patch(
    "/{code}",
    response_model=CommissionerOut,
    responses=refusals(CommissionerNotFound, AreaInvalid, OutsideJurisdiction, StaleWrite, AssignmentsBusy),
)
def patch_commissioner(
    code: str, change: CommissionerChange, actor: CommissionersWriter, tx: Tx, request: Request, response: Response
) -> CommissionerOut:
    """Change a commissioner. `active: false` (停用) hands all enterprises and unread messages over to others."""
    require_areas(actor, visible_commissioner(actor, tx, code).areas)
    require_areas(actor, normalised(change.get("areas", [])))
    row = change_commissioner(tx, code, change, precondition=lambda version: etags.require_match(request, version))
    return _answer(row, response)


def _answer(row: CommissionerRow, response: Response) -> CommissionerOut:
    response.headers["ETag"] = etags.quoted(row.version)
    return CommissionerOut.of(row)
