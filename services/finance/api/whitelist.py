"""The whitelist's title layer: snapshots, manifests, changes, closed segments, keys, look-up."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from chassis import etags
from chassis.auth import PUBLIC
from chassis.dependencies import ReadTx, database
from chassis.keyset import CursorInvalid, cut, decode
from chassis.longpoll import MAX_WAIT_SECONDS, LongPoll
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from chassis.signing import canonical_bytes, digest
from services.finance.api.access import EntriesReader, WhitelistReader
from services.finance.api.content import IMMUTABLE, REVALIDATE, content_response
from services.finance.api.feed import page_response, read_page
from services.finance.api.schemas import (
    MAX_POSITION,
    ChangesOut,
    District,
    EntriesOut,
    EntryOut,
    KeysOut,
    ManifestOut,
    Position,
    SegmentsOut,
    TitleCode,
    Uscc,
)
from services.finance.domain.errors import (
    EpochContentPruned,
    EpochNotFound,
    PositionAhead,
    PositionForgotten,
    SegmentNotFound,
    WhitelistNotPublished,
)
from services.finance.store import queries
from services.finance.store.files import SEGMENT, SNAPSHOT, Contents, Files
from services.finance.store.tables import EpochRow

router = APIRouter(prefix="/whitelist", tags=["whitelist"])

MAX_CHANGES = 1000
Form = Annotated[Literal["ndjson", "csv"], Query(alias="format", description="ndjson | csv")]
Bom = Annotated[bool, Query(description="csv only: start with a UTF-8 byte order mark, for Excel")]
Epoch = Annotated[int | None, Query(ge=1, le=MAX_POSITION, description="a past epoch; without it the current one")]
_BODIES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {}, "text/csv": {}}, "description": "The content."},
    206: {"description": "The range asked for."},
    304: {"description": "The caller has it already."},
    416: {"description": "The range lies outside the content."},
}


@router.head("/snapshot", include_in_schema=False)
@router.get(
    "/snapshot",
    response_class=Response,
    responses={**_BODIES, **refusals(WhitelistNotPublished, EpochNotFound, EpochContentPruned)},
)
def get_snapshot(
    actor: WhitelistReader, tx: ReadTx, request: Request, form: Form = "ndjson", epoch: Epoch = None, bom: Bom = False
) -> Response:
    """Download the whole whitelist (白名单快照), as NDJSON or CSV, compressed by Accept-Encoding (zstd, gzip).

    `Peiyu-Seq` is the position of the feed to continue from: `changes?after=SEQ`. An epoch never changes.
    """
    row = _epoch(tx, epoch)
    offer = Files(tx).find(SNAPSHOT, row.epoch, form, bom=bom and form == "csv")
    if offer is None:
        raise EpochContentPruned(f"第 {row.epoch} 期名单的内容已不再保留，只保留清单：请下载当前名单")
    headers = {
        "Peiyu-Epoch": str(row.epoch),
        "Peiyu-Seq": str(row.seq),
        "Content-Disposition": f'attachment; filename="whitelist-{row.epoch}.{form}"',
    }
    cache = REVALIDATE if epoch is None else IMMUTABLE
    return content_response(request, offer, _contents(request), cache=cache, headers=headers)


@router.get("/manifest", response_model=ManifestOut, responses=refusals(WhitelistNotPublished, EpochNotFound))
def get_manifest(actor: WhitelistReader, tx: ReadTx, request: Request, epoch: Epoch = None) -> Response:
    """Read what a snapshot holds (清单): position, count, size and sha256 of every form, signature."""
    row = _epoch(tx, epoch)
    headers = {
        "ETag": etags.quoted(row.sha256),
        "Cache-Control": REVALIDATE if epoch is None else IMMUTABLE,
        "Peiyu-Epoch": str(row.epoch),
        "Peiyu-Seq": str(row.seq),
    }
    if etags.matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(row.manifest, media_type="application/json", headers=headers)


@router.get("/changes", response_model=ChangesOut, responses=refusals(PositionAhead, PositionForgotten))
async def list_changes(
    actor: WhitelistReader,
    request: Request,
    after: Annotated[Position, Query(description="the last position the caller has; 0 is the beginning")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_CHANGES)] = 200,
    wait: Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="seconds to wait for a change")] = 0,
    form: Annotated[Literal["json", "ndjson", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Follow the whitelist (增量变更): every change after a position, in order, without gaps.

    ndjson and csv carry `next_after` and `latest_seq` in the headers Peiyu-Next-After and Peiyu-Latest-Seq.
    """
    db = database(request)
    page = await run_in_threadpool(read_page, db, after, limit)
    feed = cast(LongPoll, request.app.state.feed)
    if wait and not page.changes and await feed.beyond(after, wait):
        page = await run_in_threadpool(read_page, db, after, limit)
    return await run_in_threadpool(page_response, request, page, form)


