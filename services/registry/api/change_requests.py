"""Change requests: asking for a change of a file, seeing what it would do, deciding it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.db import Transaction
from chassis.dependencies import ReadTx, Tx
from chassis.errors import FieldProblem
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import (
    Decider,
    Reader,
    RequestAdmission,
    Requester,
    RequestReader,
    areas_of,
    party_of,
    require_enterprise,
)
from services.registry.api.change_request_render import preview_out, request_file, request_out, rules_out
from services.registry.api.change_request_schemas import (
    Approval,
    ChangePreviewOut,
    ChangeRequestFileOut,
    ChangeRequestNew,
    ChangeRequestOut,
    ChangeRulesOut,
    MergerAsked,
    Refusal,
    Withdrawal,
)
from services.registry.api.file_history import FieldName
from services.registry.api.parameters import Line, PathUscc, checked_uscc
from services.registry.api.state import Changing, ToolsOf
from services.registry.domain.change_requests import Asked
from services.registry.domain.change_rules import MERGE, SPLIT
from services.registry.domain.errors import (
    EnterpriseDissolved,
    EnterpriseInvalid,
    EnterpriseNotFound,
    OwnEnterpriseOnly,
    UsccInvalid,
)
from services.registry.domain.file_errors import (
    ChangeRequestConflict,
    ChangeRequestDecided,
    ChangeRequestInvalid,
    ChangeRequestNotFound,
    ChangeRequestOpen,
    NotTheAsker,
    OtherSideDecides,
    SecondPersonNeeded,
)
from services.registry.domain.stated_enterprises import read_fields
from services.registry.store.change_requests import ELSEWHERE, ChangeRequests, RequestFilters, list_requests
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, require_open
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.decide_change import approve_change, reject_change, sees, withdraw_change
from services.registry.use_cases.request_change import draft, request_change

router = APIRouter(tags=["change requests"], route_class=Route)

OF_ENTERPRISE = (EnterpriseNotFound, OutsideJurisdiction, OwnEnterpriseOnly, UsccInvalid)
FILING = (*OF_ENTERPRISE, EnterpriseDissolved, EnterpriseInvalid, ChangeRequestInvalid, ChangeRequestOpen)
DECIDING = (ChangeRequestNotFound, ChangeRequestDecided)
StateCode = Literal["open", "approved", "rejected", "withdrawn", "lapsed"]
KindCode = Literal["amend", "move", "merge", "split"]
RequestId = Annotated[uuid.UUID, Path(description="变更申请编号")]


@router.get("/change-rules", response_model=ChangeRulesOut)
def get_change_rules(actor: Reader, rules: Changing) -> ChangeRulesOut:
    """Who may ask for a change of each field, and who decides it (变更审批规则)."""
    return rules_out(rules)


@router.post(
    "/enterprises/{uscc}/change-requests/preview", response_model=ChangePreviewOut, responses=refusals(*FILING)
)
def preview_change_request(
    actor: Requester, tx: ReadTx, uscc: PathUscc, body: ChangeRequestNew, rules: Changing, tools: ToolsOf
) -> ChangePreviewOut:
    """What a request would change and bring about, and who would decide it; nothing is written (变更预览)."""
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    require_open(row)
    party = party_of(actor)
    return preview_out(tx, row, draft(tx, row, _asked(tx, body), rules, party), tools, party, body.effective_on)


@router.post(
    "/enterprises/{uscc}/change-requests",
    status_code=201,
    response_model=ChangeRequestOut,
    responses=refusals(*FILING, etags.StaleWrite),
)
def post_change_request(
    request: Request,
    response: Response,
    actor: Requester,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    body: ChangeRequestNew,
    rules: Changing,
    tools: ToolsOf,
) -> ChangeRequestOut:
    """Ask for a change of one file; what the rules let an official decide alone takes effect at once (变更申请)."""
    may = RequestAdmission(actor, request)
    filed = request_change(tx, uscc, _asked(tx, body), rules=rules, tools=tools, party=party_of(actor), may=may)
    response.headers["Location"] = f"{request.url.path.split('/enterprises/')[0]}/change-requests/{filed.id}"
    return request_out(filed, Enterprises(tx).get(uscc))


@router.get("/change-requests", response_model=Page[ChangeRequestOut], responses=refusals(UsccInvalid))
def list_of_change_requests(
    request: Request,
    response: Response,
    actor: RequestReader,
    tx: ReadTx,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[StateCode | None, Query(description="办理状态")] = None,
    kind: Annotated[KindCode | None, Query(description="变更类别")] = None,
    field: Annotated[FieldName | None, Query(description="涉及该字段的")] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    uscc: Annotated[str | None, Query(max_length=100, description="统一社会信用代码")] = None,
    requested_as: Annotated[Literal["enterprise", "official"] | None, Query(description="提出人类别")] = None,
    requested_by: Annotated[Line | None, Query(description="提出人")] = None,
    since: Annotated[dt.date | None, Query(description="提出日期不早于")] = None,
    until: Annotated[dt.date | None, Query(description="提出日期不晚于")] = None,
) -> Page[ChangeRequestOut]:
    """Requests of the caller's areas, those that come into them too, the latest first (变更申请列表)."""
    filters = RequestFilters(
        state=state,
        kind=kind,
        field=field,
        district=district,
        uscc=None if uscc is None else checked_uscc(uscc),
        requested_as=requested_as,
        requested_by=requested_by,
        requested_from=_begins(since),
        requested_until=_begins(until, after=True),
        areas=areas_of(actor),
        own=actor.uscc,
    )
    after = decode(cursor, (uuid.UUID,))
    found = list_requests(tx, filters, after[0] if after else None, limit)
    page = cut(found, limit, lambda each: (each[0].id,))
    items = [request_out(*each) for each in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/change-requests/{request_id}", response_model=ChangeRequestFileOut, responses=refusals(ChangeRequestNotFound)
)
def get_change_request(actor: RequestReader, tx: ReadTx, request_id: RequestId, tools: ToolsOf) -> ChangeRequestFileOut:
    """One request with its conflicts and, while it is open, what would follow."""
    found, row = _visible(tx, actor, request_id)
    return request_file(tx, found, row, tools)


