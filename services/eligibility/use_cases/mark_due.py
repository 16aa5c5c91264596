"""Mark those for assessment whose outcome may have changed by the calendar alone."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from chassis.db import Transaction
from services.eligibility.domain import changes
from services.eligibility.store.pending import Calendar, Pending

PAGE = 5000


def mark_due(tx: Transaction, today: dt.date) -> int:
    """Every enterprise and title whose day has come, and whoever has no place in the calendar yet; how many."""
    pending = Pending(tx)
    marked = pending.add_never_assessed()
    after = ""
    while page := Calendar(tx).list_due(today, after, PAGE):
        after = page[-1].uscc
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)  # on New Year's Day nearly all of them
        for row in page:
            due = tuple(
                changes.of_calendar(title) for title, day in sorted(row.due.items()) if day <= today.isoformat()
            )
            alike[due].append(row.uscc)
        for due, codes in alike.items():
            pending.add(codes, due)
        marked += len(page)
        tx.flush()  # pages leave memory by themselves; the schedule's own row must stay in the session
    return marked
