"""`Idempotency-Key`: the answer to a keyed request is stored in the transaction of its effects and replayed.

A second request with the same key waits for the first one's commit (unique index), then gets the same answer;
with another body it is refused. A request that was refused leaves no trace, so its key may be used again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from chassis import clock
from chassis.db import Transaction
from chassis.dependencies import Tx
from chassis.errors import Conflict, Invalid
from chassis.plumbing import IdempotencyRow

_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
REPLAYED = "Idempotency-Replayed"
RETENTION = dt.timedelta(days=7)
"""How long an answer can be asked for again."""


class IdempotencyKeyInvalid(Invalid):
    """The key is empty, too long or has characters other than visible ASCII."""

    code = "idempotency-key-invalid"


class IdempotencyKeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency-key-reused"


class IdempotencyKeyInProgress(Conflict):
    """The first request with this key is still being worked on."""

    code = "idempotency-key-in-progress"


class _Replay(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


def begin(request: Request, tx: Tx, idempotency_key: Annotated[str | None, Header()] = None) -> None:
    """Claim the key of this request, or replay the answer it already has."""
    if idempotency_key is None:
        return
    if not _KEY.match(idempotency_key):
        raise IdempotencyKeyInvalid("Idempotency-Key 应为 1 到 255 个可见 ASCII 字符")
    subject = tx.context.actor
    fingerprint = str(request.state.fingerprint)
    claim = (
        insert(IdempotencyRow)
        .values(subject=subject, key=idempotency_key, fingerprint=fingerprint, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotencyRow.key)
    )
    try:
        claimed = tx.session.execute(claim).scalar_one_or_none()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise IdempotencyKeyInProgress("同一 Idempotency-Key 的请求仍在处理中，请稍后重试") from error
        raise
    if claimed is not None:
        request.state.idempotency = (subject, idempotency_key)
        return
    row = tx.session.scalars(
        select(IdempotencyRow).where(IdempotencyRow.subject == subject, IdempotencyRow.key == idempotency_key)
    ).one()
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused("该 Idempotency-Key 已用于另一个请求，请换一个新的键")
    raise _Replay(Response(row.body, row.status or 200, {**(row.headers or {}), REPLAYED: "true"}))


Idempotent = Depends(begin, scope="function")
"""For every POST that creates: declare it as a parameter after `Tx`: `_: Annotated[None, Idempotent] = None`."""


async def replayed_or(handler: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """Run `handler`; store its answer beside its effects, or give the stored one."""
    if request.method != "POST" or "idempotency-key" not in request.headers:
        return await handler(request)
    body = await request.body()
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(request.headers.get("content-type", "").split(";")[0].encode())
    digest.update(_without_boundary(body, request.headers.get("content-type", "")))
    request.state.fingerprint = digest.hexdigest()
    try:
        response = await handler(request)
    except _Replay as replay:
        return replay.response
    claimed = getattr(request.state, "idempotency", None)
    if claimed is not None:
        await run_in_threadpool(_store, request.state.tx, claimed, response)
    return response


def _without_boundary(body: bytes, content_type: str) -> bytes:
    """A multipart boundary is chosen anew by each client call and is not part of what was asked."""
    _, _, boundary = content_type.partition("boundary=")
    return body.replace(boundary.strip('"').encode(), b"") if boundary else body


def _store(tx: Transaction, claimed: tuple[str, str], response: Response) -> None:
    kept = {name: value for name, value in response.headers.items() if name in ("content-type", "location", "etag")}
    subject, key = claimed
    tx.session.execute(
        update(IdempotencyRow)
        .where(IdempotencyRow.subject == subject, IdempotencyRow.key == key)
        .values(status=response.status_code, headers=kept, body=bytes(response.body))
    )


def purge(tx: Transaction, older_than: dt.datetime) -> None:
    """Forget the keys created before the instant `older_than`."""
    tx.session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < older_than))
