"""Certified items of enterprises and carriers (技术中心, 绿色工厂, 智能车间 …), and how many there are."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import clock
from chassis.auth import Actor, OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.errors import FieldProblem
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import (
    ItemWriter,
    Reader,
    RequestAdmission,
    areas_of,
    require_enterprise,
)
from services.registry.api.item_schemas import (
    ItemCountOut,
    ItemCountsOut,
    ItemKindOut,
    ItemKindsOut,
    ItemNew,
    ItemOut,
    ItemRevocation,
    ItemSetOut,
    ItemSubjectOut,
    SetLineOut,
    grounds_out,
)
from services.registry.api.parameters import PRINTABLE, checked_uscc
from services.registry.api.render import coded
from services.registry.api.schemas import Coded
from services.registry.api.state import Items
from services.registry.domain.errors import (
    CarrierNotFound,
    EnterpriseNotFound,
    ItemAlreadyRecorded,
    ItemInvalid,
    ItemNotFound,
    ItemRevoked,
    OwnEnterpriseOnly,
    UsccInvalid,
)
from services.registry.domain.items import ENTERPRISE, STATES, ItemKinds, StatedItem, state_of
from services.registry.store.items import CertifiedItems, ItemFilters, PlacedItem
from services.registry.store.reference import reference
from services.registry.use_cases.record_item import record_item, revoke_item

router = APIRouter(tags=["items"], route_class=Route)

StateCode = Literal["valid", "expired", "revoked"]
Code = Annotated[str | None, Query(max_length=50, pattern=PRINTABLE)]
District = Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")]


@router.get("/item-kinds", response_model=ItemKindsOut)
def list_of_item_kinds(actor: Reader, kinds: Items) -> ItemKindsOut:
    """Which certified items there are, at which levels, for whom, and on what grounds (认证项目目录)."""
    names = {ENTERPRISE: "企业", **kinds.carriers}
    return ItemKindsOut(
        edition=kinds.edition,
        sha256=kinds.sha256,
        carriers=[Coded(code=code, label=label) for code, label in kinds.carriers.items()],
        kinds=[
            ItemKindOut(
                kind=Coded(code=each.code, label=each.label),
                group=each.group,
                unit=each.unit,
                levels=[Coded(code=level, label=kinds.levels[level]) for level in each.levels],
                subjects=[Coded(code=subject, label=names[subject]) for subject in each.subjects],
                grounds=grounds_out(each),
                targets=list(each.targets),
            )
            for each in kinds.kinds.values()
        ],
        sets=[
            ItemSetOut(
                code=each.code,
                label=each.label,
                carrier=Coded(code=each.carrier, label=names[each.carrier]),
                lines=[
                    SetLineOut(
                        label=line.label,
                        any_of=[Coded(code=kind, label=kinds.label_of(kind)) for kind in line.any_of],
                        levels=[Coded(code=level, label=kinds.levels[level]) for level in line.levels],
                    )
                    for line in each.lines
                ],
                grounds=grounds_out(each),
            )
            for each in kinds.sets.values()
        ],
    )


@router.get("/items", response_model=Page[ItemOut], responses=refusals(UsccInvalid))
def list_of_items(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    kinds: Items,
    limit: Limit = 50,
    cursor: Cursor = None,
    kind: Code = None,
    level: Code = None,
    state: Annotated[StateCode | None, Query(description="有效、到期、撤销，截至今天")] = None,
    district: District = None,
    uscc: Annotated[str | None, Query(max_length=100, description="统一社会信用代码")] = None,
    carrier_id: Annotated[uuid.UUID | None, Query(description="载体")] = None,
) -> Page[ItemOut]:
    """Certified items in the caller's areas, by page (认证项目)."""
    filters = ItemFilters(
        day=clock.today(),
        kind=kind,
        level=level,
        state=state,
        district=district,
        uscc=None if uscc is None else checked_uscc(uscc),
        carrier_id=carrier_id,
        areas=areas_of(actor),
        own=actor.uscc,
    )
    after = decode(cursor, (uuid.UUID,))
    page = cut(CertifiedItems(tx).list_page(filters, after[0] if after else None, limit), limit, lambda e: (e.row.id,))
    known = reference(tx)
    items = [_out(each, kinds, known.places.name_of(each.district_code)) for each in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/item-counts",
    response_model=ItemCountsOut,
    responses=refusals(ItemInvalid),
)
def get_item_counts(
    actor: Reader,
    tx: ReadTx,
    kinds: Items,
    kind: Code = None,
    level: Code = None,
    district: District = None,
    on: Annotated[dt.date | None, Query(description="存量：这一天有效的；默认今天")] = None,
    certified_from: Annotated[dt.date | None, Query(description="新增：认定日期不早于")] = None,
    certified_until: Annotated[dt.date | None, Query(description="新增：认定日期不晚于")] = None,
) -> ItemCountsOut:
    """How many there are on a day, or how many were certified between two days, by kind and level (数量)."""
    flow = certified_from is not None or certified_until is not None
    if flow and on is not None:
        message = "on（存量）与 certified_from、certified_until（新增）只能用一种"
        raise ItemInvalid(message, problems=[FieldProblem("on", message, "stock-or-flow")])
    day = on or clock.today()
    filters = ItemFilters(
        day=day,
        kind=kind,
        level=level,
        state=None if flow else "valid",
        district=district,
        certified_from=certified_from,
        certified_until=certified_until,
        areas=areas_of(actor),
        own=actor.uscc,
    )
    counts = [
        ItemCountOut(
            kind=Coded(code=found, label=kinds.label_of(found)),
            level=Coded(code=at, label=kinds.levels.get(at, at)),
            items=items,
            subjects=subjects,
        )
        for found, at, items, subjects in CertifiedItems(tx).counts(filters)
    ]
    return ItemCountsOut(
        on=None if flow else day, certified_from=certified_from, certified_until=certified_until, counts=counts
    )


