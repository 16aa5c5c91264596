"""Routes of simulations: what other rules would change, for whom, and which lines do it."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from chassis import blobs, jobs, keyset, pagination
from chassis.auth import Actor
from chassis.dependencies import ReadTx, Tx
from chassis.idempotency import Idempotent
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from rulebook.amend import Amendment
from services.eligibility.api import rendering_packs
from services.eligibility.api.access import CohortReader, PackKeeper, require_area_of
from services.eligibility.api.codes import codes_of, require_known
from services.eligibility.api.schemas_packs import FlipOut, SimulationNew, SimulationOut
from services.eligibility.api.state import catalog_of, rules_of
from services.eligibility.domain.errors import (
    FilterInvalid,
    IndustryUnknown,
    PackContradicts,
    PackNotFound,
    PackRefused,
    SimulationNotFinished,
    SimulationNotFound,
    SimulationPointless,
)
from services.eligibility.store import queries
from services.eligibility.store.simulations import Simulations
from services.eligibility.store.tables import SimulationRow
from services.eligibility.use_cases.render_flips import MEDIA_TYPE
from services.eligibility.use_cases.start_simulation import start_simulation

router = APIRouter(prefix="/simulations", tags=["simulations"])


@router.post(
    "",
    response_model=SimulationOut,
    status_code=202,
    responses=refusals(PackNotFound, PackRefused, PackContradicts, SimulationPointless, IndustryUnknown, FilterInvalid),
)
def post_simulation(
    actor: PackKeeper,
    tx: Tx,
    wanted: SimulationNew,
    request: Request,
    response: Response,
    _: Annotated[None, Idempotent] = None,
) -> SimulationOut:
    """Simulate a draft, or a pack with changed figures, over all enterprises or those of a filter (规则模拟).

    Computed in the background; nothing that is in use changes. 不作为认定依据.
    """
    require_area_of(actor, wanted.district, "模拟")
    require_known(request, district=wanted.district)
    row = start_simulation(
        tx,
        catalog_of(request),
        rules_of(request, tx),
        codes_of(request).industries,
        wanted.pack,
        [Amendment(**each.model_dump()) for each in wanted.changes],
        district=wanted.district,
        size_class=wanted.size,
        industry=wanted.industry,
        as_of=wanted.as_of,
    )
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return rendering_packs.simulation(row, None)


@router.get("", response_model=Page[SimulationOut])
def get_simulations(
    actor: CohortReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    title: str | None = Query(default=None, description="称号代码"),
    pack: Annotated[str | None, Query(pattern=r"^[0-9a-f]{64}$", description="内容哈希")] = None,
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SimulationOut]:
    """List the simulations of your areas, the newest first."""
    require_known(request, title=title)
    after = keyset.decode(cursor, (uuid.UUID,))
    rows = queries.list_simulations(tx, actor, title=title, pack=pack, before=after[0] if after else None, limit=limit)
    page = keyset.cut(rows, limit, lambda row: (row.id,))
    following = pagination.link_next(request, response, page.after)
    progress = jobs.list_progress(tx, [row.job_id for row in page.rows])
    items = [rendering_packs.simulation(row, progress.get(row.job_id)) for row in page.rows]
    return Page(items=items, next_cursor=following)


@router.get("/{simulation_id}", response_model=SimulationOut, responses=refusals(SimulationNotFound))
def get_simulation(actor: CohortReader, tx: ReadTx, simulation_id: uuid.UUID) -> SimulationOut:
    """See how far a simulation is, and its counts by district, size and industry when it is done."""
    row = _visible(actor, tx, simulation_id)
    return rendering_packs.simulation(row, jobs.progress_of(tx, row.job_id))


@router.get("/{simulation_id}/flips", response_model=Page[FlipOut], responses=refusals(SimulationNotFound))
def get_simulation_flips(
    actor: CohortReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    simulation_id: uuid.UUID,
    direction: Annotated[
        Literal["gains", "loses", "changes"] | None, Query(description="变为符合、不再符合、其他变化")
    ] = None,
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="GB/T 2260 前缀")] = None,
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FlipOut]:
    """List whose verdict would change, which way, and the lines that do it (变动名单), by code."""
    require_known(request, district=district)
    row = _visible(actor, tx, simulation_id)
    after = keyset.decode(cursor, (str,))
    rows = Simulations(tx).list_flips(
        row.id, direction=direction, district=district, after=after[0] if after else "", limit=limit
    )
    page = keyset.cut(rows, limit, lambda each: (each.uscc,))
    following = pagination.link_next(request, response, page.after)
    return Page(items=[rendering_packs.flip(each) for each in page.rows], next_cursor=following)


@router.get(
    "/{simulation_id}/result.xlsx",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}, **refusals(SimulationNotFound, SimulationNotFinished)},
)
def get_simulation_result(actor: CohortReader, tx: ReadTx, simulation_id: uuid.UUID) -> Response:
    """Download the whole result as a workbook: counts, the lines that do it, and everybody who flips."""
    row = _visible(actor, tx, simulation_id)
    if row.result is None:
        why = f"没有成功：{row.error}，请重新发起" if row.state == "failed" else "还没有完成，请稍后再下载"
        raise SimulationNotFinished(f"这次模拟{why}")
    headers = {"Content-Disposition": f'attachment; filename="simulation-{simulation_id}.xlsx"'}
    return Response(blobs.load(tx, row.result), media_type=MEDIA_TYPE, headers=headers)


def _visible(actor: Actor, tx: ReadTx, simulation_id: uuid.UUID) -> SimulationRow:
    row = Simulations(tx).get(simulation_id)
    if not actor.answers_for(row.district):
        raise SimulationNotFound("没有这次模拟，或它不在您的管辖区域内")
    return row
