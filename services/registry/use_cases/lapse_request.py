"""Puts a change request aside that nobody can decide any more."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.registry.store.change_tables import ChangeRequestRow


def lapse(tx: Transaction, request: ChangeRequestRow, reason: str) -> None:
    """Its enterprise was merged or divided before it was decided."""
    request.state, request.decided_at, request.decision_reason = "lapsed", clock.now(), reason
    tx.audit("change-lapsed", request.uscc, {"request_id": str(request.id), "reason": reason})
