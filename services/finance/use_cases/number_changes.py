"""Gives pending changes their place in the feed and moves the list on to exactly that place."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from chassis import context, tracing
from chassis.db import Transaction
from chassis.feed import Sequence as Feed
from contracts.events.finance import WhitelistChanged
from services.finance.store.repositories import Changes, Entries

FEED = Feed("whitelist_changes")
AT_ONCE = 2000
BULK = 20


def number_changes(tx: Transaction, limit: int = AT_ONCE) -> int:
    """Number up to `limit` pending changes and apply them to the list; how many.

    Emits WhitelistChanged for each. Numbers, list and events commit together, so whoever sees a position of the
    feed sees the list at that position.
    """
    count = FEED.number(tx, limit)
    if count:
        Entries(tx).apply_last(count)
        for _, caused_alike in groupby(Changes(tx).last(count), key=_cause):
            _announce(tx, list(caused_alike))
    return count


def _announce(tx: Transaction, changes: list[Any]) -> None:
    """Emit the events of changes with one cause, whose trace they continue; those of an import in bulk."""
    here = context.from_headers(changes[0].correlation_id, changes[0].traceparent)
    with tracing.recording(here, "number changes", "internal") as span:
        tx.context = span.context
        events = (_event(change) for change in changes)
        if len(changes) > BULK:
            tx.emit_all(events)
        else:
            for event in events:
                tx.emit(event)


def _cause(change: Any) -> tuple[str, str]:
    _, trace, *_ = change.traceparent.split("-")
    return change.correlation_id, trace


def _event(change: Any) -> WhitelistChanged:
    return WhitelistChanged(
        uscc=change.uscc,
        name=change.name,
        title=change.title,
        title_label=change.title_label,
        title_id=change.title_id,
        change=change.type,
        reason=change.reason,
        effective_on=change.effective_on,
        seq=change.seq,
    )
