"""An officer decides who looks after an enterprise."""

from __future__ import annotations

from chassis.db import Transaction
from services.notification.domain.areas import specificity
from services.notification.domain.errors import (
    AlreadyAssigned,
    CommissionerInactive,
    CommissionerNotServing,
    EnterpriseEnded,
)
from services.notification.store.repositories import Assignments, Commissioners, Enterprises
from services.notification.use_cases.appoint_commissioner import appoint_commissioner


def assign_by_hand(tx: Transaction, uscc: str, code: str, note: str) -> None:
    """Give the enterprise to the commissioner `code`, who must be active and serve its district.

    Emits AssignmentChanged with the reason by_hand; `note` stays in this service.
    """
    assignments = Assignments(tx)
    assignments.lock()
    enterprises = Enterprises(tx)
    enterprises.get(uscc)
    enterprise = enterprises.get_or_add_for_update(uscc)
    if enterprise.ended:
        raise EnterpriseEnded(f"“{enterprise.name}”已合并或分立，不再分配服务专员，请为承继企业分配")
    commissioner = Commissioners(tx).get_for_update(code)
    if not commissioner.active:
        raise CommissionerInactive(f"服务专员“{code}”已停用，请换一位，或先恢复其服务")
    if not specificity(commissioner.areas, enterprise.district_code):
        where = enterprise.district_name or enterprise.district_code or "（企业未填区县）"
        raise CommissionerNotServing(f"服务专员“{code}”不服务{where}，请换一位，或先把该区县加入其服务区域")
    active = assignments.find_active(uscc)
    if active is not None and active[1].id == commissioner.id:
        raise AlreadyAssigned(f"该企业已由服务专员“{code}”服务，无需重复指定")
    appoint_commissioner(tx, enterprise, active, commissioner, reason="by_hand", note=note)
