"""Gives pending changes their place in the feed and moves the list on to exactly that place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chassis import context
from chassis.db import Transaction
from chassis.feed import Sequence as Feed
from contracts.events.finance import WhitelistChanged
from services.finance.domain.rows import csv_row
from services.finance.store.repositories import Changes, Entries

FEED = Feed("whitelist_changes")
AT_ONCE = 2000


def number_changes(tx: Transaction, limit: int = AT_ONCE) -> int:
    """Number up to `limit` pending changes and apply them to the list; how many.

    Emits WhitelistChanged for each. Numbers, list and events commit together, so whoever sees a position of the
    feed sees the list at that position.
    """
    count = FEED.number(tx, limit)
    if count:
        numbered = Changes(tx).last(count)
        _apply(tx, numbered)
        for change in numbered:
            tx.context = context.from_headers(change.correlation_id, change.traceparent)
            tx.emit(
                WhitelistChanged(
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
            )
    return count


def _apply(tx: Transaction, numbered: Sequence[Any]) -> None:
    """Only the last change of a row counts: each carries the whole row."""
    last = {(change.uscc, change.title_id): change for change in numbered}
    entries = Entries(tx)
    entries.remove([key for key, change in last.items() if change.line is None])
    entries.put([_entry(change) for change in last.values() if change.line is not None])


def _entry(change: Any) -> dict[str, object]:
    row = json.loads(change.line)
    return {
        "uscc": change.uscc,
        "title_id": change.title_id,
        "title": change.title,
        "district_code": row["district_code"],
        "seq": change.seq,
        "line": change.line,
        "csv_line": csv_row(row),
    }
