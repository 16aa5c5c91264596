"""Records an official's finding on a condition that asks for judgement."""

from __future__ import annotations

from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.facts import Stated
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.periods import POINT
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.record_facts import record_facts


def record_finding(
    tx: Transaction, uscc: str, finding: str, stated: Stated, *, knowledge: Knowledge, may: Admission
) -> tuple[EnterpriseRow, bool]:
    """Record a finding as the fact it is; true when it changed anything. Emits FactsRecorded."""
    row, changed = record_facts(tx, uscc, {POINT: {finding: stated}}, knowledge=knowledge, may=may)
    if changed:
        tx.audit("finding-recorded", uscc, {"finding": finding, "decision": stated.value["decision"]})
    return row, bool(changed)
