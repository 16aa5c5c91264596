"""The change feed: what other platforms follow instead of asking again and again."""

from __future__ import annotations

import datetime as dt
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from chassis.auth import Actor
from chassis.dependencies import context_of, database
from chassis.http import Route
from chassis.longpoll import MAX_WAIT_SECONDS
from chassis.problems import refusals
from services.registry.api.access import ChangeReader, areas_of
from services.registry.api.state import Follower
from services.registry.domain.errors import ChangesPositionAhead
from services.registry.store.queries import list_changes, within_areas
from services.registry.store.tables import ChangeRow

router = APIRouter(prefix="/changes", tags=["changes"], route_class=Route)

MAX_CHANGES = 1000


class ChangeOut(BaseModel):
    """One change; with `tombstone` the enterprise has left the caller's areas and is to be forgotten."""

    seq: int = Field(description="rises by one; a reader who only advances misses nothing")
    type: str = Field(description="the event, for example registry.facts-recorded.v1")
    occurred_at: dt.datetime
    subject: str = Field(description="统一社会信用代码")
    changed: list[str] = Field(description="fields or fact ids that changed")
    data: dict[str, Any] | None = Field(description="the event's content; null with a tombstone")
    tombstone: bool


class ChangesOut(BaseModel):
    """A stretch of the feed; pass `next_after` as `after` to go on."""

    items: list[ChangeOut]
    next_after: int
    latest_seq: int = Field(description="the end of the feed, whether the caller may see what stands there or not")


@router.get("", response_model=ChangesOut, responses=refusals(ChangesPositionAhead))
async def list_of_changes(
    request: Request,
    actor: ChangeReader,
    follower: Follower,
    after: Annotated[int, Query(ge=0, le=2**62, description="上次返回的 next_after；从头开始用 0")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_CHANGES, description="最多条数")] = 200,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="没有新变化时最多等待的秒数")] = 0,
) -> ChangesOut:
    """Changes in the caller's areas after a number; waits up to `wait` seconds for the next (变更订阅)."""
    deadline = time.monotonic() + wait
    while True:
        found = await run_in_threadpool(_read, request, actor, after, limit)
        left = deadline - time.monotonic()
        if found.items or left <= 0 or not await follower.beyond(found.next_after, left):
            return found
        after = found.next_after


def _read(request: Request, actor: Actor, after: int, limit: int) -> ChangesOut:
    areas = areas_of(actor)
    with database(request).reading(context_of(request)) as tx:
        found = list_changes(tx, after, limit, areas)
        if after > found.latest:
            raise ChangesPositionAhead(f"变更流水目前只到 {found.latest} 号，没有 {after} 号；请从 0 开始重新读取")
        items = [_out(row, tombstone=not within_areas(row.district_code, areas)) for row in found.rows]
    return ChangesOut(items=items, next_after=found.next_after, latest_seq=found.latest)


def _out(row: ChangeRow, *, tombstone: bool) -> ChangeOut:
    return ChangeOut(
        seq=row.seq or 0,
        type=row.type,
        occurred_at=row.occurred_at,
        subject=row.subject,
        changed=list(row.changed),
        data=None if tombstone else row.data,
        tombstone=tombstone,
    )
