"""Assess those about whom something changed."""

from __future__ import annotations

from collections import defaultdict

from chassis import context, logging, tracing
from chassis.db import Transaction
from rulebook.size_table import SizeTable
from services.eligibility.domain.catalog import Catalog
from services.eligibility.domain.changes import titles_concerned, trigger_of
from services.eligibility.store.pending import Pending
from services.eligibility.store.tables import PendingRow
from services.eligibility.use_cases.assess_enterprises import assess_enterprises
from services.eligibility.use_cases.load_rules import load_rules


def assess_pending(tx: Transaction, catalog: Catalog, sizes: SizeTable, limit: int) -> int:
    """Take up to `limit` waiting enterprises and assess them for what is concerned; how many were taken.

    Each outcome is announced on the thread of events that caused it.
    """
    waiting = Pending(tx).take(limit)
    if not waiting:
        return 0
    rules = load_rules(tx, catalog, sizes)
    by_cause: dict[tuple[str, str, str], list[PendingRow]] = defaultdict(list)
    for row in waiting:
        by_cause[_cause(row)].append(row)
    for (_, _, trigger), alike in by_cause.items():
        wanted = {row.uscc: titles for row in alike if (titles := titles_concerned(rules.editions, row.changed))}
        if not wanted:
            continue
        with tracing.recording(_context(alike[0]), "assess", "internal") as span:
            tx.context = span.context
            assess_enterprises(tx, rules, wanted, trigger=trigger)
            tx.flush()
            logging.get(__name__).info("enterprises assessed", count=len(wanted))
    return len(waiting)


def _cause(row: PendingRow) -> tuple[str, str, str]:
    """What enterprises of one import have in common: each event has a span of its own, the trace is the same."""
    here = _context(row)
    return here.correlation_id, here.trace_id, trigger_of(row.changed)


def _context(row: PendingRow) -> context.Context:
    return context.from_headers(row.context.get("correlation_id"), row.context.get("traceparent"))
