"""The title ledger of one enterprise: recording and cancelling, by official act only."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.problems import refusals
from services.registry.api.access import RequestAdmission, TitleWriter
from services.registry.api.filters import TitleCode
from services.registry.api.parameters import Line, Passage, PathUscc
from services.registry.api.render import title_out
from services.registry.api.schemas import TitleOut, Wanted
from services.registry.api.state import Cycles
from services.registry.domain.acts import Act, require_past, require_sound
from services.registry.domain.errors import (
    EnterpriseDissolved,
    EnterpriseNotFound,
    TitleAlreadyCancelled,
    TitleAlreadyRecorded,
    TitleInvalid,
    TitleNotFound,
    UsccInvalid,
)
from services.registry.use_cases.cancel_title import cancel_title
from services.registry.use_cases.record_title import record_title

router = APIRouter(prefix="/enterprises/{uscc}/titles", tags=["titles"], route_class=Route)


class TitleNew(Wanted):
    """An official act; `document_number` or `decision_reference` must be there."""

    title: TitleCode
    batch: Line | None = None
    document_number: Line | None = Field(default=None, description="公告文号")
    decision_reference: Line | None = Field(default=None, description="reference of the recorded decision (决定依据)")
    issued_by: Line | None = None
    announced_on: dt.date | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = Field(default=None, description="last day of validity, from the document")
    state: Literal["valid", "publicized", "under_review", "expired"] = "valid"


class TitleCancellation(Wanted):
    """`cancelled`: 取消公告 or 取消认定; `recorded_in_error`: it should never have been recorded."""

    kind: Literal["cancelled", "recorded_in_error"]
    reason: Passage
    document_number: Line | None = Field(default=None, description="取消公告或取消认定的文号")
    decision_reference: Line | None = Field(default=None, description="reference of the recorded decision (决定依据)")
    cancelled_on: dt.date | None = Field(
        default=None, description="day of the decision, not later than today; today when left out"
    )
    reapply_ban: bool | None = Field(
        default=None, description="whether the decision forbids a new application for years; null when not known"
    )


@router.post(
    "",
    status_code=201,
    response_model=TitleOut,
    responses=refusals(
        EnterpriseNotFound,
        EnterpriseDissolved,
        TitleInvalid,
        TitleAlreadyRecorded,
        TitleAlreadyCancelled,
        UsccInvalid,
        OutsideJurisdiction,
    ),
)
def post_title(
    request: Request,
    response: Response,
    actor: TitleWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    body: TitleNew,
    cycles: Cycles,
) -> TitleOut:
    """Record an official act; stated otherwise than on file it corrects the record and answers 200 (登记称号)."""
    act = Act(**body.model_dump())
    require_sound(act, clock.today())
    row, record, new = record_title(tx, uscc, act, may=RequestAdmission(actor, request))
    if not new:
        response.status_code = 200
    response.headers["Location"] = f"{request.url.path}/{record.id}"
    response.headers["ETag"] = etags.quoted(row.version)
    return title_out(record, cycles)


@router.post(
    "/{title_id}/cancel",
    response_model=TitleOut,
    responses=refusals(
        EnterpriseNotFound, TitleNotFound, TitleInvalid, TitleAlreadyCancelled, UsccInvalid, OutsideJurisdiction
    ),
)
def post_title_cancellation(
    request: Request,
    response: Response,
    actor: TitleWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    title_id: uuid.UUID,
    body: TitleCancellation,
    cycles: Cycles,
) -> TitleOut:
    """Cancel a title, or take back a record made in error (取消称号)."""
    cancelled_on = body.cancelled_on or clock.today()
    require_past(cancelled_on, clock.today())
    row, record = cancel_title(
        tx,
        uscc,
        title_id,
        kind=body.kind,
        reason=body.reason,
        cancelled_on=cancelled_on,
        reapply_ban=body.reapply_ban,
        document_number=body.document_number,
        decision_reference=body.decision_reference,
        life_cycles=cycles,
        may=RequestAdmission(actor, request),
    )
    response.headers["ETag"] = etags.quoted(row.version)
    return title_out(record, cycles)
