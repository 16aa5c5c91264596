"""Brings the whitelist in line with what is known of one enterprise today."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from services.finance.domain.changes import LEFT, decide
from services.finance.domain.titles import Enterprise
from services.finance.store.repositories import Changes, Titles


def refresh_listing(tx: Transaction, enterprise: Enterprise) -> int:
    """Append every difference between what the list says of an enterprise and what it should say; how many.

    The caller holds the enterprise's row. A list that says the right thing already gets no change.
    """
    titles, changes = Titles(tx), Changes(tx)
    today = clock.today()
    count = 0
    for standing in titles.list_for_update(enterprise.uscc):
        change = decide(standing.listed, standing.left_because, enterprise, standing.title, today)
        if change is None:
            continue
        left_because = change.reason if change.type == LEFT else standing.left_because
        titles.announce(enterprise.uscc, standing.title, change, left_because)
        changes.append(enterprise, standing.title, change)
        tx.audit(
            f"whitelist.{change.type}",
            enterprise.uscc,
            {
                "title_id": standing.title.title_id,
                "title": standing.title.title,
                "reason": change.reason,
                "changed": list(change.changed),
            },
        )
        count += 1
    return count
