"""A request that is cancelled (its client has gone) ends its transaction and gives its connection back."""

import gc
import threading
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message

from chassis.db import Database
from chassis.dependencies import Tx
from tests.fixtures.identity import Identities
from tests.service.chassis import app as notes


@pytest.fixture
def app(db: Database, identities: Identities) -> FastAPI:
    return notes.create(db, identities.verifier("registry"))


def call_and_cancel(app: FastAPI, path: str, inside: threading.Event, leave: threading.Event) -> None:
    """POST `path`, cancel it when it is `inside` its route, then let a route that is in a thread leave."""
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("t", 80), "client": ("t", 1),
        "headers": [],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        """Nobody listens any more."""

    async def call() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(app, scope, receive, send)
            assert await anyio.to_thread.run_sync(inside.wait, 10)
            group.cancel_scope.cancel()
            leave.set()

    gc.disable()  # what only the garbage collector gives back is as good as lost under load
    try:
        anyio.run(call)
    finally:
        gc.enable()


def test_a_request_cancelled_while_it_waits_rolls_back(app: FastAPI, db: Database) -> None:
    inside = threading.Event()

    @app.post("/waiting")
    async def wait(tx: Tx) -> None:
        await anyio.to_thread.run_sync(tx.session.execute, text("INSERT INTO notes (text) VALUES ('waiting')"))
        inside.set()
        await anyio.sleep(30)

    call_and_cancel(app, "/waiting", inside, threading.Event())
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM notes")) == 0


def test_a_request_cancelled_in_a_thread_is_left_by_the_thread_first(app: FastAPI, db: Database) -> None:
    inside, leave = threading.Event(), threading.Event()
    seen: list[int] = []

    @app.post("/working")
    def work(tx: Tx) -> None:
        inside.set()
        assert leave.wait(10)
        seen.append(tx.session.scalar(text("SELECT 1")) or 0)

    call_and_cancel(app, "/working", inside, leave)
    assert seen == [1]
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
