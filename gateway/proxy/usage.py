"""Requests per day, client and service: counted in memory, added to the database in batches."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter

from chassis import clock
from chassis.db import Database
from gateway.store.repositories import Usage

FLUSH_SECONDS = 10.0


class UsageCounter:
    """A count that was not written yet is lost with the process; figures of use need no more."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._gate = threading.Lock()
        self._counts: Counter[tuple[dt.date, str, str]] = Counter()
        self._day = clock.today()
        self._day_until = 0.0
        self._flushed = time.monotonic()

    def count(self, client_id: str, service: str) -> None:
        """One request more; called on the event loop."""
        now = time.monotonic()
        if now >= self._day_until:
            self._day, self._day_until = clock.today(), now + 1.0
        with self._gate:
            self._counts[self._day, client_id, service] += 1

    def flush_when_due(self) -> None:
        """Write what has been counted, every ten seconds; called in a thread."""
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what has been counted; what cannot be written is kept for the next time."""
        self._flushed = time.monotonic()
        with self._gate:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        try:
            with self._db.transaction() as tx:
                Usage(tx).add(taken)
        except Exception:
            with self._gate:
                self._counts.update(taken)
            raise
