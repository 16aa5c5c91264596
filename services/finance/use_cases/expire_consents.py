"""Ends consents by the calendar."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.finance.store.repositories import Consents
from services.finance.use_cases.give_consent import consent_changed

AT_ONCE = 5000


def expire_consents(tx: Transaction, limit: int = AT_ONCE) -> int:
    """Let every consent expire whose last day was before today in Asia/Shanghai; how many.

    Emits ConsentChanged for each.
    """
    count = 0
    for consent in Consents(tx).expire(clock.today(), limit):
        tx.audit("consent.expired", consent.uscc, {"consent_id": str(consent.id)})
        tx.emit(consent_changed(consent))
        count += 1
    return count
