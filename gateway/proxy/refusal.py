"""A refusal at the door as a problem document, and whether the connection must end with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from starlette.types import Receive, Scope

from chassis import problems
from chassis.errors import DomainError
from gateway.domain.errors import (
    GatewayFailed,
    HeadersTooLarge,
    MethodRefused,
    TokenInvalid,
    TokenMissing,
    UpstreamFailed,
    UpstreamTimeout,
)
from gateway.proxy.headers import RawHeaders, find

DRAIN_BYTES = 8 * 1024 * 1024
DRAIN_SECONDS = 2.0
_BODY_WORTH_READING = 64 * 1024

_STATUS: dict[type[DomainError], int] = {
    MethodRefused: 405,
    HeadersTooLarge: 431,
    GatewayFailed: 500,
    UpstreamFailed: 502,
    UpstreamTimeout: 504,
}
_CHALLENGES: dict[type[DomainError], bytes] = {
    TokenMissing: b'Bearer realm="peiyu"',
    TokenInvalid: b'Bearer realm="peiyu", error="invalid_token"',
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """`closes`: a large body is still on its way and shall not be read to its end."""

    status: int
    headers: RawHeaders
    body: bytes
    closes: bool


def refusal(error: DomainError, scope: Scope, ours: RawHeaders) -> Refusal:
    """What to answer; `ours` are headers that every answer of the gateway has."""
    status = _STATUS.get(type(error)) or problems.status_of(error)
    extra = {name: value for name, value in error.extra.items() if name != "retry_after"}
    response = problems.problem(
        status, error.code, error.detail, title=error.title, instance=scope["path"], extra=extra
    )
    closes = _large_body(scope["headers"])
    headers = response.raw_headers + ours
    if type(error) in _CHALLENGES:
        headers.append((b"www-authenticate", _CHALLENGES[type(error)]))
    if "retry_after" in error.extra or status == 503:
        headers.append((b"retry-after", str(error.extra.get("retry_after", 5)).encode("ascii")))
    if closes:
        headers.append((b"connection", b"close"))
    return Refusal(response.status_code, headers, bytes(response.body), closes)


def _large_body(headers: RawHeaders) -> bool:
    length = find(headers, b"content-length")
    if length is None:
        return find(headers, b"transfer-encoding") is not None
    return not length.isdigit() or int(length) > _BODY_WORTH_READING


async def drain(receive: Receive) -> None:
    """Read and forget some of what a client is still sending, so that it comes to read the refusal."""
    left = DRAIN_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
