"""Lists over HTTP: `limit` and `cursor`, the page, and `Link: rel="next"`."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from chassis.keyset import encode

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="每页条数，1 到 200")]
Cursor = Annotated[str | None, Query(description="上一页返回的 next_cursor，原样传回", max_length=1000)]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last page."""

    items: list[Item]
    next_cursor: str | None = Field(default=None, description="pass as `cursor` to get the next page")


def link_next(request: Request, response: Response, after: tuple[Any, ...] | None) -> str | None:
    """Set `Link: rel="next"` when there is another page; returns its cursor."""
    if after is None:
        return None
    cursor = encode(after)
    url = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return cursor
