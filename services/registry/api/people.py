"""What belongs to a file beside the enterprise itself: contacts, relations, the grounds of risk flags."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from chassis import etags
from chassis.auth import Actor, OutsideJurisdiction
from chassis.db import Transaction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.problems import refusals
from services.registry.api.access import (
    Editor,
    Reader,
    RequestAdmission,
    Requester,
    note_read,
    require_enterprise,
)
from services.registry.api.enterprises import RiskCode
from services.registry.api.parameters import Line, Passage, PathUscc, Purpose, checked_uscc
from services.registry.api.schemas import Coded, Wanted
from services.registry.api.state import Known
from services.registry.domain.contacts import CONTACT_ROLES, masked_email, masked_name, masked_phone
from services.registry.domain.errors import EnterpriseDissolved, EnterpriseNotFound, OwnEnterpriseOnly, UsccInvalid
from services.registry.domain.file_errors import (
    ContactInvalid,
    ContactNotFound,
    RelationInvalid,
    RelationNotFound,
    RiskRecordInvalid,
    RiskRecordNotFound,
    RiskRecordOpen,
)
from services.registry.domain.relations import HOLDERS, RELATIONS, RISK_SOURCES
from services.registry.domain.standing import risk_label
from services.registry.store.people import Contacts, Relations, RiskRecords
from services.registry.store.people_tables import ContactRow, RelationRow, RiskRecordRow
from services.registry.store.repositories import Enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.keep_contacts import add_contact, end_contact
from services.registry.use_cases.keep_relations import add_relation, end_relation
from services.registry.use_cases.keep_risks import lift_risk, record_risk

router = APIRouter(prefix="/enterprises/{uscc}", tags=["enterprises"], route_class=Route)

UNMASKED = "contacts:read"
SEEN = (EnterpriseNotFound, OutsideJurisdiction, OwnEnterpriseOnly, UsccInvalid)
WRITTEN = (*SEEN, EnterpriseDissolved, etags.StaleWrite)
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9+\-() ]{5,30}$")]
Email = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s]{1,100}@[^@\s]{1,100}$")]
Ended = Annotated[bool, Query(description="也列出已停用、已结束的")]


class ContactNew(Wanted):
    """A person to speak to."""

    role: Literal["legal_representative", "principal", "liaison", "finance", "technology"]
    name: Line
    phone: Phone | None = None
    email: Email | None = None
    position: Line | None = None


class ContactOut(BaseModel):
    """A person; masked unless the caller may see contacts, or is the enterprise itself."""

    contact_id: uuid.UUID
    role: Coded
    name: str
    phone: str | None
    email: str | None
    position: str | None
    masked: bool
    recorded_at: dt.datetime
    ended_at: dt.datetime | None = None


class ContactsOut(BaseModel):
    """The contacts of one enterprise."""

    items: list[ContactOut]


class RelationNew(Wanted):
    """Somebody controls or holds the enterprise, or it belongs to their group."""

    kind: Literal["controls", "holds", "actual_controller", "group"]
    holder: Literal["enterprise", "person", "public"]
    holder_uscc: str | None = Field(default=None, max_length=100, description="统一社会信用代码 of the holder")
    holder_name: Line
    share: Decimal | None = Field(default=None, max_digits=9, decimal_places=8, description="a ratio: 0.51 is 51%")
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    source: Line = Field(description="章程、公示信息、年度报告等")


class RelationEnd(Wanted):
    """A relation that is over; without a day it was entered in error."""

    valid_to: dt.date | None = None


class RelationOut(BaseModel):
    """A relation; a person's name is masked unless the caller may see contacts, or is the enterprise itself."""

    relation_id: uuid.UUID
    kind: Coded
    holder: Coded
    holder_uscc: str | None
    holder_name: str
    uscc: str = Field(description="the enterprise that is controlled or held")
    share: str | None = Field(description="decimal ratio; null when not known")
    valid_from: dt.date | None
    valid_to: dt.date | None
    source: str
    recorded_at: dt.datetime
    ended_at: dt.datetime | None = None


class RelationsOut(BaseModel):
    """Who holds the enterprise, and whom it holds."""

    held_by: list[RelationOut]
    holds: list[RelationOut]


class RiskNew(Wanted):
    """A public risk flag, where it was read and since when it holds."""

    flag: RiskCode
    source: Literal["gsxt", "credit_china", "court", "department", "visit"]
    listed_on: dt.date
    document: Line | None = None
    reason: Passage


