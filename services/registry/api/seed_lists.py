"""The yearly seed lists (种子企业名单): the pool's members of an area, frozen with a hash."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import PoolReader, PoolWriter, RequestAdmission, areas_of
from services.registry.api.pool_schemas import (
    SeedListFileOut,
    SeedListNew,
    SeedListOut,
    SeedMemberOut,
    pool_out,
)
from services.registry.api.schemas import Coded
from services.registry.api.state import Rules
from services.registry.domain.errors import PoolInvalid, SeedListFrozen, SeedListNotFound
from services.registry.domain.pool import PoolRules, content_hash
from services.registry.store.pool import SeedLists
from services.registry.store.pool_tables import SeedListRow
from services.registry.store.reference import Reference, reference
from services.registry.use_cases.freeze_seed_list import freeze_seed_list

router = APIRouter(prefix="/pool/seed-lists", tags=["pool"], route_class=Route)


@router.get("", response_model=Page[SeedListOut])
def list_of_seed_lists(
    request: Request,
    response: Response,
    actor: PoolReader,
    tx: ReadTx,
    rules: Rules,
    limit: Limit = 50,
    cursor: Cursor = None,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Page[SeedListOut]:
    """Frozen seed lists of the caller's areas, by page (种子企业名单)."""
    after = decode(cursor, (uuid.UUID,))
    rows = SeedLists(tx).list_page(areas_of(actor), year, after[0] if after else None, limit)
    page = cut(rows, limit, lambda row: (row.id,))
    known = reference(tx)
    items = [SeedListOut(**_seed_list(row, rules, known)) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.post(
    "",
    status_code=201,
    response_model=SeedListOut,
    responses=refusals(SeedListFrozen, PoolInvalid, OutsideJurisdiction),
)
def post_seed_list(
    request: Request,
    response: Response,
    actor: PoolWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    rules: Rules,
    body: SeedListNew,
) -> SeedListOut:
    """Freeze this year's seed list of an area: the pool's members of today, with a hash (冻结种子企业名单)."""
    row = freeze_seed_list(
        tx,
        year=body.year,
        area=body.area,
        pool=body.pool,
        tiers=tuple(body.tiers),
        name=body.name,
        document=body.document,
        rules=rules,
        may=RequestAdmission(actor, request),
    )
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return SeedListOut(**_seed_list(row, rules, reference(tx)))


@router.get(
    "/{list_id}",
    response_model=SeedListFileOut,
    responses=refusals(SeedListNotFound, OutsideJurisdiction),
)
def get_seed_list(
    actor: PoolReader, tx: ReadTx, rules: Rules, list_id: Annotated[uuid.UUID, Path()]
) -> SeedListFileOut:
    """One frozen list, and whether it is still what was frozen (核验名单)."""
    row = SeedLists(tx).get(list_id)
    actor.require_area(row.area)
    intact = content_hash(SeedLists(tx).contents(list_id)) == row.sha256
    return SeedListFileOut(**_seed_list(row, rules, reference(tx)), intact=intact)


@router.get(
    "/{list_id}/members",
    response_model=Page[SeedMemberOut],
    responses=refusals(SeedListNotFound, OutsideJurisdiction),
)
def list_of_seed_members(
    request: Request,
    response: Response,
    actor: PoolReader,
    tx: ReadTx,
    list_id: Annotated[uuid.UUID, Path()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SeedMemberOut]:
    """The members of a frozen list as they stood on its day, by page (名单企业)."""
    actor.require_area(SeedLists(tx).get(list_id).area)
    after = decode(cursor, (int,))
    page = cut(SeedLists(tx).members(list_id, after[0] if after else 0, limit), limit, lambda row: (row.position,))
    items = [SeedMemberOut(position=row.position, **row.content) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


def _seed_list(row: SeedListRow, rules: PoolRules, known: Reference) -> dict[str, Any]:
    return {
        "list_id": row.id,
        "year": row.year,
        "area": Coded(code=row.area, label=known.places.name_of(row.area) or row.area),
        "pool": pool_out(row.pool, rules),
        "name": row.name,
        "document": row.document,
        "count": row.count,
        "sha256": row.sha256,
        "frozen_on": row.frozen_on,
        "frozen_by": row.frozen_by,
    }
