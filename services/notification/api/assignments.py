"""Assignments: which commissioner has which enterprise, and the decision by hand."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.idempotency import Idempotent
from chassis.keyset import CursorInvalid, cut, decode
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from services.notification.api.access import CommissionersReader, CommissionersWriter
from services.notification.api.polling import unchanged
from services.notification.api.schemas import USCC, AssignmentNew, AssignmentOut, AssignmentsOut
from services.notification.domain.errors import (
    AlreadyAssigned,
    AssignmentsBusy,
    CommissionerInactive,
    CommissionerNotFound,
    CommissionerNotServing,
    EnterpriseEnded,
    EnterpriseUnknown,
)
from services.notification.store import queries
from services.notification.store.repositories import Enterprises
from services.notification.use_cases.assign_by_hand import assign_by_hand

router = APIRouter(prefix="/assignments", tags=["assignments"])

NONE = "没有符合条件的服务关系。尚未分配的企业请看“覆盖情况”（/coverage）。"


@router.get("", response_model=AssignmentsOut, responses=refusals(CursorInvalid))
def list_assignments(
    actor: CommissionersReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    limit: Limit = 50,
    cursor: Cursor = None,
    uscc: Annotated[str | None, Query(pattern=USCC, description="统一社会信用代码")] = None,
    commissioner: Annotated[str | None, Query(max_length=64, description="code of a commissioner")] = None,
    state: Annotated[Literal["active", "all"], Query(description="active 现在的, all 含历史")] = "active",
) -> AssignmentsOut | Response:
    """List who looks after which enterprise of the caller's jurisdiction (服务关系), the latest first."""
    after = decode(cursor, (str,))
    found = queries.assignments(
        tx,
        actor.areas,
        uscc=uscc,
        commissioner=commissioner,
        ended=state == "all",
        before=_id(after[0]) if after else None,
        limit=limit,
    )
    page = cut(found, limit, lambda held: (str(held[0].id),))
    items = [AssignmentOut.of(held) for held in page.rows]
    body = AssignmentsOut(
        items=items, next_cursor=link_next(request, response, page.after), notice=None if items or cursor else NONE
    )
    return unchanged(request, response, body) or body


@router.post(
    "",
    response_model=AssignmentOut,
    status_code=status.HTTP_201_CREATED,
    responses=refusals(
        EnterpriseUnknown,
        CommissionerNotFound,
        OutsideJurisdiction,
        AlreadyAssigned,
        CommissionerInactive,
        CommissionerNotServing,
        EnterpriseEnded,
        AssignmentsBusy,
    ),
)
def create_assignment(
    new: AssignmentNew, actor: CommissionersWriter, tx: Tx, _: Annotated[None, Idempotent]
) -> AssignmentOut:
    """Assign an enterprise by hand (人工指定); its unread messages go to the new commissioner."""
    actor.require_area(Enterprises(tx).get(new.uscc).district_code)
    assign_by_hand(tx, new.uscc, new.commissioner, new.reason)
    return AssignmentOut.of(queries.active_assignment(tx, new.uscc))


def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError as error:
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始") from error
