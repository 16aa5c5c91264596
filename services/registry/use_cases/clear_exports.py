"""Forgets exported files after a while: a list grows old, and it can be asked for again."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Transaction
from services.registry.store.exports import Exports

KEPT = dt.timedelta(days=7)


def clear_exports(tx: Transaction) -> None:
    """Forget exports older than KEPT, with their files."""
    Exports(tx).clear(clock.now() - KEPT)
