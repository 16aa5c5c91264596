"""Lets titles expire whose last day is over."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.ledger import of_record
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.repositories import Enterprises, Titles
from services.registry.use_cases.record_title import announce_title

BATCH = 5000


def expire_titles(tx: Transaction) -> int:
    """Mark up to a batch of run-out titles expired; how many. Emits TitleRecorded with the state expired."""
    today = clock.today()
    expired = 0
    for record in Titles(tx).list_over(today, BATCH):
        row = Enterprises(tx).lock(record.uscc)  # in the order of codes, as every other lock
        tx.session.refresh(record)
        if record.state != "valid" or record.valid_to is None or record.valid_to >= today:
            continue  # somebody changed it while we waited for the lock
        before = of_record(record)
        record.state = "expired"
        TitleActs(tx).note(NotedAct(record=record, before=before, act="expire", acted_on=record.valid_to))
        announce_title(tx, row, record)
        expired += 1
    return expired
