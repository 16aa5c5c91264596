"""An official decides on what a rule of the pool proposed."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.errors import PoolProposalDecided
from services.registry.domain.pool import PoolRules
from services.registry.store.pool import PoolProposals
from services.registry.store.pool_tables import PoolProposalRow
from services.registry.store.repositories import Enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.adjust_pool import act

STATES = {"open": "待决定", "accepted": "已采纳", "refused": "未采纳", "withdrawn": "已撤回"}


def decide_pool_proposal(
    tx: Transaction,
    proposal_id: uuid.UUID,
    *,
    accept: bool,
    reason: str,
    document: str | None,
    rules: PoolRules,
    may: Admission,
) -> tuple[PoolProposalRow, EnterpriseRow]:
    """Accept a proposal, and do what it says, or refuse it. Emits PoolEntered, PoolLeft or both when accepted."""
    proposals = PoolProposals(tx)
    proposal = proposals.get(proposal_id)
    row = Enterprises(tx).get_for_update(proposal.uscc)
    may.to_enterprise(row.uscc, row.district_code, row.version)
    proposals.refresh(proposal)  # somebody may have decided while we waited for the lock
    if proposal.state != "open":
        raise PoolProposalDecided(f"这条提议{STATES[proposal.state]}，不能再次决定")
    if accept:
        act(tx, row, proposal, rules, reason=reason, document=document)
    proposal.state = "accepted" if accept else "refused"
    proposal.decision_reason, proposal.decided_by, proposal.decided_at = reason, tx.context.actor, clock.now()
    tx.audit("pool-proposal-decided", row.uscc, {"proposal": str(proposal.id), "state": proposal.state})
    return proposal, row