@router.get(
    "/items/{item_id}",
    response_model=ItemOut,
    responses=refusals(ItemNotFound, OutsideJurisdiction, OwnEnterpriseOnly),
)
def get_item(actor: Reader, tx: ReadTx, kinds: Items, item_id: Annotated[uuid.UUID, Path()]) -> ItemOut:
    """One certified item (项目)."""
    found = CertifiedItems(tx).get(item_id)
    _require_reader(actor, found)
    return _out(found, kinds, reference(tx).places.name_of(found.district_code))


@router.post(
    "/items",
    status_code=201,
    response_model=ItemOut,
    responses=refusals(
        EnterpriseNotFound,
        CarrierNotFound,
        ItemInvalid,
        ItemAlreadyRecorded,
        ItemRevoked,
        UsccInvalid,
        OutsideJurisdiction,
    ),
)
def post_item(
    request: Request,
    response: Response,
    actor: ItemWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    kinds: Items,
    body: ItemNew,
) -> ItemOut:
    """Record an item by its document; stated otherwise than on file it corrects that and answers 200 (登记项目)."""
    if (body.uscc is None) == (body.carrier_id is None):
        message = "请在 uscc（企业）和 carrier_id（载体）中填写一项，且只填一项"
        raise ItemInvalid(message, problems=[FieldProblem("uscc", message, "subject-missing")])
    stated = StatedItem(**body.model_dump(exclude={"uscc", "carrier_id"}))
    found, new = record_item(
        tx,
        stated,
        uscc=None if body.uscc is None else checked_uscc(body.uscc),
        carrier_id=body.carrier_id,
        kinds=kinds,
        may=RequestAdmission(actor, request),
    )
    if not new:
        response.status_code = 200
    response.headers["Location"] = f"{request.url.path}/{found.row.id}"
    return _out(found, kinds, reference(tx).places.name_of(found.district_code))


@router.post(
    "/items/{item_id}/revoke",
    response_model=ItemOut,
    responses=refusals(ItemNotFound, ItemInvalid, ItemRevoked, OutsideJurisdiction),
)
def post_item_revocation(
    request: Request,
    actor: ItemWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    kinds: Items,
    item_id: Annotated[uuid.UUID, Path()],
    body: ItemRevocation,
) -> ItemOut:
    """Revoke an item by a document (撤销项目)."""
    may = RequestAdmission(actor, request)
    found = revoke_item(tx, item_id, revoked_on=body.revoked_on, document=body.document, reason=body.reason, may=may)
    return _out(found, kinds, reference(tx).places.name_of(found.district_code))


def _require_reader(actor: Actor, found: PlacedItem) -> None:
    if found.enterprise is not None:
        require_enterprise(actor, found.enterprise.uscc, found.district_code)
    elif actor.uscc is not None:
        raise ItemNotFound("没有这个项目，或它不在您的管辖区域内")
    else:
        actor.require_area(found.district_code)


def _out(found: PlacedItem, kinds: ItemKinds, district: str | None) -> ItemOut:
    row = found.row
    state = state_of(row.revoked_on, row.valid_to, clock.today())
    subject = ENTERPRISE if found.carrier is None else found.carrier.kind
    holder = found.enterprise or found.carrier
    return ItemOut(
        item_id=row.id,
        kind=Coded(code=row.kind, label=kinds.label_of(row.kind)),
        level=Coded(code=row.level, label=kinds.levels.get(row.level, row.level)),
        subject=ItemSubjectOut(
            kind=Coded(code=subject, label={ENTERPRISE: "企业", **kinds.carriers}.get(subject, subject)),
            uscc=row.uscc,
            carrier_id=row.carrier_id,
            name=holder.name if holder else "",
            district=coded(found.district_code, district),
        ),
        name=row.name,
        number=row.number,
        document_number=row.document_number,
        decision_reference=row.decision_reference,
        issued_by=row.issued_by,
        certified_on=row.certified_on,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=Coded(code=state, label=STATES[state]),
        revoked_on=row.revoked_on,
        revoked_document=row.revoked_document,
        revoked_reason=row.revoked_reason,
        recorded_at=row.recorded_at,
    )
