"""Typical cases (典型案例) that were published."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import ItemWriter, Reader, RequestAdmission, areas_of
from services.registry.api.carriers import DistrictCode
from services.registry.api.parameters import PRINTABLE, Line, Passage, checked_uscc
from services.registry.api.render import coded
from services.registry.api.schemas import Coded, Wanted
from services.registry.api.state import Items
from services.registry.domain.errors import (
    CarrierNotFound,
    CaseAlreadyRecorded,
    EnterpriseNotFound,
    ItemInvalid,
    UsccInvalid,
)
from services.registry.domain.items import ItemKinds
from services.registry.domain.projects import THEMES
from services.registry.store.item_tables import TypicalCaseRow
from services.registry.store.items import list_placed
from services.registry.store.reference import reference
from services.registry.use_cases.record_register import record_case

router = APIRouter(prefix="/cases", tags=["items"], route_class=Route)

Theme = Literal[
    "cultivation",
    "finance",
    "service",
    "digital",
    "green",
    "innovation",
    "brand",
    "supply_chain",
    "talent",
    "other",
]


class CaseOut(BaseModel):
    """One published case."""

    case_id: uuid.UUID
    title: str
    theme: Coded
    level: Coded
    district: Coded | None
    uscc: str | None
    carrier_id: uuid.UUID | None
    published_on: dt.date
    published_by: str
    source: str
    summary: str


class CaseNew(Wanted):
    """A case as it was published; of an enterprise, of a carrier, or of an area as a whole."""

    title: Line
    theme: Theme
    level: Line = Field(description="the level at which it was published: nation, province, city, district")
    district_code: DistrictCode
    uscc: str | None = Field(default=None, max_length=100)
    carrier_id: uuid.UUID | None = None
    published_on: dt.date
    published_by: Line
    source: Line = Field(description="文号、媒体或网址")
    summary: Passage


@router.get("", response_model=Page[CaseOut])
def list_of_cases(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    kinds: Items,
    limit: Limit = 50,
    cursor: Cursor = None,
    theme: Annotated[Theme | None, Query(description="主题")] = None,
    level: Annotated[str | None, Query(max_length=50, pattern=PRINTABLE)] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, pattern=PRINTABLE, description="标题片段")] = None,
) -> Page[CaseOut]:
    """Published cases of the caller's areas, by page (典型案例)."""
    after = decode(cursor, (uuid.UUID,))
    rows = list_placed(
        tx,
        TypicalCaseRow,
        {"theme": theme, "level": level},
        q=q,
        district=district,
        areas=areas_of(actor),
        own=actor.uscc,
        after=after[0] if after else None,
        limit=limit,
    )
    page = cut(rows, limit, lambda row: (row.id,))
    places = reference(tx).places
    items = [_out(row, kinds, places.name_of(row.district_code)) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.post(
    "",
    status_code=201,
    response_model=CaseOut,
    responses=refusals(
        EnterpriseNotFound, CarrierNotFound, CaseAlreadyRecorded, ItemInvalid, UsccInvalid, OutsideJurisdiction
    ),
)
def post_case(
    request: Request,
    actor: ItemWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    kinds: Items,
    body: CaseNew,
) -> CaseOut:
    """Record a case that was published as typical (登记典型案例)."""
    values = body.model_dump()
    if body.uscc is not None:
        values["uscc"] = checked_uscc(body.uscc)
    row = record_case(tx, values, kinds=kinds, may=RequestAdmission(actor, request))
    return _out(row, kinds, reference(tx).places.name_of(row.district_code))


def _out(row: TypicalCaseRow, kinds: ItemKinds, district: str | None) -> CaseOut:
    return CaseOut(
        case_id=row.id,
        title=row.title,
        theme=Coded(code=row.theme, label=THEMES[row.theme]),
        level=Coded(code=row.level, label=kinds.levels.get(row.level, row.level)),
        district=coded(row.district_code, district),
        uscc=row.uscc,
        carrier_id=row.carrier_id,
        published_on=row.published_on,
        published_by=row.published_by,
        source=row.source,
        summary=row.summary,
    )
