"""Carriers (园区, 平台, 专业镇, 集群, 创业基地): what has certified items without being an enterprise."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import clock, etags
from chassis.auth import Actor, OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import ItemWriter, Reader, RequestAdmission, areas_of
from services.registry.api.parameters import PRINTABLE, Line, checked_uscc
from services.registry.api.render import coded
from services.registry.api.schemas import Coded, Wanted
from services.registry.api.state import Items
from services.registry.domain.errors import CarrierAlreadyRecorded, CarrierNotFound, ItemInvalid, UsccInvalid
from services.registry.domain.items import ItemKinds, lacking
from services.registry.store.item_tables import CarrierRow
from services.registry.store.items import Carriers, CertifiedItems, list_placed
from services.registry.store.reference import reference
from services.registry.use_cases.record_register import amend_carrier, register_carrier

router = APIRouter(prefix="/carriers", tags=["items"], route_class=Route)

DistrictCode = Annotated[str, Field(pattern=r"^\d{6}$")]


class CarrierOut(BaseModel):
    carrier_id: uuid.UUID
    kind: Coded
    name: str
    district: Coded | None
    operator_uscc: str | None = Field(description="who runs it")
    address: str | None
    closed_on: dt.date | None
    version: int = Field(description="rises with every change; the ETag")


class CompletionOut(BaseModel):
    """How far a set of items is complete, for example 五个一."""

    code: str
    label: str
    complete: bool
    lacking: list[str] = Field(description="the lines for which no item is in force today")


class CarrierFileOut(CarrierOut):
    sets: list[CompletionOut]


class CarrierChange(Wanted):
    """The fields to put in place of what is stored; an absent field stays."""

    name: Line | None = None
    district_code: DistrictCode | None = None
    operator_uscc: str | None = Field(default=None, max_length=100)
    address: Line | None = None
    closed_on: dt.date | None = Field(default=None, description="not later than today")


class CarrierNew(Wanted):
    kind: Line
    name: Line
    district_code: DistrictCode
    operator_uscc: str | None = Field(default=None, max_length=100)
    address: Line | None = None


@router.get("", response_model=Page[CarrierOut])
def list_of_carriers(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    kinds: Items,
    limit: Limit = 50,
    cursor: Cursor = None,
    kind: Annotated[str | None, Query(max_length=50, pattern=PRINTABLE)] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, pattern=PRINTABLE, description="名称片段")] = None,
) -> Page[CarrierOut]:
    """Carriers in the caller's areas, by page (载体); an enterprise's client finds those it runs."""
    after = decode(cursor, (uuid.UUID,))
    rows = list_placed(
        tx,
        CarrierRow,
        {"kind": kind},
        q=q,
        district=district,
        areas=areas_of(actor),
        own=actor.uscc,
        after=after[0] if after else None,
        limit=limit,
    )
    page = cut(rows, limit, lambda row: (row.id,))
    places = reference(tx).places
    items = [CarrierOut(**_fields(row, kinds, places.name_of(row.district_code))) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get("/{carrier_id}", response_model=CarrierFileOut, responses=refusals(CarrierNotFound, OutsideJurisdiction))
def get_carrier(
    response: Response, actor: Reader, tx: ReadTx, kinds: Items, carrier_id: Annotated[uuid.UUID, Path()]
) -> CarrierFileOut:
    """One carrier, and how far what it is to have is complete (载体档案)."""
    row = Carriers(tx).get(carrier_id)
    _require_reader(actor, row)
    held = CertifiedItems(tx).held_by(carrier_id, clock.today())
    sets = []
    for each in kinds.sets.values():
        if each.carrier == row.kind:
            missing = [line.label for line in lacking(each, held)]
            sets.append(CompletionOut(code=each.code, label=each.label, complete=not missing, lacking=missing))
    response.headers["ETag"] = etags.quoted(row.version)
    return CarrierFileOut(**_fields(row, kinds, reference(tx).places.name_of(row.district_code)), sets=sets)


@router.post(
    "",
    status_code=201,
    response_model=CarrierOut,
    responses=refusals(CarrierAlreadyRecorded, ItemInvalid, UsccInvalid, OutsideJurisdiction),
)
def post_carrier(
    request: Request,
    response: Response,
    actor: ItemWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    kinds: Items,
    body: CarrierNew,
) -> CarrierOut:
    """Register a carrier (登记载体)."""
    row = register_carrier(tx, _columns(body), kinds=kinds, may=RequestAdmission(actor, request))
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    response.headers["ETag"] = etags.quoted(row.version)
    return CarrierOut(**_fields(row, kinds, reference(tx).places.name_of(row.district_code)))


@router.patch(
    "/{carrier_id}",
    response_model=CarrierOut,
    responses=refusals(
        CarrierNotFound, CarrierAlreadyRecorded, ItemInvalid, UsccInvalid, OutsideJurisdiction, etags.StaleWrite
    ),
)
def patch_carrier(
    request: Request,
    response: Response,
    actor: ItemWriter,
    tx: Tx,
    kinds: Items,
    carrier_id: Annotated[uuid.UUID, Path()],
    body: CarrierChange,
) -> CarrierOut:
    """Amend a carrier; `If-Match` with the version that was read prevents lost updates (修改载体)."""
    etags.require_match(request, Carriers(tx).get(carrier_id, locked=True).version)
    wanted = {name: value for name, value in _columns(body).items() if name in body.model_fields_set}
    wanted = {
        name: value for name, value in wanted.items() if value is not None or name not in ("name", "district_code")
    }
    row = amend_carrier(tx, carrier_id, wanted, may=RequestAdmission(actor, request))
    response.headers["ETag"] = etags.quoted(row.version)
    return CarrierOut(**_fields(row, kinds, reference(tx).places.name_of(row.district_code)))


def _columns(body: CarrierNew | CarrierChange) -> dict[str, object]:
    values = body.model_dump()
    if body.operator_uscc is not None:
        values["operator_uscc"] = checked_uscc(body.operator_uscc)
    return values


def _require_reader(actor: Actor, row: CarrierRow) -> None:
    if actor.uscc is None:
        actor.require_area(row.district_code)
    elif actor.uscc != row.operator_uscc:
        raise CarrierNotFound("没有这个载体，或它不在您的管辖区域内")


def _fields(row: CarrierRow, kinds: ItemKinds, district: str | None) -> dict[str, object]:
    return {
        "carrier_id": row.id,
        "kind": Coded(code=row.kind, label=kinds.carriers.get(row.kind, row.kind)),
        "name": row.name,
        "district": coded(row.district_code, district),
        "operator_uscc": row.operator_uscc,
        "address": row.address,
        "closed_on": row.closed_on,
        "version": row.version,
    }
