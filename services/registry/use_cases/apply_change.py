"""Makes the change that a request asks for, once everybody who has to has agreed to it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.admission import Anyone
from services.registry.domain.change_requests import wanted_values
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.life_cycle import LifeCycles
from services.registry.domain.pool import PoolRules
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.use_cases.succeed import succeed
from services.registry.use_cases.update_enterprise import Basis, update_enterprise


@dataclass(frozen=True, slots=True)
class Tools:
    """What changes are made with: knowledge from data files."""

    knowledge: Knowledge
    life_cycles: LifeCycles
    pool_rules: PoolRules


def apply_change(tx: Transaction, request: ChangeRequestRow, tools: Tools, *, by: str, reason: str | None) -> None:
    """Apply an open request to its locked enterprise (and those who carry it on). Emits what the change brings about.

    EnterpriseUpdated for fields; for a merger or division what `succeed` emits.
    """
    document = document_of(request)
    if request.act is not None:
        row = succeed(tx, request, rules=tools.pool_rules, by=by, document=document or request.reason)
    else:
        row = update_enterprise(
            tx,
            request.uscc,
            wanted_values(request.wanted),
            knowledge=tools.knowledge,
            may=Anyone(),
            basis=Basis(request.id, request.effective_on, document),
        )
    request.state, request.applied_version = "approved", row.version
    request.decided_by, request.decided_at, request.decision_reason = by, clock.now(), reason
    details = {"request_id": str(request.id), "fields": request.fields, "reason": reason}
    tx.audit("change-approved", request.uscc, details)


def document_of(request: ChangeRequestRow) -> str | None:
    """The documents that a request names, in one line."""
    named = [" ".join(part for part in (each.get("title"), each.get("number")) if part) for each in request.evidence]
    return "；".join(named) or None
