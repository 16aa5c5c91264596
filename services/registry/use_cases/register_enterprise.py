"""Enters an enterprise into the register."""

from __future__ import annotations

from chassis.db import Transaction
from contracts.events.registry import EnterpriseRegistered
from services.registry.domain.admission import Admission
from services.registry.domain.enterprises import Identity
from services.registry.domain.errors import EnterpriseAlreadyRegistered
from services.registry.domain.knowledge import Knowledge
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises
from services.registry.store.search_index import index_enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.announce import Announcement, announce, card_of


def register_enterprise(
    tx: Transaction, uscc: str, identity: Identity, *, knowledge: Knowledge, may: Admission
) -> EnterpriseRow:
    """Register an enterprise under its credit code. Emits EnterpriseRegistered."""
    may.to_area(identity.district_code)
    size = knowledge.size(identity.industry_code, {})
    row = Enterprises(tx).add(uscc, identity, size.size_class, size.reason)
    if row is None:
        raise EnterpriseAlreadyRegistered(f"统一社会信用代码 {uscc} 已经登记；如需修改，请用 PATCH 更新该企业")
    event = EnterpriseRegistered(
        uscc=uscc, version=1, enterprise=card_of(uscc, identity, row.size_class, reference(tx))
    )
    announce(tx, Announcement(event, (), identity.district_code))
    index_enterprises(tx, [uscc])
    tx.audit("enterprise-registered", uscc, {"name": identity.name})
    return row
