"""The pool of major industrial projects (重大产业项目库)."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import etags
from chassis.auth import Actor, OutsideJurisdiction
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
    EnterpriseNotFound,
    ItemInvalid,
    ProjectAlreadyRecorded,
    ProjectNotFound,
    UsccInvalid,
)
from services.registry.domain.items import ItemKinds
from services.registry.domain.projects import STAGES
from services.registry.store.item_tables import MajorProjectRow
from services.registry.store.items import Projects, list_placed
from services.registry.store.reference import Reference, reference
from services.registry.use_cases.record_register import amend_project, record_project

router = APIRouter(prefix="/projects", tags=["items"], route_class=Route)

Stage = Literal["reserve", "approved", "started", "building", "completed", "operating", "suspended"]
_NEVER_NULL = ("name", "district_code", "stage", "entered_on", "document_number")


class ProjectOut(BaseModel):
    """One project of the pool."""

    project_id: uuid.UUID
    number: str | None
    level: Coded
    name: str
    uscc: str | None = Field(description="the registered enterprise whose project it is")
    district: Coded | None
    industry: Coded | None
    investment_yuan: str | None = Field(description="总投资, decimal, yuan; null when not known")
    stage: Coded
    entered_on: dt.date
    document_number: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    left_on: dt.date | None
    left_reason: str | None
    version: int


class ProjectChange(Wanted):
    """The fields to put in place of what is stored; an absent field stays."""

    name: Line | None = None
    uscc: str | None = Field(default=None, max_length=100)
    district_code: DistrictCode | None = None
    industry_code: Line | None = None
    investment_yuan: Decimal | None = Field(default=None, max_digits=20, decimal_places=2)
    stage: Stage | None = None
    entered_on: dt.date | None = None
    document_number: Line | None = None
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    left_on: dt.date | None = None
    left_reason: Passage | None = None


class ProjectNew(Wanted):
    """A project that a document put into the pool of a level."""

    number: Line | None = Field(default=None, description="项目库编号")
    level: Line = Field(description="nation, province, city, district")
    name: Line
    uscc: str | None = Field(default=None, max_length=100)
    district_code: DistrictCode
    industry_code: Line | None = None
    investment_yuan: Decimal | None = Field(default=None, max_digits=20, decimal_places=2)
    stage: Stage
    entered_on: dt.date
    document_number: Line
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None


@router.get("", response_model=Page[ProjectOut])
def list_of_projects(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    kinds: Items,
    limit: Limit = 50,
    cursor: Cursor = None,
    level: Annotated[str | None, Query(max_length=50, pattern=PRINTABLE)] = None,
    stage: Annotated[Stage | None, Query(description="储备、立项、开工、在建、竣工、投产、停建")] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    present: Annotated[bool | None, Query(description="true: 在库的; false: 已出库的")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=100, pattern=PRINTABLE, description="名称片段")] = None,
) -> Page[ProjectOut]:
    """Projects of the pool in the caller's areas, by page (重大产业项目库)."""
    after = decode(cursor, (uuid.UUID,))
    rows = list_placed(
        tx,
        MajorProjectRow,
        {"level": level, "stage": stage},
        q=q,
        district=district,
        areas=areas_of(actor),
        own=actor.uscc,
        present=present,
        after=after[0] if after else None,
        limit=limit,
    )
    page = cut(rows, limit, lambda row: (row.id,))
    known = reference(tx)
    return Page(
        items=[_out(row, kinds, known) for row in page.rows], next_cursor=link_next(request, response, page.after)
    )


@router.get("/{project_id}", response_model=ProjectOut, responses=refusals(ProjectNotFound, OutsideJurisdiction))
def get_project(
    response: Response, actor: Reader, tx: ReadTx, kinds: Items, project_id: Annotated[uuid.UUID, Path()]
) -> ProjectOut:
    """One project (项目)."""
    row = Projects(tx).get(project_id)
    _require_reader(actor, row)
    response.headers["ETag"] = etags.quoted(row.version)
    return _out(row, kinds, reference(tx))


@router.post(
    "",
    status_code=201,
    response_model=ProjectOut,
    responses=refusals(EnterpriseNotFound, ProjectAlreadyRecorded, ItemInvalid, UsccInvalid, OutsideJurisdiction),
)
def post_project(
    request: Request,
    response: Response,
    actor: ItemWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    kinds: Items,
    body: ProjectNew,
) -> ProjectOut:
    """Enter a project into the pool by its document (项目入库)."""
    row = record_project(tx, _columns(body), kinds=kinds, may=RequestAdmission(actor, request))
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    response.headers["ETag"] = etags.quoted(row.version)
    return _out(row, kinds, reference(tx))


@router.patch(
    "/{project_id}",
    response_model=ProjectOut,
    responses=refusals(
        EnterpriseNotFound, ProjectNotFound, ItemInvalid, UsccInvalid, OutsideJurisdiction, etags.StaleWrite
    ),
)
def patch_project(
    request: Request,
    response: Response,
    actor: ItemWriter,
    tx: Tx,
    kinds: Items,
    project_id: Annotated[uuid.UUID, Path()],
    body: ProjectChange,
) -> ProjectOut:
    """Amend a project, for example its stage, or that it left the pool and why (更新项目)."""
    etags.require_match(request, Projects(tx).get(project_id, locked=True).version)
    stated = {name: value for name, value in _columns(body).items() if name in body.model_fields_set}
    wanted = {name: value for name, value in stated.items() if value is not None or name not in _NEVER_NULL}
    row = amend_project(tx, project_id, wanted, kinds=kinds, may=RequestAdmission(actor, request))
    response.headers["ETag"] = etags.quoted(row.version)
    return _out(row, kinds, reference(tx))


def _columns(body: ProjectNew | ProjectChange) -> dict[str, object]:
    values = body.model_dump()
    if body.uscc is not None:
        values["uscc"] = checked_uscc(body.uscc)
    return values


def _require_reader(actor: Actor, row: MajorProjectRow) -> None:
    if actor.uscc is None:
        actor.require_area(row.district_code)
    elif actor.uscc != row.uscc:
        raise ProjectNotFound("没有这个项目，或它不在您的管辖区域内")


def _out(row: MajorProjectRow, kinds: ItemKinds, known: Reference) -> ProjectOut:
    industry = known.industries.by_code.get(row.industry_code or "")
    return ProjectOut(
        project_id=row.id,
        number=row.number,
        level=Coded(code=row.level, label=kinds.levels.get(row.level, row.level)),
        name=row.name,
        uscc=row.uscc,
        district=coded(row.district_code, known.places.name_of(row.district_code)),
        industry=coded(row.industry_code, industry.name if industry else None),
        investment_yuan=None if row.investment_yuan is None else format(row.investment_yuan.normalize(), "f"),
        stage=Coded(code=row.stage, label=STAGES[row.stage]),
        entered_on=row.entered_on,
        document_number=row.document_number,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        left_on=row.left_on,
        left_reason=row.left_reason,
        version=row.version,
    )
