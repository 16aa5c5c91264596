"""Keyset pages without a web framework: where a page ends, and the cursor that carries its last sort values."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chassis.errors import FieldProblem, Invalid

Item = TypeVar("Item")


class CursorInvalid(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor-invalid"


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
    if not sound or not all(_is(value, kind) for value, kind in zip(values, kinds, strict=True)):
        problem = FieldProblem("cursor", "游标无效，请从第一页重新开始", found=cursor[:40], expected="next_cursor 原值")
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始", problems=[problem])
    return tuple(values)


def _is(value: object, kind: type) -> bool:
    """A value of that type which PostgreSQL can compare: no NUL, no lone surrogate, no number beyond bigint."""
    if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
        return False
    return type(value) is kind and not (isinstance(value, int) and abs(value) >= 2**63)
