"""The title ledger across enterprises, the life cycle of each title, and the acts by which a record moves on."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import Reader, RequestAdmission, TitleWriter, areas_of, require_enterprise
from services.registry.api.filters import TitleCode
from services.registry.api.parameters import Line, Passage, PathUscc
from services.registry.api.render import coded, title_out
from services.registry.api.schemas import Coded, TitleOut, Wanted
from services.registry.api.state import Cycles
from services.registry.domain.errors import (
    EnterpriseNotFound,
    OwnEnterpriseOnly,
    TitleActInvalid,
    TitleActRefused,
    TitleAlreadyRecorded,
    TitleNotFound,
    UsccInvalid,
)
from services.registry.domain.ledger import StatedAct
from services.registry.domain.life_cycle import (
    ACTS,
    KINDS,
    LEVELS,
    RECORDING,
    RENEWALS,
    STAGES,
    LifeCycle,
    LifeCycles,
    Provision,
)
from services.registry.domain.titles import TITLES
from services.registry.store.ledger import LedgerFilters, TitleActs, list_records
from services.registry.store.ledger_tables import TitleActRow
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Titles
from services.registry.store.tables import TitleRecordRow
from services.registry.use_cases.change_title_stage import change_title_stage

router = APIRouter(tags=["titles"], route_class=Route)

StageCode = Literal[
    "publicized",
    "recognised",
    "under_review",
    "review_passed",
    "review_failed",
    "expired",
    "announcement_cancelled",
    "recognition_cancelled",
    "taken_back",
]


class SourceOut(BaseModel):
    """The official text; null throughout where no text decides it (evidence D)."""

    number: str
    name: str
    issuer: str


class ProvisionOut(BaseModel):
    """One provision of a title's documents; which values are there depends on its kind."""

    kind: Coded
    id: str
    label: str
    document: SourceOut | None
    clause: str | None
    quote: str | None
    evidence: str = Field(description="V, S2, S, M(n) or D, as in the packs")
    in_force_from: dt.date | None
    in_force_until: dt.date | None
    in_force: bool = Field(description="whether it is in force today")
    level: Coded | None = None
    recogniser: str | None = None
    lower_titles: list[Coded] = Field(default=[], description="the titles from which this one is applied for")
    years: int | None = None
    to_year_end: bool = Field(default=False, description="valid to the end of the calendar year in which it began")
    months: int | None = None
    due: str | None = Field(default=None, description="month and day of each year, for example 04-30")
    renewal: Coded | None = None
    days_before_end: list[int] = []


class TransitionOut(BaseModel):
    act: Coded
    sources: list[Coded]
    target: Coded


class LifeCycleOut(BaseModel):
    """How a title comes, is reviewed and ends, and what its documents provide for."""

    title: Coded
    process: Coded
    stages: list[Coded]
    acts: list[TransitionOut]
    provisions: list[ProvisionOut]


class LifeCyclesOut(BaseModel):
    edition: str
    sha256: str = Field(description="of the file that the registry works by")
    titles: list[LifeCycleOut]


class LedgerEntryOut(TitleOut):
    """One record of the ledger with the enterprise that holds it."""

    uscc: str
    enterprise: str
    district: Coded | None


class TitleActOut(BaseModel):
    """One entry of a record's history."""

    act: Coded
    acted_on: dt.date | None = Field(description="day of the document; null when not given")
    document_number: str | None
    decision_reference: str | None
    reason: str | None
    changed: dict[str, list[object]] = Field(description="field → [before, after]")
    recorded_at: dt.datetime
    recorded_by: str
    import_id: uuid.UUID | None


class TitleFileOut(TitleOut):
    """One record with what may be done to it, what falls due, and its history."""

    possible_acts: list[Coded]
    proposed_valid_to: dt.date | None = Field(
        description="the end that the provisions let expect for the present or, under review, the next term; "
        "the document decides（仅供参考，以文件为准）"
    )
    next_update_due: dt.date | None = Field(description="年度信息更新截止; null: no document says it, or not held")
    change_report_months: int | None = Field(description="months within which a major change is to be reported")
    history: list[TitleActOut]


