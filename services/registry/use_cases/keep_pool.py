"""Takes enterprises into the pool, moves them between its tiers, and lets them leave."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from contracts.events.registry import PoolEntered, PoolLeft
from services.registry.domain.errors import AlreadyInPool, NotInPool, PoolInvalid
from services.registry.domain.pool import PoolRules
from services.registry.store.pool import PoolEntries
from services.registry.store.pool_tables import PoolEntryRow
from services.registry.store.reference import reference
from services.registry.store.repositories import identity_of
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.announce import Announcement, announce, card_of

MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Into which tier, from which list, since when and why."""

    pool: str
    tier: str
    source_list: str
    reason: str
    on: dt.date
    document: str | None = None
    rule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Since when, why (a code of the file, and in words), by which document."""

    code: str
    reason: str
    on: dt.date
    document: str | None = None


def enter_pool(tx: Transaction, row: EnterpriseRow, entry: Entry, rules: PoolRules) -> PoolEntryRow:
    """Take a locked enterprise into a tier. Emits PoolEntered."""
    _require_entry(entry, rules)
    if present := PoolEntries(tx).present(row.uscc, entry.pool):
        tier = rules.tier_label(entry.pool, present.tier)
        message = f"该企业已在{rules.pools[entry.pool].label}（{tier}），如需调整请办理调整或出库"
        raise AlreadyInPool(message, entry_id=str(present.id))
    return _add(tx, row, entry, rules)


def move_in_pool(tx: Transaction, row: EnterpriseRow, entry: Entry, rules: PoolRules) -> PoolEntryRow:
    """Move a locked enterprise to another tier of the pool it is in. Emits PoolLeft and PoolEntered."""
    _require_entry(entry, rules)
    present = _present(tx, row, entry.pool, rules)
    if present.tier == entry.tier:
        raise _invalid("tier", "该企业已在这个梯次", "tier-unchanged", entry.tier)
    _end(tx, row, present, Exit(code=MOVED, reason=entry.reason, on=entry.on, document=entry.document), rules)
    return _add(tx, row, entry, rules)


def leave_pool(tx: Transaction, row: EnterpriseRow, pool: str, left: Exit, rules: PoolRules) -> PoolEntryRow:
    """Let a locked enterprise leave the pool. Emits PoolLeft."""
    if left.code not in rules.leaving or left.code == MOVED:
        expected = "、".join(f"{code}（{label}）" for code, label in rules.leaving.items() if code != MOVED)
        raise _invalid("reason_code", "没有这种出库原因", "reason-unknown", left.code, expected)
    return _end(tx, row, _present(tx, row, pool, rules), left, rules)


def _require_entry(entry: Entry, rules: PoolRules) -> None:
    pool = rules.pools.get(entry.pool)
    if pool is None:
        expected = "、".join(f"{code}（{each.label}）" for code, each in rules.pools.items())
        raise _invalid("pool", "没有这个培育库", "pool-unknown", entry.pool, expected)
    if entry.tier not in pool.tiers:
        expected = "、".join(f"{code}（{label}）" for code, label in pool.tiers.items())
        raise _invalid("tier", f"{pool.label}没有这个梯次", "tier-unknown", entry.tier, expected)
    if entry.source_list not in rules.sources:
        expected = "、".join(f"{code}（{label}）" for code, label in rules.sources.items())
        raise _invalid("source_list", "没有这个来源名单", "source-unknown", entry.source_list, expected)
    if entry.on > clock.today():
        raise _late(entry.on)


def _present(tx: Transaction, row: EnterpriseRow, pool: str, rules: PoolRules) -> PoolEntryRow:
    present = PoolEntries(tx).present(row.uscc, pool)
    if present is None:
        label = rules.pools[pool].label if pool in rules.pools else pool
        raise NotInPool(f"该企业不在{label}中，请核对")
    return present


def _add(tx: Transaction, row: EnterpriseRow, entry: Entry, rules: PoolRules) -> PoolEntryRow:
    added = PoolEntries(tx).add(
        PoolEntryRow(
            id=ids.new_id(),
            uscc=row.uscc,
            pool=entry.pool,
            tier=entry.tier,
            source_list=entry.source_list,
            reason=entry.reason,
            document=entry.document,
            rule_id=entry.rule_id,
            entered_on=entry.on,
            entered_by=tx.context.actor,
            entered_at=clock.now(),
        )
    )
    row.version += 1
    row.changed_at = clock.now()
    event = PoolEntered(
        uscc=row.uscc,
        version=row.version,
        entry_id=str(added.id),
        pool=entry.pool,
        pool_label=rules.pools[entry.pool].label,
        tier=entry.tier,
        tier_label=rules.tier_label(entry.pool, entry.tier),
        source_list=entry.source_list,
        enterprise=card_of(row.uscc, identity_of(row), row.size_class, reference(tx)),
        entered_on=entry.on,
        reason=entry.reason,
    )
    announce(tx, Announcement(event, ("pool",), row.district_code))
    details = {"pool": entry.pool, "tier": entry.tier, "reason": entry.reason, "document": entry.document}
    tx.audit("pool-entered", row.uscc, details)
    return added


def _end(tx: Transaction, row: EnterpriseRow, entry: PoolEntryRow, left: Exit, rules: PoolRules) -> PoolEntryRow:
    if left.on > clock.today():
        raise _late(left.on)
    if left.on < entry.entered_on:
        expected = f"不早于 {entry.entered_on.isoformat()}"
        raise _invalid("on", "日期早于入库日期，请核对", "period-reversed", left.on.isoformat(), expected)
    entry.left_on, entry.left_code, entry.left_reason = left.on, left.code, left.reason
    entry.left_document, entry.left_by = left.document, tx.context.actor
    tx.session.flush()  # before another stay begins
    row.version += 1
    row.changed_at = clock.now()
    event = PoolLeft(
        uscc=row.uscc,
        version=row.version,
        entry_id=str(entry.id),
        pool=entry.pool,
        pool_label=rules.pools[entry.pool].label if entry.pool in rules.pools else entry.pool,
        tier=entry.tier,
        tier_label=rules.tier_label(entry.pool, entry.tier),
        source_list=entry.source_list,
        enterprise=card_of(row.uscc, identity_of(row), row.size_class, reference(tx)),
        left_on=left.on,
        reason_code=left.code,
        reason=left.reason,
    )
    announce(tx, Announcement(event, ("pool",), row.district_code))
    details = {"pool": entry.pool, "tier": entry.tier, "code": left.code, "reason": left.reason}
    tx.audit("pool-left", row.uscc, {**details, "document": left.document})
    return entry


def _late(found: dt.date) -> PoolInvalid:
    expected = f"不晚于 {clock.today().isoformat()}"
    return _invalid("on", "日期晚于今天，请核对", "date-in-future", found.isoformat(), expected)


def _invalid(field: str, message: str, code: str, found: str, expected: str | None = None) -> PoolInvalid:
    return PoolInvalid(message, problems=[FieldProblem(field, message, code, found, expected)])
