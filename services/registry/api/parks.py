"""Parks (园区): who is in them, and putting an enterprise into one."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import Editor, Exporter, Reader, RequestAdmission, areas_of, require_enterprise
from services.registry.api.parameters import Line, PathUscc
from services.registry.api.render import coded
from services.registry.api.schemas import Coded, Wanted
from services.registry.domain.errors import (
    CarrierNotFound,
    EnterpriseNotFound,
    OwnEnterpriseOnly,
    ParkInvalid,
    UsccInvalid,
)
from services.registry.store.items import Carriers
from services.registry.store.parks import ParkStays, Stay
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises
from services.registry.use_cases.move_to_park import move_to_park

router = APIRouter(tags=["enterprises"], route_class=Route)


class ParkPut(Wanted):
    """The park that an enterprise is in from now on; null: it is in none."""

    park_id: uuid.UUID | None = Field(description="a carrier of the kind park")
    since: dt.date | None = Field(default=None, description="its first day there; null when nobody has stated it")
    document: Line | None = None


class StayOut(BaseModel):
    """One stay in a park."""

    park_id: uuid.UUID
    name: str
    since: dt.date | None = Field(description="null: it was there before it was recorded")
    until: dt.date | None = Field(description="its last day; null while it is there")
    document: str | None
    recorded_at: dt.datetime
    recorded_by: str


class ParkMemberOut(BaseModel):
    """An enterprise that is in the park."""

    uscc: str
    name: str
    district: Coded | None
    since: dt.date | None


@router.get(
    "/enterprises/{uscc}/parks",
    response_model=list[StayOut],
    responses=refusals(EnterpriseNotFound, OutsideJurisdiction, OwnEnterpriseOnly, UsccInvalid),
)
def list_of_park_stays(actor: Reader, tx: ReadTx, uscc: PathUscc) -> list[StayOut]:
    """The parks that an enterprise has been in, the present one first (所属园区及变更)."""
    require_enterprise(actor, uscc, Enterprises(tx).get(uscc).district_code)
    return [_stay(each) for each in ParkStays(tx).history(uscc)]


@router.put(
    "/enterprises/{uscc}/park",
    response_model=list[StayOut],
    responses=refusals(
        EnterpriseNotFound, CarrierNotFound, ParkInvalid, UsccInvalid, OutsideJurisdiction, etags.StaleWrite
    ),
)
def put_park(
    request: Request, response: Response, actor: Editor, tx: Tx, uscc: PathUscc, body: ParkPut
) -> list[StayOut]:
    """Put an enterprise into a park, or out of the one it is in; earlier stays are kept (登记所属园区)."""
    may = RequestAdmission(actor, request)
    row = move_to_park(tx, uscc, body.park_id, since=body.since, document=body.document, may=may)
    response.headers["ETag"] = etags.quoted(row.version)
    return [_stay(each) for each in ParkStays(tx).history(uscc)]


@router.get(
    "/carriers/{carrier_id}/enterprises",
    response_model=Page[ParkMemberOut],
    responses=refusals(CarrierNotFound, ParkInvalid),
)
def list_of_park_enterprises(
    request: Request,
    response: Response,
    actor: Exporter,
    tx: ReadTx,
    carrier_id: Annotated[uuid.UUID, Path()],
    limit: Limit = 50,
    cursor: Cursor = None,
    on: Annotated[dt.date | None, Query(ge=dt.date(2000, 1, 1), description="哪一天的园区企业；不填为今天")] = None,
) -> Page[ParkMemberOut]:
    """The enterprises in a park on a day, as far as they lie in the caller's areas (园区企业)."""
    Carriers(tx).get(carrier_id)
    after = decode(cursor, (str,))
    rows = ParkStays(tx).list_page(carrier_id, on or clock.today(), areas_of(actor), after[0] if after else None, limit)
    page = cut(rows, limit, lambda each: (each.row.uscc,))
    places = reference(tx).places
    items = [
        ParkMemberOut(
            uscc=each.row.uscc,
            name=each.name,
            district=coded(each.district_code, places.name_of(each.district_code)),
            since=each.row.since,
        )
        for each in page.rows
    ]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


def _stay(stay: Stay) -> StayOut:
    row = stay.row
    return StayOut(
        park_id=row.park_id,
        name=stay.name,
        since=row.since,
        until=row.until,
        document=row.document,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )
