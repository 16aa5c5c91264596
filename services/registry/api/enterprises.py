"""Enterprises: the list, the file of one, registering and amending."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import Editor, Reader, RequestAdmission, note_read, party_of, require_enterprise
from services.registry.api.filters import ListFilters, seen_by
from services.registry.api.parameters import AsOf, Line, PathUscc, Purpose, checked_uscc
from services.registry.api.render import Facets, enterprise_file, enterprise_out, past_facets
from services.registry.api.schemas import EnterpriseFile, EnterpriseOut, Wanted
from services.registry.api.state import Changing, Cycles, Known, ToolsOf
from services.registry.domain.enterprises import Identity
from services.registry.domain.errors import (
    EnterpriseAlreadyRegistered,
    EnterpriseDissolved,
    EnterpriseInvalid,
    EnterpriseNotFound,
    OwnEnterpriseOnly,
    UsccInvalid,
)
from services.registry.domain.file_errors import (
    ChangeRequestOpen,
    ChangeRequestRequired,
    MomentAhead,
    MomentInvalid,
    NotRegisteredThen,
)
from services.registry.domain.periods import last_complete_year
from services.registry.domain.stated_enterprises import read_fields
from services.registry.store.history import History, see_one_moment
from services.registry.store.parks import ParkStays
from services.registry.store.queries import list_enterprises, sort_key
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Facts, Titles, require_open
from services.registry.store.successions import successions_of
from services.registry.use_cases.amend_directly import amend_directly
from services.registry.use_cases.register_enterprise import register_enterprise

router = APIRouter(prefix="/enterprises", tags=["enterprises"], route_class=Route)

StatusCode = Literal["active", "suspended", "revoked", "annulled", "deregistered", "moved_out"]
ListingCode = Literal["unlisted", "regional", "neeq", "bse", "sse", "szse", "overseas"]
RiskCode = Literal["abnormal_operation", "serious_dishonesty", "stopped"]


class EnterpriseChange(Wanted):
    """The fields to put in place of what is stored; an absent field stays, null takes it away."""

    name: Line | None = None
    registered_address: Line | None = None
    actual_address: Line | None = None
    district_code: Annotated[str, Field(pattern=r"^\d{6}$")] | None = Field(default=None, description="GB/T 2260")
    industry_code: Line | None = Field(default=None, description="GB/T 4754-2017, for example 3911")
    established_on: dt.date | None = None
    registered_capital: Decimal | None = Field(
        default=None, description="whole units of the currency", max_digits=20, decimal_places=6
    )
    registered_capital_currency: Line | None = Field(default=None, description="ISO 4217; CNY when absent")
    status: StatusCode | None = None
    listing_status: ListingCode | None = None
    risk_flags: list[RiskCode] | None = Field(default=None, max_length=10)
    synthetic: bool | None = None


class EnterpriseNew(EnterpriseChange):
    """An enterprise to register."""

    uscc: str = Field(description="统一社会信用代码, 18 characters", max_length=100)
    name: Line


@router.get("", response_model=Page[EnterpriseOut])
def list_of_enterprises(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    filters: ListFilters,
    limit: Limit = 50,
    cursor: Cursor = None,
    sort: Annotated[Literal["uscc", "name"], Query(description="排序：信用代码或名称")] = "uscc",
) -> Page[EnterpriseOut]:
    """Enterprises in the caller's areas, by page; an enterprise's client finds itself only."""
    after = decode(cursor, (str,) if sort == "uscc" else (str, str))
    page = cut(
        list_enterprises(tx, seen_by(actor, filters), sort=sort, after=after, limit=limit),
        limit,
        lambda row: sort_key(sort, row),
    )
    known = reference(tx)
    items = [enterprise_out(row, known) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/{uscc}",
    response_model=EnterpriseFile,
    responses=refusals(
        EnterpriseNotFound,
        OutsideJurisdiction,
        OwnEnterpriseOnly,
        UsccInvalid,
        MomentInvalid,
        MomentAhead,
        NotRegisteredThen,
        EnterpriseDissolved,
    ),
)
def get_enterprise(
    request: Request,
    response: Response,
    actor: Reader,
    tx: Tx,
    uscc: PathUscc,
    knowledge: Known,
    cycles: Cycles,
    moment: AsOf,
    purpose: Purpose = None,
) -> EnterpriseFile | Response:
    """One enterprise with its titles, its facts by year and how complete they are, now or at a past moment (企业档案).

    Whoever is shown it stands in the file's log of readers.
    """
    see_one_moment(tx)
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    history = History(tx, row)
    if moment is None:
        require_open(row)
        etag = etags.quoted(row.version)
        response.headers["ETag"] = etag
        if unchanged := etags.not_modified(request, etag):
            return unchanged
        found = Facets(
            row,
            Titles(tx).list_of(uscc),
            Facts(tx).periods(uscc),
            history.former_names(),
            ParkStays(tx).present([uscc]).get(uscc),
            None,
            (),
            *successions_of(tx, uscc),
        )
    else:
        found = past_facets(tx, row, history, moment)
    note_read(tx, actor, uscc, "file", purpose=purpose, as_of=moment)
    return enterprise_file(
        found,
        known=reference(tx),
        dictionary=knowledge.dictionary,
        life_cycles=cycles,
        fiscal_year=last_complete_year(clock.today() if moment is None else moment.astimezone(clock.SHANGHAI).date()),
    )


@router.post(
    "",
    status_code=201,
    response_model=EnterpriseOut,
    responses=refusals(EnterpriseAlreadyRegistered, EnterpriseInvalid, UsccInvalid, OutsideJurisdiction),
)
def post_enterprise(
    request: Request,
    response: Response,
    actor: Editor,
    tx: Tx,
    _: Annotated[None, Idempotent],
    body: EnterpriseNew,
    knowledge: Known,
) -> EnterpriseOut:
    """Register one enterprise (登记企业)."""
    uscc = checked_uscc(body.uscc)
    known = reference(tx)
    stated = {name: getattr(body, name) for name in body.model_fields_set if name != "uscc"}
    fields = read_fields(stated, places=known.places, industries=known.industries, today=clock.today())
    may = RequestAdmission(actor, request)
    row = register_enterprise(tx, uscc, Identity(**fields), knowledge=knowledge, may=may)
    response.headers["Location"] = f"{request.url.path}/{uscc}"
    response.headers["ETag"] = etags.quoted(row.version)
    return enterprise_out(row, known)


@router.patch(
    "/{uscc}",
    response_model=EnterpriseOut,
    responses=refusals(
        EnterpriseNotFound,
        EnterpriseInvalid,
        UsccInvalid,
        OutsideJurisdiction,
        etags.StaleWrite,
        ChangeRequestRequired,
        ChangeRequestOpen,
        EnterpriseDissolved,
    ),
)
def patch_enterprise(
    request: Request,
    response: Response,
    actor: Editor,
    tx: Tx,
    uscc: PathUscc,
    body: EnterpriseChange,
    rules: Changing,
    tools: ToolsOf,
) -> EnterpriseOut:
    """Amend what an official may decide alone; all else by a change request (修改企业信息).

    `If-Match` with the version that was read prevents lost updates.
    """
    known = reference(tx)
    stated = {name: getattr(body, name) for name in body.model_fields_set}
    fields = read_fields(stated, places=known.places, industries=known.industries, today=clock.today())
    may = RequestAdmission(actor, request)
    row = amend_directly(tx, uscc, fields, rules=rules, tools=tools, party=party_of(actor), may=may)
    response.headers["ETag"] = etags.quoted(row.version)
    return enterprise_out(row, known)
