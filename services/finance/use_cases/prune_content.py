"""Drops the content of old epochs, and changes that are not to be kept; manifests stay."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update

from chassis import clock
from chassis.db import Transaction
from services.finance.domain.feed import Retention
from services.finance.store.files import SNAPSHOT, Files
from services.finance.store.queries import last_segment
from services.finance.store.repositories import Changes
from services.finance.store.tables import EpochRow


def prune_content(tx: Transaction, retention: Retention) -> int:
    """Drop the content of epochs that nobody needs any more; how many epochs."""
    query = select(EpochRow.epoch, EpochRow.built_at).where(EpochRow.pruned_at.is_(None))
    kept = [
        (epoch, built_at.astimezone(clock.SHANGHAI).date(), built_at) for epoch, built_at in tx.session.execute(query)
    ]
    expired = retention.expired(kept, clock.now())
    if expired:
        Files(tx).prune(SNAPSHOT, expired)
        tx.session.execute(update(EpochRow).where(EpochRow.epoch.in_(expired)).values(pruned_at=clock.now()))
    return len(expired)


def forget_changes(tx: Transaction, keep_days: int | None) -> int:
    """Forget changes older than `keep_days` that a closed segment holds; null keeps them all. How many went."""
    if keep_days is None:
        return 0
    latest = last_segment(tx)
    closed = latest.last_seq if latest else 0
    forgotten = Changes(tx).forget(clock.now() - dt.timedelta(days=keep_days), closed)
    if forgotten:
        tx.audit("whitelist.changes-forgotten", "whitelist", {"changes": forgotten})
    return forgotten
