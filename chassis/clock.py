"""The only source of time: instants are UTC, dates of law are those of Asia/Shanghai."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_frozen: ContextVar[dt.datetime | None] = ContextVar("peiyu_frozen_clock", default=None)


def now() -> dt.datetime:
    """The current instant in UTC."""
    return _frozen.get() or dt.datetime.now(dt.UTC)  # noqa: TID251 - this is the clock


def today() -> dt.date:
    """The current date in Asia/Shanghai: the one that deadlines, validity and editions are counted by."""
    return now().astimezone(SHANGHAI).date()


@contextmanager
def frozen(instant: dt.datetime) -> Iterator[None]:
    """Hold the clock still for the code inside (tests, replays of an assessment)."""
    token = _frozen.set(instant)
    try:
        yield
    finally:
        _frozen.reset(token)