class RiskLift(Wanted):
    """The flag is lifted."""

    lifted_on: dt.date
    reason: Passage


class RiskOut(BaseModel):
    """One flag and its ground; without a source it came by a list or an amendment that gave none."""

    record_id: uuid.UUID | None = Field(description="null where no ground is on record")
    flag: Coded
    in_force: bool
    source: Coded | None = None
    listed_on: dt.date | None = None
    document: str | None = None
    reason: str | None = None
    recorded_at: dt.datetime | None = None
    lifted_on: dt.date | None = None
    lifted_reason: str | None = None


class RisksOut(BaseModel):
    """The risk flags of one enterprise, those in force first."""

    items: list[RiskOut]


@router.get("/contacts", response_model=ContactsOut, responses=refusals(*SEEN))
def get_contacts(actor: Reader, tx: Tx, uscc: PathUscc, purpose: Purpose = None, ended: Ended = False) -> ContactsOut:
    """Whom to speak to (联系人): masked, or whole and then written into the log of the file's readers."""
    _seen(tx, actor, uscc)
    rows = Contacts(tx).list_of(uscc, ended=ended)
    whole = sees_people(actor, uscc)
    if whole and rows:
        note_read(tx, actor, uscc, "contacts", purpose=purpose)
    return ContactsOut(items=[contact_out(row, whole=whole) for row in rows])


@router.post("/contacts", status_code=201, response_model=ContactOut, responses=refusals(*WRITTEN, ContactInvalid))
def post_contact(
    request: Request, actor: Requester, tx: Tx, _: Annotated[None, Idempotent], uscc: PathUscc, body: ContactNew
) -> ContactOut:
    """Enter a contact; the enterprise may itself (登记联系人)."""
    row = add_contact(tx, uscc, **body.model_dump(), may=RequestAdmission(actor, request))
    return contact_out(row, whole=sees_people(actor, uscc))


@router.post("/contacts/{contact_id}/end", response_model=ContactOut, responses=refusals(*WRITTEN, ContactNotFound))
def post_contact_end(
    request: Request, actor: Requester, tx: Tx, uscc: PathUscc, contact_id: Annotated[uuid.UUID, Path()]
) -> ContactOut:
    """A contact that is not to be used any more (停用联系人)."""
    row = end_contact(tx, uscc, contact_id, may=RequestAdmission(actor, request))
    return contact_out(row, whole=sees_people(actor, uscc))


@router.get("/relations", response_model=RelationsOut, responses=refusals(*SEEN))
def get_relations(actor: Reader, tx: ReadTx, uscc: PathUscc, ended: Ended = False) -> RelationsOut:
    """Who controls and holds the enterprise, and whom it holds itself (股权和控制关系)."""
    _seen(tx, actor, uscc)
    rows = Relations(tx).list_of(uscc, ended=ended)
    whole = sees_people(actor, uscc)
    return RelationsOut(
        held_by=[relation_out(row, whole=whole) for row in rows if row.uscc == uscc],
        holds=[relation_out(row, whole=whole) for row in rows if row.uscc != uscc],
    )


@router.post("/relations", status_code=201, response_model=RelationOut, responses=refusals(*WRITTEN, RelationInvalid))
def post_relation(
    request: Request, actor: Editor, tx: Tx, _: Annotated[None, Idempotent], uscc: PathUscc, body: RelationNew
) -> RelationOut:
    """Enter who controls or holds the enterprise (登记关联关系)."""
    stated = body.model_dump()
    stated["holder_uscc"] = None if body.holder_uscc is None else checked_uscc(body.holder_uscc)
    return relation_out(add_relation(tx, uscc, stated, may=RequestAdmission(actor, request)), whole=True)


@router.post(
    "/relations/{relation_id}/end",
    response_model=RelationOut,
    responses=refusals(*WRITTEN, RelationNotFound, RelationInvalid),
)
def post_relation_end(
    request: Request,
    actor: Editor,
    tx: Tx,
    uscc: PathUscc,
    relation_id: Annotated[uuid.UUID, Path()],
    body: RelationEnd,
) -> RelationOut:
    """A relation that is over (结束关联关系)."""
    may = RequestAdmission(actor, request)
    return relation_out(end_relation(tx, uscc, relation_id, valid_to=body.valid_to, may=may), whole=True)