@router.get("/segments", response_model=SegmentsOut)
def list_segments(
    actor: WhitelistReader,
    tx: ReadTx,
    request: Request,
    after: Annotated[Position, Query(description="the last position the caller has")] = 0,
    limit: Limit = 50,
) -> Response:
    """List closed delta segments (增量分段) that hold changes after a position; each is signed and never changes."""
    rows = queries.list_segments(tx, after, limit)
    body = canonical_bytes(
        {
            "items": [json.loads(row.manifest) for row in rows],
            "next_after": max(after, rows[-1].last_seq) if rows else after,
        }
    )
    headers = {"ETag": etags.quoted(digest(body)), "Cache-Control": REVALIDATE}
    if etags.matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.head("/segments/{number}", include_in_schema=False)
@router.get("/segments/{number}", response_class=Response, responses={**_BODIES, **refusals(SegmentNotFound)})
def get_segment(
    actor: WhitelistReader,
    tx: ReadTx,
    request: Request,
    number: Annotated[int, Path(ge=1, le=MAX_POSITION)],
    form: Form = "ndjson",
    bom: Bom = False,
) -> Response:
    """Download one closed delta segment: its changes as NDJSON or CSV, compressed by Accept-Encoding."""
    row = queries.find_segment(tx, number)
    offer = Files(tx).find(SEGMENT, number, form, bom=bom and form == "csv")
    if row is None or offer is None:
        raise SegmentNotFound(f"没有第 {number} 个增量分段，请查看 /whitelist/segments")
    headers = {"Peiyu-First-Seq": str(row.first_seq), "Peiyu-Last-Seq": str(row.last_seq)}
    return content_response(request, offer, _contents(request), cache=IMMUTABLE, headers=headers)


@router.get("/jwks.json", response_model=KeysOut, dependencies=[Depends(PUBLIC)])
def get_keys(tx: ReadTx, request: Request) -> Response:
    """Read the public keys that manifests and segments are signed with (公钥), retired ones included."""
    body = canonical_bytes({"keys": queries.feed_keys(tx)})
    headers = {"ETag": etags.quoted(digest(body)), "Cache-Control": "public, max-age=300"}
    if etags.matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/jwk-set+json", headers=headers)


@router.get("/entries", response_model=EntriesOut, responses=refusals(CursorInvalid))
def list_entries(
    actor: EntriesReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    uscc: Annotated[Uscc | None, Query(description="统一社会信用代码")] = None,
    title: Annotated[TitleCode | None, Query(description="title code, for example specialized_sme")] = None,
    district: Annotated[District | None, Query(description="GB/T 2260 prefix, for example 3413")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> EntriesOut:
    """Look titles up on the whitelist (名单查询). Titles are public, so no area is hidden."""
    after = decode(cursor, (str, str, str))
    rows = queries.list_entries(tx, uscc=uscc, title=title, district=district, after=after, limit=limit + 1)
    page = cut(rows, limit, lambda row: (row.uscc, row.title, row.title_id))
    return EntriesOut(
        items=[EntryOut.of(row) for row in page.rows], next_cursor=link_next(request, response, page.after)
    )


def _epoch(tx: ReadTx, epoch: int | None) -> EpochRow:
    row = queries.last_epoch(tx) if epoch is None else queries.find_epoch(tx, epoch)
    if row is None and epoch is not None:
        raise EpochNotFound(f"没有第 {epoch} 期名单，请查看当前清单 /whitelist/manifest")
    if row is None:
        raise WhitelistNotPublished("名单尚未首次发布，请稍后重试")
    return row


def _contents(request: Request) -> Contents:
    return cast(Contents, request.app.state.contents)
