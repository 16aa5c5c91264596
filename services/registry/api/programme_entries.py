"""Exactly what makes up the number of a target, in whatever register it is counted (下钻)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis.dependencies import ReadTx
from chassis.http import Route
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from services.registry.api.access import areas_of
from services.registry.api.programme_access import Compiled, ProgrammeReader, in_use
from services.registry.api.programme_schemas import LineId, ProgrammeId
from services.registry.api.programme_target_render import entry_out, window_out
from services.registry.api.programme_target_schemas import EntriesOut
from services.registry.api.programme_targets import AsOf, Named, ReasonCode, day_of, in_plan, target_of
from services.registry.domain.errors import DayAhead
from services.registry.domain.programmes.errors import NotDrillable, ProgrammeNotFound, TargetNotFound
from services.registry.store.programme_registers import RegisterOfMetric
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.evaluate import counted_window

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)


@router.get(
    "/targets/{target_id}/entries",
    response_model=EntriesOut,
    responses=refusals(ProgrammeNotFound, TargetNotFound, NotDrillable, DayAhead),
)
def list_of_target_entries(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    labels: Named,
    programme_id: ProgrammeId,
    target_id: LineId,
    limit: Limit = 50,
    cursor: Cursor = None,
    counted: Annotated[bool, Query(description="true 计入的，false 未计入的和原因")] = True,
    as_of: AsOf = None,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="每年的目标看哪一年")] = None,
    area: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="计划区域内的一部分，区划代码前几位")] = None,
    park: Annotated[uuid.UUID | None, Query(description="只看该园区的企业（载体编号），按统计日的所属园区")] = None,
    reason: Annotated[ReasonCode | None, Query(description="未计入的原因")] = None,
) -> EntriesOut:
    """Exactly the items, stays in the pool, carriers, projects, cases or titles that a number counts; or those of the
    kind that it does not count, each with the reason (逐项清单)."""
    programme = in_use(tx, catalog, actor, programme_id)
    target = target_of(programme, target_id)
    window, why = counted_window(tx, programme, target, day_of(as_of), in_plan(programme, year))
    if window is None:
        raise NotDrillable(f"“{target.label}”没有可下钻的清单：{why}")
    counts, seen = RegisterOfMetric(tx, programme), areas_of(actor)
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
        park=park,
    )
    page = cut(rows, limit, lambda row: (row.unit,))
    known = reference(tx)
    total = counts.seen(target.metric, window, area, None, park)
    return EntriesOut(
        items=[entry_out(row, target.metric, known, labels) for row in page.rows],
        next_cursor=link_next(request, response, page.after),
        total=total,
        beyond=total - counts.seen(target.metric, window, area, seen, park),
        window=window_out(window),
    )