class TitleActNew(Wanted):
    """An act by an official document; `document_number` or `decision_reference` must be there."""

    act: Literal["recognise", "open_review", "pass_review", "fail_review"] = Field(
        description="recognise 认定, open_review 开始复核, pass_review 复核通过, fail_review 复核未通过"
    )
    on: dt.date = Field(description="day of the document, not later than today")
    document_number: Line | None = Field(default=None, description="公告或通知的文号")
    decision_reference: Line | None = Field(default=None, description="决定依据")
    valid_from: dt.date | None = Field(default=None, description="recognise, pass_review: as the document says")
    valid_to: dt.date | None = Field(
        default=None,
        description="recognise, pass_review: last day of validity, from the document; fail_review: last day it counts, "
        "the day of the decision (or an earlier end) when left out",
    )
    reason: Passage | None = None


@router.get("/title-life-cycles", response_model=LifeCyclesOut)
def list_of_life_cycles(actor: Reader, cycles: Cycles) -> LifeCyclesOut:
    """Who recognises each title, its states and acts, validity, updates, reviews and bans (称号生命周期)."""
    found = [_life_cycle(each) for each in cycles.by_title.values()]
    return LifeCyclesOut(edition=cycles.edition, sha256=cycles.sha256, titles=found)


@router.get("/titles", response_model=Page[LedgerEntryOut])
def list_of_titles(
    request: Request,
    response: Response,
    actor: Reader,
    tx: ReadTx,
    cycles: Cycles,
    limit: Limit = 50,
    cursor: Cursor = None,
    title: Annotated[TitleCode | None, Query(description="称号")] = None,
    stage: Annotated[StageCode | None, Query(description="状态")] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    batch: Annotated[Line | None, Query(description="批次，与台账写法一致")] = None,
    valid_to_from: Annotated[dt.date | None, Query(description="有效期止不早于")] = None,
    valid_to_until: Annotated[dt.date | None, Query(description="有效期止不晚于")] = None,
    banned: Annotated[bool, Query(description="true: 只列今天仍在禁止申报期内的")] = False,
) -> Page[LedgerEntryOut]:
    """The title ledger of the caller's areas, by page (称号台账)."""
    filters = LedgerFilters(
        title=title,
        stage=stage,
        district=district,
        batch=batch,
        ends_from=valid_to_from,
        ends_until=valid_to_until,
        banned_on=clock.today() if banned else None,
        areas=areas_of(actor),
        own=actor.uscc,
    )
    after = decode(cursor, (str, uuid.UUID))
    rows = list_records(tx, filters, cycles, after=after, limit=limit)
    page = cut(rows, limit, lambda row: (row[0].uscc, row[0].id))
    places = reference(tx).places
    items = [
        LedgerEntryOut(
            **title_out(record, cycles).model_dump(),
            uscc=row.uscc,
            enterprise=row.name,
            district=coded(row.district_code, places.name_of(row.district_code)),
        )
        for record, row in page.rows
    ]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/enterprises/{uscc}/titles/{title_id}",
    response_model=TitleFileOut,
    responses=refusals(EnterpriseNotFound, TitleNotFound, UsccInvalid, OutsideJurisdiction, OwnEnterpriseOnly),
)
def get_title(
    actor: Reader,
    tx: ReadTx,
    cycles: Cycles,
    uscc: PathUscc,
    title_id: Annotated[uuid.UUID, Path()],
) -> TitleFileOut:
    """One record: what may be done, what falls due, and how it came to be as it is (称号档案)."""
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    record = Titles(tx).get(uscc, title_id)
    return _file(record, cycles, [_act(each) for each in TitleActs(tx).list_of(title_id)])


