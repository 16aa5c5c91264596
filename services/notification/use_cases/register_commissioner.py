"""A new commissioner."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from chassis import clock, ids
from chassis.db import Transaction
from services.notification.domain.areas import normalised
from services.notification.domain.errors import CommissionerExists
from services.notification.store.repositories import Assignments, Commissioners
from services.notification.store.tables import CommissionerRow
from services.notification.use_cases.settle_coverage import request_settling


def register_commissioner(
    tx: Transaction, *, code: str, display_name: str, areas: Sequence[str], weight: Decimal
) -> CommissionerRow:
    """Enter a commissioner; a job assigns enterprises of the areas that have nobody, with their waiting messages."""
    prefixes = normalised(areas)
    # Whoever registers an enterprise now either is committed and found by the job, or will see this commissioner.
    Assignments(tx).lock()
    commissioners = Commissioners(tx)
    if commissioners.find_by_code(code) is not None:
        raise CommissionerExists(f"编号“{code}”已被使用，请换一个编号，或修改已有的服务专员")
    moment = clock.now()
    row = CommissionerRow(
        id=ids.new_id(),
        code=code,
        display_name=display_name,
        areas=prefixes,
        active=True,
        weight=weight,
        load=0,
        version=1,
        created_at=moment,
        updated_at=moment,
    )
    commissioners.add(row)
    tx.audit("commissioner.registered", code, {"areas": prefixes, "weight": str(weight)})
    request_settling(tx)
    return row
