"""Packs the whole whitelist at one moment of the feed."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import ExitStack
from dataclasses import dataclass

from chassis import clock
from chassis.db import Transaction
from services.finance.domain.manifest import Link
from services.finance.domain.rows import CSV_HEADER
from services.finance.store.packing import Packed, Packing
from services.finance.store.queries import head, last_epoch, stream_entries


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The list at the position `seq`, packed; its files live as long as what holds them."""

    seq: int
    count: int
    built_at: dt.datetime
    build_seconds: float
    forms: list[Packed]
    previous: Link | None


def build_snapshot(tx: Transaction, held: ExitStack) -> Snapshot:
    """Stream the list through the packers; `tx` sees one moment, so rows and position belong together."""
    started = time.perf_counter()
    built_at = clock.now()
    latest = last_epoch(tx)
    seq = head(tx)
    lines, cells = held.enter_context(Packing("ndjson")), held.enter_context(Packing("csv"))
    cells.write(f"{CSV_HEADER}\n".encode())
    count = 0
    for batch in stream_entries(tx):
        lines.write("".join(f"{line}\n" for line, _ in batch).encode())
        cells.write("".join(f"{csv_line}\n" for _, csv_line in batch).encode())
        count += len(batch)
    forms = [*lines.close(), *cells.close()]
    previous = None if latest is None else Link(latest.epoch, latest.sha256)
    return Snapshot(seq, count, built_at, time.perf_counter() - started, forms, previous)