@router.post(
    "/enterprises/{uscc}/titles/{title_id}/acts",
    response_model=TitleOut,
    responses=refusals(
        EnterpriseNotFound,
        TitleNotFound,
        TitleActInvalid,
        TitleActRefused,
        TitleAlreadyRecorded,
        UsccInvalid,
        OutsideJurisdiction,
        etags.StaleWrite,
    ),
)
def post_title_act(
    request: Request,
    response: Response,
    actor: TitleWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    cycles: Cycles,
    uscc: PathUscc,
    title_id: Annotated[uuid.UUID, Path()],
    body: TitleActNew,
) -> TitleOut:
    """Recognise, open a review, or record how it ended, by an official document (认定、复核)."""
    stated = StatedAct(**body.model_dump())
    may = RequestAdmission(actor, request)
    row, record = change_title_stage(tx, uscc, title_id, stated, life_cycles=cycles, may=may)
    response.headers["ETag"] = etags.quoted(row.version)
    return title_out(record, cycles)


def _file(record: TitleRecordRow, cycles: LifeCycles, history: list[TitleActOut]) -> TitleFileOut:
    cycle, today = cycles.of(record.title), clock.today()
    out = title_out(record, cycles)
    held = record.state in ("valid", "under_review")
    begins = record.valid_from or record.announced_on
    if record.state == "under_review" and record.valid_to is not None:
        begins = record.valid_to + dt.timedelta(days=1)
    report = cycle.provision("change_report", today)
    return TitleFileOut(
        **out.model_dump(),
        possible_acts=[_coded(each.act, ACTS) for each in cycle.acts_in(out.stage.code) if each.act != "expire"],
        proposed_valid_to=cycle.proposed_end(begins) if begins else None,
        next_update_due=cycle.next_update(today) if held else None,
        change_report_months=report.months if report and held else None,
        history=history,
    )


def _act(row: TitleActRow) -> TitleActOut:
    return TitleActOut(
        act=_coded(row.act, ACTS | RECORDING),
        acted_on=row.acted_on,
        document_number=row.document_number,
        decision_reference=row.decision_reference,
        reason=row.reason,
        changed=row.changed,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        import_id=row.import_id,
    )


def _life_cycle(cycle: LifeCycle) -> LifeCycleOut:
    transitions = [cycle.process.transitions[act] for act in ACTS if act in cycle.process.transitions]
    used = {stage for each in transitions for stage in (each.target, *each.sources)} | {"taken_back"}
    return LifeCycleOut(
        title=_coded(cycle.title, TITLES),
        process=Coded(code=cycle.process.code, label=cycle.process.label),
        stages=[_stage(stage) for stage in STAGES if stage in used],
        acts=[
            TransitionOut(
                act=_coded(each.act, ACTS),
                sources=[_stage(stage) for stage in each.sources],
                target=_stage(each.target),
            )
            for each in transitions
        ],
        provisions=[_provision(each) for each in cycle.provisions],
    )


def _provision(each: Provision) -> ProvisionOut:
    source = each.source
    return ProvisionOut(
        kind=_coded(each.kind, KINDS),
        id=each.id,
        label=each.label,
        document=source and SourceOut(number=source.number, name=source.name, issuer=source.issuer),
        clause=each.clause,
        quote=each.quote,
        evidence=each.evidence,
        in_force_from=each.begins,
        in_force_until=each.ends,
        in_force=each.in_force(clock.today()),
        level=each.level and _coded(each.level, LEVELS),
        recogniser=each.who,
        lower_titles=[_coded(title, TITLES) for title in each.after],
        years=each.years,
        to_year_end=each.to_year_end,
        months=each.months,
        due=each.due and f"{each.due[0]:02d}-{each.due[1]:02d}",
        renewal=each.by and _coded(each.by, RENEWALS),
        days_before_end=list(each.days),
    )


def _stage(stage: str) -> Coded:
    return Coded(code=stage, label=STAGES[stage][0])


def _coded(code: str, labels: dict[str, str]) -> Coded:
    return Coded(code=code, label=labels[code])
