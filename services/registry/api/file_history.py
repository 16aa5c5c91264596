"""The past of one enterprise's file: what changed field by field, its names, and who read it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import etags
from chassis.auth import Actor, OutsideJurisdiction
from chassis.db import Transaction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import Editor, Reader, RequestAdmission, note_read, require_enterprise
from services.registry.api.parameters import Line, PathUscc, Purpose
from services.registry.api.render import fact_out, former_name_out
from services.registry.api.schemas import Coded, FactOut, FormerNameOut, Wanted
from services.registry.api.state import Known
from services.registry.domain.errors import EnterpriseNotFound, OwnEnterpriseOnly, UsccInvalid
from services.registry.domain.file_errors import FormerNameInvalid, FormerNameKnown
from services.registry.domain.past import LABELS, PARTS
from services.registry.store.file_tables import FileReadRow, FormerStateRow
from services.registry.store.history import FileReads, History, see_one_moment
from services.registry.store.repositories import Enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.state_former_name import state_former_name

router = APIRouter(prefix="/enterprises/{uscc}", tags=["file history"], route_class=Route)

REFUSED = (EnterpriseNotFound, OutsideJurisdiction, OwnEnterpriseOnly, UsccInvalid)
FieldName = Literal[
    "name",
    "registered_address",
    "actual_address",
    "district_code",
    "industry_code",
    "established_on",
    "registered_capital",
    "registered_capital_currency",
    "status",
    "risk_flags",
    "listing_status",
    "synthetic",
    "size_class",
    "size_reason",
]


class FieldChangeOut(BaseModel):
    """One field that became another; codes are those that were stored."""

    field: str
    label: str
    before: Any
    before_known: bool = Field(description="false where the former value was not kept; `before` is null then")
    after: Any
    after_known: bool = Field(description="false where the next value was not kept either; `after` is null then")


class StateChangeOut(BaseModel):
    """What changed of the enterprise itself at one moment, and by whom."""

    recorded_at: dt.datetime
    recorded_by: str | None = Field(description="null where it was not kept")
    version: int = Field(description="the enterprise's version from then on")
    import_id: uuid.UUID | None = None
    request_id: uuid.UUID | None = Field(default=None, description="the change request that was approved")
    changes: list[FieldChangeOut]


class FactChangeOut(BaseModel):
    """One fact of one period that changed; null `after` is withdrawn, null `before` was missing."""

    fact: str
    label: str
    before: FactOut | None
    after: FactOut | None


class FactRevisionOut(BaseModel):
    """What changed in the facts of one period at one moment, and by whom."""

    recorded_at: dt.datetime
    recorded_by: str
    fiscal_year: int = Field(description="0 for facts that hold as of a date")
    import_id: uuid.UUID | None = None
    changes: list[FactChangeOut]


class FileReadOut(BaseModel):
    """Somebody was shown the file."""

    read_at: dt.datetime
    reader: str
    roles: list[str]
    department: str | None = None
    part: Coded
    purpose: str | None = Field(default=None, description="as the reader gave it")
    as_of: dt.datetime | None = Field(default=None, description="the past moment whose state was shown")


class FormerNameNew(Wanted):
    """A name that the enterprise bore before, with its days by a document."""

    name: Line
    valid_from: dt.date | None = Field(default=None, description="first day of the name")
    valid_to: dt.date | None = Field(default=None, description="its last day")
    document: Line = Field(description="登记机关的变更通知书文号，或名单、公告的文号")


@router.get("/history", response_model=Page[StateChangeOut], responses=refusals(*REFUSED))
def get_history(
    request: Request,
    response: Response,
    actor: Reader,
    tx: Tx,
    uscc: PathUscc,
    limit: Limit = 50,
    cursor: Cursor = None,
    field: Annotated[FieldName | None, Query(description="只看改过该字段的变更")] = None,
    purpose: Purpose = None,
) -> Page[StateChangeOut]:
    """What changed of the enterprise itself, field by field, the latest first (变更历史)."""
    history = _history(tx, actor, uscc)
    after = decode(cursor, (int,))
    page = cut(history.states(field, after[0] if after else None, limit), limit, lambda row: (row.id,))
    note_read(tx, actor, uscc, "history", purpose=purpose)
    items = [_state_change(row, history.state_after(row)) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get("/facts/history", response_model=Page[FactRevisionOut], responses=refusals(*REFUSED))
def get_fact_history(
    request: Request,
    response: Response,
    actor: Reader,
    tx: Tx,
    uscc: PathUscc,
    knowledge: Known,
    limit: Limit = 50,
    cursor: Cursor = None,
    fact: Annotated[Line | None, Query(description="只看该指标，填指标编号")] = None,
    fiscal_year: Annotated[int | None, Query(ge=0, le=2100, description="只看该年度；0 为时点指标")] = None,
    purpose: Purpose = None,
) -> Page[FactRevisionOut]:
    """What changed of the facts, the latest first (指标变更历史)."""
    history = _history(tx, actor, uscc)
    after = decode(cursor, (int,))
    rows = history.revisions(fact=fact, fiscal_year=fiscal_year, before=after[0] if after else None, limit=limit)
    page = cut(rows, limit, lambda row: (row.id,))
    note_read(tx, actor, uscc, "history", purpose=purpose)
    dictionary = knowledge.dictionary
    items: list[FactRevisionOut] = []
    for row in page.rows:
        changes: list[FactChangeOut] = []
        for each in (fact,) if fact else sorted(row.changed):
            before, now, meant = history.entry_before(row, each), row.changed[each], dictionary.find(each)
            changes.append(
                FactChangeOut(
                    fact=each,
                    label=meant.label if meant else each,
                    before=None if before is None else fact_out(each, before, dictionary),
                    after=None if now is None else fact_out(each, now, dictionary),
                )
            )
        items.append(
            FactRevisionOut(
                recorded_at=row.recorded_at,
                recorded_by=row.recorded_by,
                fiscal_year=row.fiscal_year,
                import_id=row.import_id,
                changes=changes,
            )
        )
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get("/reads", response_model=Page[FileReadOut], responses=refusals(*REFUSED))
def get_reads(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    uscc: PathUscc,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[FileReadOut]:
    """Who was shown this file, when and for what, the latest first; the enterprise sees it too (查阅记录)."""
    _seen(tx, actor, uscc)
    after = decode(cursor, (int,))
    page = cut(FileReads(tx).list_page(uscc, after[0] if after else None, limit), limit, lambda row: (row.id,))
    return Page(items=[_read(row) for row in page.rows], next_cursor=link_next(request, response, page.after))


@router.post(
    "/former-names",
    status_code=201,
    response_model=FormerNameOut,
    responses=refusals(*REFUSED, FormerNameInvalid, FormerNameKnown, etags.StaleWrite),
)
def post_former_name(
    request: Request,
    actor: Editor,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    body: FormerNameNew,
) -> FormerNameOut:
    """Enter a name that the enterprise bore before the register knew it, or the days of a known one (补登曾用名)."""
    row = state_former_name(tx, uscc, **body.model_dump(), may=RequestAdmission(actor, request))
    return former_name_out(row)


def _seen(tx: Transaction, actor: Actor, uscc: str) -> EnterpriseRow:
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    return row


def _history(tx: Transaction, actor: Actor, uscc: str) -> History:
    see_one_moment(tx)
    return History(tx, _seen(tx, actor, uscc))


def _state_change(row: FormerStateRow, after: dict[str, Any]) -> StateChangeOut:
    return StateChangeOut(
        recorded_at=row.until,
        recorded_by=row.ended_by,
        version=row.until_version,
        import_id=row.import_id,
        request_id=row.request_id,
        changes=[
            FieldChangeOut(
                field=name,
                label=LABELS.get(name, name),
                before=row.state.get(name),
                before_known=name in row.state,
                after=after.get(name),
                after_known=name in after,
            )
            for name in row.changed
        ],
    )


def _read(row: FileReadRow) -> FileReadOut:
    return FileReadOut(
        read_at=row.read_at,
        reader=row.reader,
        roles=list(row.roles),
        department=row.department,
        part=Coded(code=row.part, label=PARTS.get(row.part, row.part)),
        purpose=row.purpose,
        as_of=row.as_of,
    )
