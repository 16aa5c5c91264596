"""`ETag`, `If-None-Match` and `If-Match`, for everything that a machine polls or two people edit."""

from __future__ import annotations

from fastapi import Request, Response

from chassis.errors import Stale


class StaleWrite(Stale):
    """The caller changed a copy that is no longer the current one."""

    code = "stale-write"


def quoted(value: object) -> str:
    """A strong entity tag."""
    return f'"{value}"'


def matches(header: str | None, etag: str) -> bool:
    """Whether a list of entity tags (or `*`) names `etag`; weak tags compare by their value."""
    if header is None:
        return False
    given = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in given or etag in given


def not_modified(request: Request, etag: str) -> Response | None:
    """304 when the caller already has `etag`."""
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag})
    return None


def require_match(request: Request, version: object) -> None:
    """Refuse with 412 when the caller names a version and it is not the current one."""
    given = request.headers.get("if-match")
    if given is not None and not matches(given, quoted(version)):
        raise StaleWrite(f"数据已被更新到版本 {version}，请重新读取后再修改")
