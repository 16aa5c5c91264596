"""Scorecards, rankings (赛马, 综合评价) and bulletins (通报): only where the plan orders them."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chassis.auth import Actor
from chassis.db import Transaction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import OFFICIALS
from services.registry.api.parameters import Line, Passage
from services.registry.api.programme_access import (
    Compiled,
    ProgrammeReader,
    ProgrammeWriter,
    RequestProgrammeAdmission,
    in_use,
)
from services.registry.api.programme_reports import WORD
from services.registry.api.programme_schemas import ProgrammeId
from services.registry.api.programme_target_render import plain
from services.registry.api.schemas import Coded, Wanted
from services.registry.domain.programmes.catalog import Catalog
from services.registry.domain.programmes.errors import (
    BulletinNotFound,
    BulletinStateWrong,
    NotOrdered,
    ProgrammeNotFound,
    ProgrammeOutsideJurisdiction,
    ScorecardMissing,
    ScorecardRefused,
)
from services.registry.domain.programmes.model import ORDERS
from services.registry.domain.programmes.scoring import Mark
from services.registry.store.programme_bulletins import Bulletins
from services.registry.store.programme_tables import BulletinRow
from services.registry.use_cases.programmes.bulletins import (
    STATES,
    as_report,
    draft_bulletin,
    issue_bulletin,
    move_bulletin,
)
from services.registry.use_cases.programmes.rank import ranking, scorecard_of, set_scorecard

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)

Year = Annotated[int, Query(ge=2000, le=2100, description="年份")]
KindCode = Literal["area", "park", "unit"]
Weight = Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)]


class ScorecardPut(Wanted):
    """Weights by line: a target's id, or `tasks` for the share of due tasks that are closed. They add up to 100."""

    weights: dict[str, Weight] = Field(min_length=1, max_length=50)
    document: Line = Field(description="考核办法的名称和文号")


class ScorecardOut(BaseModel):
    """The weights that count."""

    weights: dict[str, str]
    document: str
    recorded_at: dt.datetime


class MarkOut(BaseModel):
    """One line of a card."""

    line: str
    label: str
    weight: str
    wanted: str | None
    attained: str | None
    points: str | None
    applies: bool = Field(description="false: nothing was assigned, the weight goes to the other lines")
    missing: str | None


class PlacedOut(BaseModel):
    """An area or unit with its place; without a number for an applicable line there is no total and no place."""

    place: int | None
    assignee: Coded
    total: str | None
    missing: str | None
    marks: list[MarkOut]


class BulletinNew(Wanted):
    """A draft. The figures of this moment are kept with it."""

    kind: Literal["bulletin", "ranking", "scorecard"]
    subject: Line
    text: Passage
    year: int = Field(ge=2000, le=2100, description="排名的年份")
    assignees: KindCode = Field(default="area", description="排名按地区 area、按园区 park 或按单位 unit")


class StepNew(Wanted):
    """Submit (送审签), approve (审签) or return (退回) with a reason."""

    step: Literal["submit", "approve", "return"]
    reason: Passage | None = None


class IssueNew(Wanted):
    """The number under which it is issued."""

    document_number: Line


class BulletinSummary(BaseModel):
    """A bulletin and where it stands."""

    id: uuid.UUID
    kind: Coded
    subject: str
    state: Coded
    document_number: str | None
    drafted_at: dt.datetime


class BulletinOut(BulletinSummary):
    """A bulletin with its figures as they were when it was drafted, and who did what when."""

    text: str
    content: dict[str, Any]
    steps: list[dict[str, str]]


@router.put(
    "/scorecard",
    response_model=ScorecardOut,
    responses=refusals(ProgrammeNotFound, NotOrdered, ScorecardRefused, ProgrammeOutsideJurisdiction),
)
def put_scorecard(
    actor: ProgrammeWriter, tx: Tx, catalog: Compiled, programme_id: ProgrammeId, body: ScorecardPut
) -> ScorecardOut:
    """Set the weights of the scorecard by a document (计分权重)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    row = set_scorecard(tx, programme, body.weights, body.document)
    return ScorecardOut(weights=row.weights, document=row.document, recorded_at=row.recorded_at)


@router.get(
    "/scorecard",
    response_model=ScorecardOut,
    responses=refusals(ProgrammeNotFound, NotOrdered, ScorecardMissing),
)
def get_scorecard(actor: ProgrammeReader, tx: ReadTx, catalog: Compiled, programme_id: ProgrammeId) -> ScorecardOut:
    """The weights that count (计分权重)."""
    row = scorecard_of(tx, in_use(tx, catalog, actor, programme_id))
    return ScorecardOut(weights=row.weights, document=row.document, recorded_at=row.recorded_at)


@router.get(
    "/ranking",
    response_model=list[PlacedOut],
    responses=refusals(ProgrammeNotFound, NotOrdered, ScorecardMissing),
)
def get_ranking(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    year: Year,
    kind: Annotated[KindCode, Query(description="按地区 area、按园区 park 或按单位 unit")] = "area",
) -> list[PlacedOut]:
    """Areas or units by their weighted shares of what was assigned to them (赛马排名、综合评价)."""
    found = ranking(tx, in_use(tx, catalog, actor, programme_id), year, kind)
    return [
        PlacedOut(
            place=each.place,
            assignee=Coded(code=each.card.assignee, label=each.card.name),
            total=plain(each.card.total),
            missing=each.card.missing or None,
            marks=[_mark(mark) for mark in each.card.marks],
        )
        for each in found
    ]


@router.post(
    "/bulletins",
    status_code=201,
    response_model=BulletinOut,
    responses=refusals(ProgrammeNotFound, NotOrdered, ScorecardMissing, ProgrammeOutsideJurisdiction),
)
def post_bulletin(
    request: Request,
    response: Response,
    actor: ProgrammeWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    catalog: Compiled,
    programme_id: ProgrammeId,
    body: BulletinNew,
) -> BulletinOut:
    """Draft a bulletin or the publication of a ranking, where the plan orders it (起草通报)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    row = draft_bulletin(tx, programme, **body.model_dump())
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return _bulletin(row)


