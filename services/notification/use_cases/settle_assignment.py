"""Whoever looks after an enterprise is active and serves its district; if nobody can be, nobody does."""

from __future__ import annotations

from typing import Literal

from chassis.db import Transaction
from services.notification.domain.areas import specificity
from services.notification.domain.balance import choose
from services.notification.store.repositories import Assignments, Commissioners
from services.notification.store.tables import EnterpriseRow
from services.notification.use_cases.appoint_commissioner import Active, appoint_commissioner


def settle_assignment(tx: Transaction, enterprise: EnterpriseRow, *, cause: Literal["moved", "rebalanced"]) -> bool:
    """Keep the commissioner who may stay, otherwise choose another one; whether anything changed.

    The caller holds the assignment lock. `cause` says why somebody who no longer serves does not: the enterprise
    moved, or the areas were changed.
    """
    active = Assignments(tx).find_active(enterprise.uscc)
    if enterprise.ended:
        appoint_commissioner(tx, enterprise, active, None, reason="ended")
        return active is not None
    if active is not None and active[1].active and specificity(active[1].areas, enterprise.district_code):
        return False
    commissioners = Commissioners(tx)
    chosen = choose(commissioners.list_serving(enterprise.district_code), enterprise.district_code)
    successor = commissioners.get_for_update(chosen.code) if chosen else None
    appoint_commissioner(tx, enterprise, active, successor, reason=_reason(active, cause))
    return active is not None or successor is not None


def _reason(active: Active | None, cause: str) -> str:
    if active is None:
        return "registered"
    return cause if active[1].active else "departure"
