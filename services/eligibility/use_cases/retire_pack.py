"""Take a pack out of use, or away: the first keeps its answers for old dates, the second is for what never gave any."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Transaction
from contracts.events.eligibility import PackRetired
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import PackInUse
from services.eligibility.domain.life_cycle import STATES, require_state
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.activate_packs import assess_again
from services.eligibility.use_cases.schedule_pack import named


def retire_pack(tx: Transaction, catalog: Catalog, sha256: str) -> PackRow:
    """From today on no application is judged by it; applications of earlier days still are. Emits PackRetired."""
    packs = Packs(tx)
    row = packs.get_for_update(sha256)
    require_state(row.state, ("active",), "停用", "草案请删除，已排期的请撤销排期。")
    packs.end_serving(row, clock.today())
    row.state, row.retired_at, row.retired_by = "retired", clock.now(), tx.context.actor
    tx.audit("pack-retired", row.pack_id, {"hash": row.hash})
    pack = catalog.compile(StoredPack(row.hash, row.file, row.body))
    tx.emit(PackRetired(**named(row, pack), last_on=clock.today() - dt.timedelta(days=1), retired_at=row.retired_at))
    assess_again(tx, [pack], f"停用规则包 {row.pack_id}")
    return row


def delete_pack(tx: Transaction, sha256: str) -> None:
    """Delete a version that never served. Raises PackInUse for every other one, with the reason."""
    packs = Packs(tx)
    row = packs.get_for_update(sha256)
    if row.state == "active":
        raise PackInUse("规则包正在使用，不能删除；不再使用请停用")
    if row.state == "scheduled":
        raise PackInUse(f"规则包已排期于 {row.activates_on} 启用，不能删除；请先撤销排期")
    if packs.has_served(row):
        raise PackInUse(
            f"规则包现为“{STATES[row.state]}”，曾经使用过，已有测算依据它作出，须保留以便查证和按原日期测算，不能删除"
        )
    packs.dismiss(row)
    tx.audit("pack-deleted", row.pack_id, {"hash": row.hash, "file": row.file})
