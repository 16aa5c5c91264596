"""Targets of a programme: where each stands, who makes up its number, and figures of issuing units."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis import clock
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import areas_of
from services.registry.api.parameters import PathUscc
from services.registry.api.programme_access import (
    Compiled,
    ProgrammeReader,
    ProgrammeWriter,
    RequestProgrammeAdmission,
    in_use,
)
from services.registry.api.programme_schemas import LineId, ProgrammeId
from services.registry.api.programme_target_render import Labels, figure_out, holder_out, target_out, window_out
from services.registry.api.programme_target_schemas import (
    FigureCorrection,
    FigureNew,
    FigureOut,
    HoldersOut,
    MemberOut,
    MemberPut,
    TargetOut,
)
from services.registry.api.state import Items, Rules
from services.registry.domain.errors import DayAhead, EnterpriseNotFound, UsccInvalid
from services.registry.domain.programmes.errors import (
    FigureAlreadyCorrected,
    FigureAlreadyRecorded,
    FigureNotFound,
    FigureNotTaken,
    FigureRefused,
    MembersNotListed,
    NotDrillable,
    ProgrammeNotFound,
    ProgrammeOutsideJurisdiction,
    TargetNotFound,
)
from services.registry.domain.programmes.model import COUNTS, Programme, Target
from services.registry.store.programme_counts import TitleCounts
from services.registry.store.programme_figures import Figures, Members
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.evaluate import counted_window, stand, stand_all, years_of
from services.registry.use_cases.programmes.figures import Stated, correct_figure, put_member, record_figure

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)

CountsCode = Literal[
    "titles", "items", "pool", "carriers", "projects", "cases", "listing", "activity", "figure", "milestone"
]
ReasonCode = Literal[
    "recorded_in_error", "publicized", "later", "cancelled", "expired", "ended_undated", "undated", "before_window",
    "outside", "district_missing", "not_listed", "not_among", "not_holder", "other_level", "revoked", "left", "closed",
    "lacks",
]  # fmt: skip
AsOf = Annotated[
    dt.date | None, Query(ge=dt.date(2000, 1, 1), description="统计日；不填为今天。已到期的目标按其最后一天")
]


def _labels(items: Items, pools: Rules) -> Labels:
    return Labels(items, pools)


Named = Annotated[Labels, Depends(_labels)]
"""What kinds and levels of the registers are called."""


def target_of(programme: Programme, target_id: str) -> Target:
    target = programme.target(target_id)
    if target is None:
        raise TargetNotFound(f"计划中没有编号为 {target_id} 的目标，请在目标清单中核对")
    return target


def day_of(as_of: dt.date | None) -> dt.date:
    """The day asked for, today when none is."""
    today = clock.today()
    if as_of is not None and as_of > today:
        raise DayAhead(f"统计日 {as_of} 晚于今天（{today}），还没有数据；请填写不晚于今天的日期")
    return as_of or today


@router.get("/targets", response_model=Page[TargetOut], responses=refusals(ProgrammeNotFound, DayAhead))
def list_of_programme_targets(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    labels: Named,
    programme_id: ProgrammeId,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_of: AsOf = None,
    counted_in: Annotated[CountsCode | None, Query(description="数从哪里来")] = None,
) -> Page[TargetOut]:
    """Every target in the document's words, attained, plan line and forecast to the year's end (目标完成情况)."""
    programme = in_use(tx, catalog, actor, programme_id)
    wanted = [each for each in programme.targets if counted_in is None or each.metric.counts == counted_in]
    after = decode(cursor, (int,))
    places = [each for each in enumerate(wanted) if after is None or each[0] > after[0]]
    page = cut(places[: limit + 1], limit, lambda each: (each[0],))
    standings = stand_all(tx, programme, tuple(each for _, each in page.rows), day_of(as_of))
    items = [target_out(programme, each, labels) for each in standings]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/targets/{target_id}",
    response_model=TargetOut,
    responses=refusals(ProgrammeNotFound, TargetNotFound, DayAhead),
)
def get_programme_target(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    labels: Named,
    programme_id: ProgrammeId,
    target_id: LineId,
    as_of: AsOf = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="每年的目标看哪一年")] = None,
) -> TargetOut:
    """One target; one that holds for every year with each year begun (目标)."""
    programme = in_use(tx, catalog, actor, programme_id)
    target, day = target_of(programme, target_id), day_of(as_of)
    standing = stand(tx, programme, target, day, in_plan(programme, year))
    return target_out(programme, standing, labels, years_of(tx, programme, target, day))


def in_plan(programme: Programme, year: int | None) -> int | None:
    """`year`, which the plan has to have."""
    if year is not None and year not in programme.period.years:
        years = f"{programme.period.start.year}—{programme.period.end.year}"
        raise TargetNotFound(f"计划期为 {years} 年，没有 {year} 年的目标")
    return year


@router.get(
    "/targets/{target_id}/enterprises",
    response_model=HoldersOut,
    responses=refusals(ProgrammeNotFound, TargetNotFound, NotDrillable, DayAhead),
)
def list_of_target_enterprises(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    target_id: LineId,
    limit: Limit = 50,
    cursor: Cursor = None,
    counted: Annotated[bool, Query(description="true 计入的企业，false 未计入的和原因")] = True,
    as_of: AsOf = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="每年的目标看哪一年")] = None,
    area: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="计划区域内的一部分，区划代码前几位")] = None,
    reason: Annotated[ReasonCode | None, Query(description="未计入的原因")] = None,
) -> HoldersOut:
    """Exactly the enterprises that a number counts, each with the record that counts; or those with a record of the
    title that are not counted, each with the reason (下钻)."""
    programme = in_use(tx, catalog, actor, programme_id)
    target = target_of(programme, target_id)
    window, why = counted_window(tx, programme, target, day_of(as_of), in_plan(programme, year))
    if window is None:
        raise NotDrillable(f"“{target.label}”没有可下钻的企业：{why}")
    if target.metric.counts != "titles":
        where = COUNTS[target.metric.counts]
        raise NotDrillable(f"“{target.label}”按{where}逐项计数，请看该目标的 entries（逐项清单）")
    counts, seen = TitleCounts(tx, programme), areas_of(actor)
    after = decode(cursor, (str,))
    rows = counts.list_page(
        target.metric,
        window,
        counted=counted,
        area=area,
        reason=reason,
        seen=seen,
        after=after[0] if after else None,
        limit=limit,
    )
    page = cut(rows, limit, lambda row: (row.uscc,))
    known = reference(tx)
    total = counts.count(target.metric, [window], area)[window]
    return HoldersOut(
        items=[holder_out(row, known) for row in page.rows],
        next_cursor=link_next(request, response, page.after),
        total=total,
        beyond=total - counts.seen(target.metric, window, area, seen),
        window=window_out(window),
    )


@router.get(
    "/targets/{target_id}/figures",
    response_model=list[FigureOut],
    responses=refusals(ProgrammeNotFound, TargetNotFound),
)
def list_of_figures(
    actor: ProgrammeReader, tx: ReadTx, catalog: Compiled, programme_id: ProgrammeId, target_id: LineId
) -> list[FigureOut]:
    """Figures of the issuing unit with 口径, period and document, corrected ones too, the latest first (数据和历史)."""
    programme = in_use(tx, catalog, actor, programme_id)
    target = target_of(programme, target_id)
    return [figure_out(row) for row in Figures(tx).list_of(programme.id, target.id)]


@router.post(
    "/targets/{target_id}/figures",
    status_code=201,
    response_model=FigureOut,
    responses=refusals(
        ProgrammeNotFound,
        TargetNotFound,
        FigureRefused,
        FigureNotTaken,
        FigureAlreadyRecorded,
        ProgrammeOutsideJurisdiction,
    ),
)
def post_figure(
    request: Request,
    response: Response,
    actor: ProgrammeWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    catalog: Compiled,
    programme_id: ProgrammeId,
    target_id: LineId,
    body: FigureNew,
) -> FigureOut:
    """Record a figure of the issuing unit; a target that a register counts takes none (登记发布单位的数据)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    row = record_figure(tx, programme, target_of(programme, target_id), Stated(**body.model_dump()))
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return figure_out(row)


