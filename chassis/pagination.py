"""Keyset pages: an opaque cursor holds the last row's sort values; `Link: rel="next"` carries it on."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from chassis.errors import FieldProblem, Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="每页条数，1 到 200")]
Cursor = Annotated[str | None, Query(description="上一页返回的 next_cursor，原样传回", max_length=1000)]


class CursorInvalid(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor-invalid"


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="pass as `cursor` to get the next page")


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """Rows of one page and the sort values of the last one when there are more."""

    rows: Sequence[Item]
    after: tuple[Any, ...] | None


def cut(rows: Sequence[Item], limit: int, key: Callable[[Item], tuple[Any, ...]]) -> Slice[Item]:
    """From `limit + 1` rows asked for, the page and where the next one starts."""
    if len(rows) <= limit:
        return Slice(rows, None)
    kept = rows[:limit]
    return Slice(kept, key(kept[-1]))


def encode(values: tuple[Any, ...]) -> str:
    """Sort values (text, numbers) as an opaque cursor."""
    raw = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(cursor: str | None, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    """The sort values in `cursor`, of the types in `kinds`; null for the first page."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        values = None
    sound = isinstance(values, list) and len(values) == len(kinds)
    if not sound or not all(type(value) is kind for value, kind in zip(values, kinds, strict=True)):
        problem = FieldProblem("cursor", "游标无效，请从第一页重新开始", found=cursor[:40], expected="next_cursor 原值")
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始", problems=[problem])
    return tuple(values)


def link_next(request: Request, response: Response, after: tuple[Any, ...] | None) -> str | None:
    """Set `Link: rel="next"` when there is another page; returns its cursor."""
    if after is None:
        return None
    cursor = encode(after)
    url = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return cursor
