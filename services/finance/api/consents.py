"""Consents (授权): given and withdrawn by the enterprise, or recorded by an official from a stamped 授权书."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response, status

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.errors import FieldProblem
from chassis.idempotency import Idempotent
from chassis.keyset import CursorInvalid, cut, decode
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from services.finance.api.access import (
    ConsentsReader,
    ConsentsWriter,
    acts_for_itself,
    areas_of,
    require_standing,
)
from services.finance.api.schemas import ConsentNew, ConsentOut, ConsentsOut, Institution, Uscc
from services.finance.domain.errors import (
    ConsentAlreadyGiven,
    ConsentEnterpriseUnknown,
    ConsentExpired,
    ConsentForAnother,
    ConsentNotFound,
    ConsentTermsInvalid,
)
from services.finance.store import queries
from services.finance.store.repositories import Consents
from services.finance.use_cases.give_consent import give_consent
from services.finance.use_cases.withdraw_consent import withdraw_consent

router = APIRouter(prefix="/consents", tags=["consents"])


@router.post(
    "",
    response_model=ConsentOut,
    status_code=status.HTTP_201_CREATED,
    responses=refusals(
        ConsentForAnother, OutsideJurisdiction, ConsentEnterpriseUnknown, ConsentAlreadyGiven, ConsentTermsInvalid
    ),
)
def post_consent(actor: ConsentsWriter, tx: Tx, _: Annotated[None, Idempotent], consent: ConsentNew) -> ConsentOut:
    """Record that an enterprise lets one institution see its details for one purpose until a day (登记授权).

    An enterprise records its own; an official must name the stamped 授权书.
    """
    require_standing(tx, actor, consent.uscc)
    return ConsentOut.of(give_consent(tx, consent.terms(), on_behalf=not acts_for_itself(actor)))


@router.post(
    "/{consent_id}/withdraw",
    response_model=ConsentOut,
    responses=refusals(ConsentNotFound, OutsideJurisdiction, ConsentExpired),
)
def post_withdrawal(actor: ConsentsWriter, tx: Tx, _: Annotated[None, Idempotent], consent_id: uuid.UUID) -> ConsentOut:
    """Withdraw a consent (撤回授权). Withdrawing it again changes nothing."""
    consent = Consents(tx).get_for_update(consent_id)
    if acts_for_itself(actor) and consent.uscc != actor.uscc:
        raise ConsentNotFound("没有这项授权，请核对编号")
    require_standing(tx, actor, consent.uscc)
    return ConsentOut.of(withdraw_consent(tx, consent))


@router.get("", response_model=ConsentsOut, responses=refusals(CursorInvalid, ConsentForAnother))
def list_consents(
    actor: ConsentsReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: Annotated[Uscc | None, Query(description="统一社会信用代码")] = None,
    institution: Annotated[Institution | None, Query(description="code of the institution")] = None,
    state: Annotated[
        Literal["given", "withdrawn", "expired"] | None,
        Query(description="given 有效, withdrawn 已撤回, expired 已到期"),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ConsentsOut:
    """List consents (授权清单), the latest first: an enterprise its own, an official those of its areas."""
    if acts_for_itself(actor):
        if uscc not in (None, actor.uscc):
            raise ConsentForAnother("只能查看本企业的授权，请去掉 uscc 参数或填写本企业的代码")
        uscc = actor.uscc or ""
    rows = queries.list_consents(
        tx,
        uscc=uscc,
        institution=institution,
        state=state,
        areas=areas_of(actor),
        after=_after(cursor),
        limit=limit + 1,
    )
    page = cut(rows, limit, lambda row: (str(row.id),))
    return ConsentsOut(
        items=[ConsentOut.of(row) for row in page.rows], next_cursor=link_next(request, response, page.after)
    )


def _after(cursor: str | None) -> uuid.UUID | None:
    found = decode(cursor, (str,))
    try:
        return None if found is None else uuid.UUID(found[0])
    except ValueError as error:
        problem = FieldProblem("cursor", "游标无效，请从第一页重新开始", expected="next_cursor 原值")
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始", problems=[problem]) from error
