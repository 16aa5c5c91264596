"""A service behind the gateway: a chassis application with a few raw corners, and a note of what it went through."""

import asyncio
import threading
import time
from contextvars import ContextVar
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import context, http
from chassis.auth import Actor, IdentityVerifier, guard
from chassis.db import Database

PREFIX = "/api/registry/v1"
LEAK: ContextVar[str] = ContextVar("peiyu_test_leak", default="clean")

Reader = Annotated[Actor, Depends(guard("enterprises:read"))]
Writer = Annotated[Actor, Depends(guard("imports:write", roles=["officer"]))]


class Seen:
    """What the service has met; written in its thread, read in the test's."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = threading.Event()
        self.interrupted = threading.Event()
        self.left = threading.Event()
        self.bytes = 0
        self.requests = 0
        self.ended: list[float] = []

    async def wait_to_go(self) -> None:
        while not self.go.is_set():  # noqa: ASYNC110 - set by a thread, and waiting must be interruptible
            await asyncio.sleep(0.005)


class Service:
    """`/raw/…` is answered as bare ASGI, the rest by a guarded chassis application."""

    def __init__(self, db: Database, identity: IdentityVerifier) -> None:
        self.seen = Seen()
        self.app = guarded(db, identity, self.seen)
        self.raw: dict[str, ASGIApp] = {
            "/raw/stream": self._stream,
            "/raw/hang": self._hang,
            "/raw/broken": self._broken,
            "/raw/silent": self._silent,
            "/raw/upload": self._upload,
            "/raw/leak": self._leak,
            "/raw/hops": self._hops,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.seen.requests += 1
            raw = self.raw.get(scope["path"].removeprefix(PREFIX))
            if raw is not None:
                await raw(scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One part now, the other when the test says so."""
        await start(send, [(b"content-type", b"application/x-ndjson"), (b"content-encoding", b"gzip")])
        await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        await self.seen.wait_to_go()
        await send({"type": "http.response.body", "body": b"second\n", "more_body": False})

    async def _hang(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits until it is interrupted, as a long poll does."""
        try:
            await receive()
            self.seen.begun.set()
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.seen.ended.append(time.monotonic())
            self.seen.interrupted.set()

    async def _broken(self, scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, [(b"content-length", b"1000")])
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise RuntimeError("broke off")

    async def _silent(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no answer")

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.seen.interrupted.set()
                return
            self.seen.bytes += len(message["body"])
            self.seen.begun.set()
            more = message["more_body"]
        await start(send, [])
        await send({"type": "http.response.body", "body": str(self.seen.bytes).encode()})

    async def _leak(self, scope: Scope, receive: Receive, send: Send) -> None:
        before = LEAK.get()
        LEAK.set("leaked")
        context._current.set(context.Context(correlation_id="somebody-else"))
        await start(send, [])
        await send({"type": "http.response.body", "body": before.encode()})

    async def _hops(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with headers that belong to its own connection."""
        headers = [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=9"), (b"server", b"secret/1.0"),
                   (b"peiyu-identity", b"mine"), (b"x-correlation-id", b"forged"), (b"set-cookie", b"a=1"),
                   (b"set-cookie", b"b=2")]  # fmt: skip
        await start(send, headers)
        await send({"type": "http.response.body", "body": b"ok"})


async def start(send: Send, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def guarded(db: Database, identity: IdentityVerifier, seen: Seen) -> FastAPI:
    app = http.create(
        service="registry", title="registry", description="企业档案", version="1", db=db, identity=identity
    )

    @app.get(f"{PREFIX}/whoami")
    def whoami(actor: Reader, request: Request) -> dict[str, Any]:
        return {
            "subject": actor.subject,
            "roles": sorted(actor.roles),
            "scopes": sorted(actor.scopes),
            "areas": list(actor.areas),
            "institution": actor.institution,
            "audience": actor.claims["aud"],
            "correlation_id": context.current().correlation_id,
            "traceparent": request.headers.get("traceparent"),
            "headers": sorted(request.headers),
            "query": request.url.query,
        }

    @app.post(f"{PREFIX}/imports")
    def post_import(actor: Writer) -> dict[str, str]:
        return {"by": actor.subject}

    @app.get(f"{PREFIX}/threads")
    def in_a_thread(actor: Reader) -> dict[str, bool]:
        seen.begun.set()
        went = seen.go.wait(30)
        seen.left.set()
        return {"went": went}

    return app
