"""Rows of official lists without a code of which a person decides whom they mean."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import ImportReader, RequestAdmission, TitleWriter, covers
from services.registry.api.parameters import Passage, checked_uscc
from services.registry.api.schemas import Coded, Wanted
from services.registry.api.state import Items, Known
from services.registry.domain.errors import (
    EnterpriseAlreadyRegistered,
    EnterpriseNotFound,
    UnresolvedTitleDecided,
    UnresolvedTitleInvalid,
    UnresolvedTitleNotFound,
    UsccInvalid,
)
from services.registry.domain.resolution import REASONS, WHYS
from services.registry.domain.titles import TITLES
from services.registry.store.ledger_tables import UnresolvedTitleRow
from services.registry.store.naming import UnresolvedTitles
from services.registry.use_cases.decide_unresolved_title import STATES, Decision, decide_unresolved_title

router = APIRouter(prefix="/unresolved-titles", tags=["titles"], route_class=Route)


class CandidateOut(BaseModel):
    """A registered enterprise that may be meant, the likeliest first."""

    uscc: str
    name: str
    district_code: str | None
    why: Coded
    likeness: float = Field(description="0 to 1; 1 where the name is the same")
    former_name: str | None = Field(description="the earlier name by which it was found")


class UnresolvedTitleOut(BaseModel):
    """A row of a list that waits for a decision, or of which it was decided."""

    id: uuid.UUID
    import_id: uuid.UUID
    sheet: str | None
    row: int = Field(description="the number that Excel shows")
    name: str
    title: Coded
    stated: dict[str, Any] = Field(description="what else the row says")
    reason: Coded = Field(description="why the name alone does not tell whom it means")
    candidates: list[CandidateOut]
    state: Coded
    uscc: str | None = Field(description="whom it was decided to mean")
    decision_reason: str | None
    decided_by: str | None
    decided_at: dt.datetime | None


class DecisionNew(Wanted):
    """Whom the row means, and on what grounds."""

    decision: Literal["accept", "register", "reject"] = Field(
        description="accept 选定已登记的企业, register 新登记一家企业, reject 不采用"
    )
    reason: Passage = Field(description="依据，如 经企业营业执照核对")
    uscc: str | None = Field(default=None, description="accept, register: 统一社会信用代码", max_length=100)
    district_code: Annotated[str, Field(pattern=r"^\d{6}$")] | None = Field(
        default=None, description="register: GB/T 2260"
    )


@router.get("", response_model=Page[UnresolvedTitleOut])
def list_of_unresolved_titles(
    request: Request,
    response: Response,
    actor: ImportReader,
    tx: ReadTx,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[
        Literal["open", "accepted", "registered", "rejected"] | None,
        Query(description="待确认、已选定、已新登记、不采用"),
    ] = None,
    import_id: Annotated[uuid.UUID | None, Query(description="只看这次导入的")] = None,
) -> Page[UnresolvedTitleOut]:
    """Rows of lists imported for the caller's areas whose names did not tell whom they mean (待确认名单)."""
    after = decode(cursor, (uuid.UUID,))
    rows = UnresolvedTitles(tx).list_page(actor.areas, state, import_id, after[0] if after else None, limit)
    page = cut(rows, limit, lambda row: (row.id,))
    return Page(items=[_out(row) for row in page.rows], next_cursor=link_next(request, response, page.after))


@router.post(
    "/{row_id}/decision",
    response_model=UnresolvedTitleOut,
    responses=refusals(
        UnresolvedTitleNotFound,
        UnresolvedTitleDecided,
        UnresolvedTitleInvalid,
        EnterpriseNotFound,
        EnterpriseAlreadyRegistered,
        UsccInvalid,
        OutsideJurisdiction,
    ),
)
def post_decision(
    request: Request,
    actor: TitleWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    knowledge: Known,
    kinds: Items,
    row_id: Annotated[uuid.UUID, Path()],
    body: DecisionNew,
) -> UnresolvedTitleOut:
    """Choose the enterprise that the row means, register it, or put the row aside (确认名单)."""
    if not covers(actor, UnresolvedTitles(tx).get_for_update(row_id).areas):
        raise UnresolvedTitleNotFound("没有这条待确认记录，或它不在您的管辖区域内")
    decision = Decision(
        decision=body.decision,
        reason=body.reason,
        uscc=None if body.uscc is None else checked_uscc(body.uscc),
        district_code=body.district_code,
    )
    may = RequestAdmission(actor, request)
    return _out(decide_unresolved_title(tx, row_id, decision, knowledge=knowledge, kinds=kinds, may=may))


def _out(row: UnresolvedTitleRow) -> UnresolvedTitleOut:
    title = row.stated["title"]
    return UnresolvedTitleOut(
        id=row.id,
        import_id=row.import_id,
        sheet=row.sheet,
        row=row.row,
        name=row.name,
        title=Coded(code=title, label=TITLES[title]),
        stated={name: value for name, value in row.stated.items() if name not in ("name", "title")},
        reason=Coded(code=row.reason, label=REASONS[row.reason]),
        candidates=[
            CandidateOut(
                uscc=each["uscc"],
                name=each["name"],
                district_code=each["district_code"],
                why=Coded(code=each["why"], label=WHYS[each["why"]]),
                likeness=each["likeness"],
                former_name=each["former"],
            )
            for each in row.candidates
        ],
        state=Coded(code=row.state, label=STATES[row.state]),
        uscc=row.uscc,
        decision_reason=row.decision_reason,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
