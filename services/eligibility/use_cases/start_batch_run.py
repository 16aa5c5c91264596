"""Have everybody assessed again, or everybody of an area: after a mending, or to be sure."""

from __future__ import annotations

from chassis import clock, ids
from chassis.db import Transaction
from services.eligibility.store.pending import BatchRuns, Pending
from services.eligibility.store.tables import BatchRunRow


def start_batch_run(tx: Transaction, district: str | None, reason: str | None = None) -> BatchRunRow:
    """Mark the enterprises; the worker screens them in portions, and goes on where it was after a crash.

    Only what says something else than before is stored and announced.
    """
    run_id = ids.new_id()
    row = BatchRunRow(
        id=run_id,
        district=district,
        total=Pending(tx).add_all(district=district or "", batch_id=run_id),
        reason=reason,
        requested_by=tx.context.actor,
        requested_at=clock.now(),
    )
    BatchRuns(tx).add(row)
    tx.audit("batch-run-started", str(run_id), {"district": district, "total": row.total, "reason": reason})
    return row
