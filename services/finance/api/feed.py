"""Reads pages of the change feed in the form a caller wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from chassis import etags
from chassis.db import Database
from services.finance.api.content import REVALIDATE
from services.finance.domain.errors import PositionAhead, PositionForgotten
from services.finance.domain.feed import CHANGES_CSV_HEADER, NumberedChange, change_csv, change_line
from services.finance.domain.manifest import MEDIA_TYPES
from services.finance.store.queries import changes_after, reach


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes that follow a position, and how far the feed reaches."""

    changes: Sequence[NumberedChange]
    next_after: int
    latest_seq: int


def read_page(db: Database, after: int, limit: int) -> FeedPage:
    """One page, read at one moment. Refuses a position that the feed never gave out or keeps no longer."""
    with db.reading() as tx:
        kept = reach(tx)
        if after > kept.last:
            raise PositionAhead(
                f"变更序号 {after} 超出当前末尾 {kept.last}：请重新下载名单快照，再从快照的 seq 继续",
                latest_seq=kept.last,
            )
        if after < kept.first - 1:
            raise PositionForgotten(
                f"序号 {kept.first} 之前的变更不再保留：请重新下载名单快照，再从快照的 seq 继续",
                latest_seq=kept.last,
            )
        changes = changes_after(tx, after, limit)
    return FeedPage(changes, changes[-1].seq if changes else after, kept.last)


def page_response(request: Request, page: FeedPage, form: str) -> Response:
    """The page as json (with its figures), or as bare ndjson or csv with the figures in headers."""
    body = _body(page, form)
    etag = etags.quoted(hashlib.sha256(body).hexdigest())
    headers = {
        "ETag": etag,
        "Cache-Control": REVALIDATE,
        "Peiyu-Next-After": str(page.next_after),
        "Peiyu-Latest-Seq": str(page.latest_seq),
    }
    if etags.matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": MEDIA_TYPES.get(form, "application/json")})


def _body(page: FeedPage, form: str) -> bytes:
    if form == "csv":
        return "".join(f"{line}\n" for line in (CHANGES_CSV_HEADER, *map(change_csv, page.changes))).encode()
    lines = [change_line(change) for change in page.changes]
    if form == "ndjson":
        return "".join(f"{line}\n" for line in lines).encode()
    items = ",".join(lines)
    return f'{{"items":[{items}],"next_after":{page.next_after},"latest_seq":{page.latest_seq}}}'.encode()
