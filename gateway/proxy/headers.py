"""Which headers pass: hop-by-hop ones never, forged ones never, ours are written by us."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.domain.errors import HeadersTooLarge, MethodOverrideRefused, PathRefused

RawHeaders = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"expect",
    }
)  # fmt: skip

_OURS = frozenset(
    {
        b"cookie", b"forwarded", b"x-real-ip", b"x-original-url", b"x-original-uri",
        b"x-rewrite-url", b"x-correlation-id", b"traceparent", b"tracestate",
    }
)  # fmt: skip
_FORGED = (b"peiyu-", b"x-forwarded-", b"x-user", b"x-tenant", b"x-auth", b"x-accel-")
_OVERRIDES = frozenset({b"x-http-method-override", b"x-http-method", b"x-method-override"})
_FROM_UPSTREAM = HOP_BY_HOP | {b"server", b"date", b"x-correlation-id"}
_MAX_HEADERS = 100

_AMBIGUOUS = re.compile(rb"//|;|\\|%2f|%5c|%2e|%3b|%00|%0[ad]|[\x00-\x20\x7f-\xff]|/\.{1,2}(?:/|$)", re.IGNORECASE)


def check_path(raw_path: bytes) -> None:
    """Refuse a path that the gateway and a service could understand differently."""
    if not raw_path.startswith(b"/") or _AMBIGUOUS.search(raw_path):
        raise PathRefused("路径中含有 //、..、; 或编码的斜杠等不允许的写法，请使用规范的路径")


def find(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value of a header; names are lower case, as ASGI has them."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


def towards_service(headers: RawHeaders, ours: RawHeaders, *, max_bytes: int, credentials: bool = False) -> RawHeaders:
    """The client's headers without what must not reach a service, followed by `ours`.

    The client's `credentials` reach the token endpoint alone.
    """
    size = 0
    dropped: set[bytes] = set()
    for name, value in headers:
        size += len(name) + len(value) + 4
        if name == b"connection":
            dropped.update(each.strip() for each in value.lower().split(b","))
        elif name in _OVERRIDES:
            raise MethodOverrideRefused("不支持用请求头改写方法，请直接使用所需的 HTTP 方法")
    if size > max_bytes or len(headers) > _MAX_HEADERS:
        raise HeadersTooLarge(f"请求头过大：最多 {_MAX_HEADERS} 个、共 {max_bytes // 1024} KB")
    kept = [
        (name, value)
        for name, value in headers
        if name not in HOP_BY_HOP
        and name not in _OURS
        and name not in dropped
        and not name.startswith(_FORGED)
        and (credentials or name != b"authorization")
    ]
    return kept + ours


def towards_client(headers: Iterable[tuple[bytes, bytes]], ours: RawHeaders) -> RawHeaders:
    """The service's headers without what belongs to its own connection, followed by `ours`."""
    kept: RawHeaders = []
    for name, value in headers:
        lower = name.lower()
        if lower not in _FROM_UPSTREAM and not lower.startswith(b"peiyu-"):
            kept.append((lower, value))
    return kept + ours
