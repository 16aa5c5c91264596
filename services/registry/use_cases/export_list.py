"""Queues the writing of a list of enterprises as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from chassis import clock, ids, jobs
from chassis.db import Transaction
from services.registry.store.exports import Exports
from services.registry.store.queries import Filters
from services.registry.store.search_tables import ExportRow

EXPORT = "export"
_CALLER = ("areas", "own")


def export_list(tx: Transaction, form: str, filters: Filters, *, areas: Sequence[str]) -> ExportRow:
    """Queue the export; its filters are kept with it."""
    export_id = ids.new_id()
    stated = {name: value for name, value in asdict(filters).items() if name not in _CALLER and value is not None}
    row = ExportRow(
        id=export_id,
        form=form,
        filters=stated,
        areas=list(areas),
        state="queued",
        job_id=jobs.enqueue(tx, EXPORT, {"export_id": str(export_id)}),
        rows=0,
        created_by=tx.context.actor,
        created_at=clock.now(),
    )
    tx.audit("list-exported", str(export_id), {"form": form, "filters": stated, "areas": list(areas)})
    return Exports(tx).add(row)
