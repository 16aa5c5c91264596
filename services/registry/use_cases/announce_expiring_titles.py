"""Tells ahead that titles end soon."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from contracts.events.registry import TitleExpiring
from services.registry.domain.life_cycle import LifeCycle, LifeCycles
from services.registry.store.ledger import list_expiring
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.announce import Announcement, announce, card_of, title_card_of

BATCH = 2000


def announce_expiring_titles(tx: Transaction, life_cycles: LifeCycles) -> int:
    """Announce up to a batch of titles that have come within a step of their end; how many. Emits TitleExpiring.

    Each step is told once for each end of validity; of steps that were missed only the nearest to the end is told.
    """
    today = clock.today()
    near: dict[uuid.UUID, tuple[TitleRecordRow, LifeCycle, int]] = {}
    for title, cycle in sorted(life_cycles.by_title.items()):
        for step in cycle.steps(today):  # the nearest first: a record is told of the step it has come to
            for record in list_expiring(tx, title, today=today, step=step, limit=BATCH):
                near.setdefault(record.id, (record, cycle, step))
    told = 0
    for record, cycle, step in sorted(near.values(), key=lambda each: each[0].uscc)[:BATCH]:
        row = Enterprises(tx).get_for_update(record.uscc)  # in the order of codes, as every other lock
        tx.session.refresh(record)
        told += _announce(tx, row, record, cycle, step)
    return told


def _announce(tx: Transaction, row: EnterpriseRow, record: TitleRecordRow, cycle: LifeCycle, step: int) -> bool:
    """False when somebody changed the record while we waited for the lock."""
    today = clock.today()
    if record.state != "valid" or record.valid_to is None or not 0 <= (record.valid_to - today).days <= step:
        return False
    record.expiry_announced_for, record.expiry_announced_days = record.valid_to, step
    row.version += 1
    row.changed_at = clock.now()
    renewal = cycle.provision("renewal", today)
    event = TitleExpiring(
        uscc=row.uscc,
        version=row.version,
        record=title_card_of(record),
        enterprise=card_of(row.uscc, identity_of(row), row.size_class, reference(tx)),
        days_left=(record.valid_to - today).days,
        step=step,
        renewal=renewal.by if renewal else None,
        next_update_due=cycle.next_update(today),
    )
    announce(tx, Announcement(event, ("titles",), row.district_code))
    return True