@router.post(
    "/change-requests/{request_id}/approve",
    response_model=ChangeRequestOut,
    responses=refusals(
        *DECIDING,
        ChangeRequestConflict,
        SecondPersonNeeded,
        OtherSideDecides,
        ChangeRequestInvalid,
        EnterpriseDissolved,
    ),
)
def approve_change_request(
    actor: Decider, tx: Tx, request_id: RequestId, body: Approval, rules: Changing, tools: ToolsOf
) -> ChangeRequestOut:
    """Agree for the caller's areas; with the last side that has to, the change is made (审批通过)."""
    decided = approve_change(
        tx,
        request_id,
        reason=body.reason,
        confirmed=body.confirm,
        rules=rules,
        tools=tools,
        party=party_of(actor),
    )
    return request_out(decided, Enterprises(tx).get(decided.uscc))


@router.post("/change-requests/{request_id}/reject", response_model=ChangeRequestOut, responses=refusals(*DECIDING))
def reject_change_request(actor: Decider, tx: Tx, request_id: RequestId, body: Refusal) -> ChangeRequestOut:
    """Turn a request down, with the reason (驳回)."""
    decided = reject_change(tx, request_id, reason=body.reason, party=party_of(actor))
    return request_out(decided, Enterprises(tx).get(decided.uscc))


@router.post(
    "/change-requests/{request_id}/withdraw",
    response_model=ChangeRequestOut,
    responses=refusals(*DECIDING, NotTheAsker),
)
def withdraw_change_request(actor: Requester, tx: Tx, request_id: RequestId, body: Withdrawal) -> ChangeRequestOut:
    """Take a request back before it is decided (撤回)."""
    decided = withdraw_change(tx, request_id, reason=body.reason, party=party_of(actor))
    return request_out(decided, Enterprises(tx).get(decided.uscc))


def _asked(tx: Transaction, body: ChangeRequestNew) -> Asked:
    known = reference(tx)
    if body.merge is not None and body.split is not None:
        message = "合并和分立请分开提出"
        raise ChangeRequestInvalid(message, problems=[FieldProblem("split", message, "two-acts")])
    stated: Mapping[str, Any] = {name: getattr(body.fields, name) for name in body.fields.model_fields_set}
    return Asked(
        fields=read_fields(stated, places=known.places, industries=known.industries, today=clock.today()),
        reason=body.reason,
        evidence=[each.model_dump(mode="json", exclude_none=True) for each in body.evidence],
        effective_on=body.effective_on,
        act=MERGE if body.merge is not None else SPLIT if body.split is not None else None,
        details=_details(body),
    )


def _details(body: ChangeRequestNew) -> dict[str, Any]:
    """A merger or division in JSON values, with credit codes in their one form."""
    asked = body.merge or body.split
    if asked is None:
        return {}
    titles = [
        {**each.model_dump(mode="json", exclude_none=True), "successor": checked_uscc(each.successor)}
        for each in asked.titles
    ]
    codes = [asked.successor] if isinstance(asked, MergerAsked) else asked.successors
    continues = False if isinstance(asked, MergerAsked) else asked.continues
    return {"successors": [checked_uscc(code) for code in codes], "continues": continues, "titles": titles}


def _visible(tx: Transaction, actor: RequestReader, request_id: uuid.UUID) -> tuple[ChangeRequestRow, EnterpriseRow]:
    found = ChangeRequests(tx).get(request_id)
    row = Enterprises(tx).get(found.uscc)
    if not sees(found, row, party_of(actor)):
        raise ChangeRequestNotFound(ELSEWHERE)
    return found, row


def _begins(day: dt.date | None, *, after: bool = False) -> dt.datetime | None:
    """The first moment of a day in China, or of the day after it."""
    if day is None:
        return None
    day += dt.timedelta(days=1 if after and day < dt.date.max else 0)
    return dt.datetime.combine(day, dt.time.min, tzinfo=clock.SHANGHAI)
