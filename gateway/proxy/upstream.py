"""The port behind which a service stands, in this process or in another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import Message, Scope

from gateway.domain.errors import UpstreamFailed, UpstreamTimeout
from gateway.proxy.exchange import Ended, Exchange


class Upstream(Protocol):
    """A service. Raises UpstreamUnavailable, UpstreamTimeout or UpstreamFailed, and only before the answer starts;
    an answer that breaks off later is left incomplete, which tells the client."""

    async def open(self) -> None:
        """Get ready; called once, before the first request."""

    async def close(self) -> None:
        """Let go of everything; called once, after the last request."""

    async def forward(self, scope: Scope, exchange: Exchange) -> None:
        """Pass the request on and the answer back. `scope` is ASGI's, with the headers that the service shall see."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, for what the gateway itself asks of a service."""

    status: int
    body: bytes


async def ask(upstream: Upstream, path: str, *, seconds: float, max_bytes: int = 16 * 1024 * 1024) -> Answer:
    """GET `path` of a service on the gateway's own behalf; raises like `Upstream.forward`."""
    body = bytearray()

    async def receive() -> Message:
        if not asked.is_set():
            asked.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))
        if len(body) > max_bytes:
            exchange.end(Ended.TOO_LARGE)

    asked = asyncio.Event()
    exchange = Exchange(receive, send, max_body=0, answer_seconds=seconds, total_seconds=seconds)
    exchange.begin()
    try:
        await upstream.forward(_get(path), exchange)
    finally:
        exchange.finish()
    if exchange.ended is Ended.TOO_SLOW:
        raise UpstreamTimeout("服务没有在规定时间内响应")
    if exchange.status is None or not exchange.complete:
        raise UpstreamFailed("服务没有给出完整的回答")
    return Answer(exchange.status, bytes(body))


def _get(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"gateway")],
        "client": None,
        "server": None,
        "extensions": {},
    }
