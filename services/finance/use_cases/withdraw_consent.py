"""Ends a consent at the enterprise's word."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.finance.domain.consents import EXPIRED, WITHDRAWN
from services.finance.domain.errors import ConsentExpired
from services.finance.store.tables import ConsentRow
from services.finance.use_cases.give_consent import consent_changed


def withdraw_consent(tx: Transaction, consent: ConsentRow) -> ConsentRow:
    """Withdraw a consent (locked by the caller). Withdrawn again, nothing happens.

    Emits ConsentChanged.
    """
    if consent.state == EXPIRED:
        raise ConsentExpired("该授权已到期，无需撤回")
    if consent.state != WITHDRAWN:
        consent.state, consent.ended_by, consent.ended_at = WITHDRAWN, tx.context.actor, clock.now()
        tx.audit("consent.withdrawn", consent.uscc, {"consent_id": str(consent.id)})
        tx.emit(consent_changed(consent))
    return consent
