"""Puts titles on the whitelist when the calendar begins their term."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.finance.store.repositories import WHITELIST_CHANNEL, Enterprises
from services.finance.use_cases.refresh_listing import refresh_listing

AT_ONCE = 5000


def begin_titles(tx: Transaction, limit: int = AT_ONCE) -> int:
    """Append the entering of every title whose term has begun by today in Asia/Shanghai; how many."""
    count = sum(refresh_listing(tx, enterprise) for enterprise in Enterprises(tx).list_due(clock.today(), limit))
    if count:
        tx.notify(WHITELIST_CHANNEL)
    return count
