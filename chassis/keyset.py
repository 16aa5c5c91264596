"""Keyset pages without a web framework: where a page ends, and the cursor that carries its last sort values."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chassis.errors import FieldProblem, Invalid

Item = TypeVar("Item")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class CursorInvalid(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor-invalid"


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """Rows of one page and the sort values of the last one when there are more."""

    rows: Sequence[Item]
    after: tuple[Any, ...] | None


def is_storable(value: str) -> bool:
    """Whether PostgreSQL can hold and compare the text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(value) is None


def cut(rows: Sequence[Item], limit: int, key: Callable[[Item], tuple[Any, ...]]) -> Slice[Item]:
    """From `limit + 1` rows asked for, the page and where the next one starts."""
    if len(rows) <= limit:
        return Slice(rows, None)
    kept = rows[:limit]
    return Slice(kept, key(kept[-1]))


def encode(values: tuple[Any, ...]) -> str:
    """Sort values (text, numbers, UUIDs) as an opaque cursor."""
    raw = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(cursor: str | None, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
    """The sort values in `cursor`, of the types in `kinds`; null for the first page."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, UnicodeDecodeError):
        values = None
    if isinstance(values, list) and len(values) == len(kinds):
        values = [_typed(value, kind) for value, kind in zip(values, kinds, strict=True)]
    else:
        values = None
    if values is None or None in values:
        problem = FieldProblem("cursor", "游标无效，请从第一页重新开始", found=cursor[:40], expected="next_cursor 原值")
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始", problems=[problem])
    return tuple(values)


def _plain(value: object) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be in a cursor")


def _typed(value: object, kind: type) -> object:
    """The value as that type, or None when it is not one that PostgreSQL can compare (NUL, beyond bigint, no UUID)."""
    if kind is uuid.UUID:
        try:
            return uuid.UUID(value) if isinstance(value, str) else None
        except ValueError:
            return None
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
        return None
    return None if isinstance(value, str) and not is_storable(value) else value