@router.get("/risk-flags", response_model=RisksOut, responses=refusals(*SEEN))
def get_risk_flags(actor: Reader, tx: ReadTx, uscc: PathUscc) -> RisksOut:
    """The public risk flags with source and days, lifted ones too (风险提示)."""
    return RisksOut(items=risks_out(_seen(tx, actor, uscc), RiskRecords(tx).list_of(uscc)))


@router.post(
    "/risk-flags",
    status_code=201,
    response_model=RiskOut,
    responses=refusals(*WRITTEN, RiskRecordInvalid, RiskRecordOpen),
)
def post_risk_flag(
    request: Request,
    actor: Editor,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    body: RiskNew,
    knowledge: Known,
) -> RiskOut:
    """Put a flag on the enterprise with its source (登记风险提示)."""
    may = RequestAdmission(actor, request)
    return risk_out(record_risk(tx, uscc, **body.model_dump(), knowledge=knowledge, may=may), in_force=True)


@router.post(
    "/risk-flags/{record_id}/lift",
    response_model=RiskOut,
    responses=refusals(*WRITTEN, RiskRecordInvalid, RiskRecordNotFound),
)
def post_risk_lift(
    request: Request,
    actor: Editor,
    tx: Tx,
    uscc: PathUscc,
    record_id: Annotated[uuid.UUID, Path()],
    body: RiskLift,
    knowledge: Known,
) -> RiskOut:
    """Take the flag off (移出风险提示)."""
    may = RequestAdmission(actor, request)
    lifted = lift_risk(tx, uscc, record_id, **body.model_dump(), knowledge=knowledge, may=may)
    return risk_out(lifted, in_force=False)


def sees_people(actor: Actor, uscc: str) -> bool:
    """Whether people are shown whole: by the scope, or because it is the caller's own enterprise."""
    return UNMASKED in actor.scopes or actor.uscc == uscc


def contact_out(row: ContactRow, *, whole: bool) -> ContactOut:
    return ContactOut(
        contact_id=row.id,
        role=Coded(code=row.role, label=CONTACT_ROLES[row.role]),
        name=row.name if whole else masked_name(row.name),
        phone=row.phone if whole or row.phone is None else masked_phone(row.phone),
        email=row.email if whole or row.email is None else masked_email(row.email),
        position=row.position,
        masked=not whole,
        recorded_at=row.recorded_at,
        ended_at=row.ended_at,
    )


def relation_out(row: RelationRow, *, whole: bool) -> RelationOut:
    return RelationOut(
        relation_id=row.id,
        kind=Coded(code=row.kind, label=RELATIONS[row.kind]),
        holder=Coded(code=row.holder, label=HOLDERS[row.holder]),
        holder_uscc=row.holder_uscc,
        holder_name=row.holder_name if whole or row.holder != "person" else masked_name(row.holder_name),
        uscc=row.uscc,
        share=None if row.share is None else format(row.share.normalize(), "f"),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
        recorded_at=row.recorded_at,
        ended_at=row.ended_at,
    )


def risks_out(enterprise: EnterpriseRow, records: Sequence[RiskRecordRow]) -> list[RiskOut]:
    """Flags in force, each with its ground where one is on record; then what was lifted.

    A record whose flag a list or an amendment took off is not in force, whether somebody lifted it or not.
    """
    grounds = {row.flag: row for row in records if row.lifted_at is None}
    found = [
        risk_out(grounds[flag], in_force=True)
        if flag in grounds
        else RiskOut(record_id=None, flag=Coded(code=flag, label=risk_label(flag)), in_force=True)
        for flag in enterprise.risk_flags
    ]
    shown = {each.record_id for each in found}
    return found + [risk_out(row, in_force=False) for row in records if row.id not in shown]


def risk_out(row: RiskRecordRow, *, in_force: bool) -> RiskOut:
    return RiskOut(
        record_id=row.id,
        flag=Coded(code=row.flag, label=risk_label(row.flag)),
        in_force=in_force,
        source=Coded(code=row.source, label=RISK_SOURCES[row.source]),
        listed_on=row.listed_on,
        document=row.document,
        reason=row.reason,
        recorded_at=row.recorded_at,
        lifted_on=row.lifted_on,
        lifted_reason=row.lifted_reason,
    )


def _seen(tx: Transaction, actor: Actor, uscc: str) -> EnterpriseRow:
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    return row