@router.post(
    "/targets/{target_id}/figures/{figure_id}/corrections",
    status_code=201,
    response_model=FigureOut,
    responses=refusals(
        ProgrammeNotFound,
        TargetNotFound,
        FigureNotFound,
        FigureRefused,
        FigureAlreadyCorrected,
        FigureAlreadyRecorded,
        ProgrammeOutsideJurisdiction,
    ),
)
def post_figure_correction(
    actor: ProgrammeWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    catalog: Compiled,
    programme_id: ProgrammeId,
    target_id: LineId,
    figure_id: uuid.UUID,
    body: FigureCorrection,
) -> FigureOut:
    """Correct a figure; the one corrected stays in the history with when and why (更正数据)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    stated = Stated(**body.model_dump(exclude={"reason"}))
    return figure_out(correct_figure(tx, programme, target_of(programme, target_id), figure_id, stated, body.reason))


@router.get("/members", response_model=Page[MemberOut], responses=refusals(ProgrammeNotFound))
def list_of_members(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MemberOut]:
    """The list of a programme's enterprises, where a zone's enterprises are told by a list (计划企业名单)."""
    programme = in_use(tx, catalog, actor, programme_id)
    after = decode(cursor, (str,))
    page = cut(Members(tx).list_page(programme.id, after[0] if after else None, limit), limit, lambda row: (row.uscc,))
    items = [
        MemberOut(uscc=row.uscc, since=row.since, until=row.until, document=row.document, recorded_at=row.recorded_at)
        for row in page.rows
    ]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.put(
    "/members/{uscc}",
    status_code=204,
    responses=refusals(
        ProgrammeNotFound,
        EnterpriseNotFound,
        MembersNotListed,
        FigureRefused,
        UsccInvalid,
        ProgrammeOutsideJurisdiction,
    ),
)
def put_programme_member(
    actor: ProgrammeWriter, tx: Tx, catalog: Compiled, programme_id: ProgrammeId, uscc: PathUscc, body: MemberPut
) -> None:
    """Put an enterprise on the list, or change the days for which it is on it (登记计划企业)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    put_member(tx, programme, uscc, body.since, body.until, body.document)