@router.get("/bulletins", response_model=Page[BulletinSummary], responses=refusals(ProgrammeNotFound))
def list_of_bulletins(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[BulletinSummary]:
    """Bulletins, the newest first; who does not work on them sees those that were issued (通报一览)."""
    programme = in_use(tx, catalog, actor, programme_id)
    after = decode(cursor, (uuid.UUID,))
    rows = Bulletins(tx).list_page(
        programme.id, issued=not _works_on_them(actor), after=after[0] if after else None, limit=limit
    )
    page = cut(rows, limit, lambda row: (row.id,))
    items = [BulletinSummary(**_summary(row)) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/bulletins/{bulletin_id}",
    response_model=BulletinOut,
    responses=refusals(ProgrammeNotFound, BulletinNotFound),
)
def get_bulletin(
    actor: ProgrammeReader, tx: ReadTx, catalog: Compiled, programme_id: ProgrammeId, bulletin_id: uuid.UUID
) -> BulletinOut:
    """One bulletin (通报)."""
    return _bulletin(_visible(tx, catalog, actor, programme_id, bulletin_id))


@router.get(
    "/bulletins/{bulletin_id}/file",
    response_class=Response,
    responses={200: {"content": {WORD: {}}}, **refusals(ProgrammeNotFound, BulletinNotFound)},
)
def get_bulletin_file(
    actor: ProgrammeReader, tx: ReadTx, catalog: Compiled, programme_id: ProgrammeId, bulletin_id: uuid.UUID
) -> Response:
    """One bulletin as a Word file (通报文稿)."""
    from services.registry.use_cases.programmes.render_word import render_word  # loads python-docx: few are downloaded

    row = _visible(tx, catalog, actor, programme_id, bulletin_id)
    report = as_report(in_use(tx, catalog, actor, programme_id), row)
    headers = {"Content-Disposition": f'attachment; filename="bulletin-{bulletin_id}.docx"'}
    return Response(render_word(report), media_type=WORD, headers=headers)


@router.post(
    "/bulletins/{bulletin_id}/steps",
    response_model=BulletinOut,
    responses=refusals(ProgrammeNotFound, BulletinNotFound, BulletinStateWrong, ProgrammeOutsideJurisdiction),
)
def post_bulletin_step(
    actor: ProgrammeWriter,
    tx: Tx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    bulletin_id: uuid.UUID,
    body: StepNew,
) -> BulletinOut:
    """Submit, approve or return a bulletin; who drafted it does not approve it (审签)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    return _bulletin(move_bulletin(tx, programme, bulletin_id, body.step, body.reason))


@router.post(
    "/bulletins/{bulletin_id}/issue",
    response_model=BulletinOut,
    responses=refusals(ProgrammeNotFound, BulletinNotFound, BulletinStateWrong, ProgrammeOutsideJurisdiction),
)
def post_bulletin_issue(
    actor: ProgrammeWriter,
    tx: Tx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    bulletin_id: uuid.UUID,
    body: IssueNew,
) -> BulletinOut:
    """Issue an approved bulletin under its number; it never changes again (印发)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    return _bulletin(issue_bulletin(tx, programme, bulletin_id, body.document_number))


def _works_on_them(actor: Actor) -> bool:
    return bool(actor.roles.intersection(OFFICIALS))


def _visible(tx: Transaction, catalog: Catalog, actor: Actor, programme_id: str, bulletin_id: uuid.UUID) -> BulletinRow:
    programme = in_use(tx, catalog, actor, programme_id)
    row = Bulletins(tx).get(programme.id, bulletin_id)
    if row.state != "issued" and not _works_on_them(actor):
        raise BulletinNotFound("没有这份通报，或它还没有印发")
    return row


def _mark(mark: Mark) -> MarkOut:
    return MarkOut(
        line=mark.line,
        label=mark.label,
        weight=plain(mark.weight) or "0",
        wanted=plain(mark.wanted),
        attained=plain(mark.attained),
        points=plain(mark.points),
        applies=mark.applies,
        missing=mark.missing if mark.applies and mark.share is None else None,
    )


def _summary(row: BulletinRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": Coded(code=row.kind, label=ORDERS[row.kind]),
        "subject": row.subject,
        "state": Coded(code=row.state, label=STATES[row.state]),
        "document_number": row.document_number,
        "drafted_at": row.drafted_at,
    }


def _bulletin(row: BulletinRow) -> BulletinOut:
    return BulletinOut(**_summary(row), text=row.text, content=row.content, steps=list(row.steps))
