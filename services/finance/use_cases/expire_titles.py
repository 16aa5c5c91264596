"""Takes titles off the whitelist when the calendar ends them."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.finance.store.repositories import Titles

AT_ONCE = 50_000


def expire_titles(tx: Transaction, limit: int = AT_ONCE) -> int:
    """Append the leaving of every listed title whose term ended before today in Asia/Shanghai; how many."""
    count = Titles(tx).expire(tx, clock.today(), limit)
    if count:
        tx.audit("whitelist.expired", clock.today().isoformat(), {"titles": count})
    return count
