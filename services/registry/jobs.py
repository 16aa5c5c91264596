"""The registry's jobs: what the worker does with a queued import or export."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from chassis import clock
from chassis.db import Transaction
from chassis.jobs import JobKind, Progress
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.store.exports import Exports
from services.registry.store.repositories import Imports
from services.registry.use_cases.accept_import import JOB
from services.registry.use_cases.export_list import EXPORT
from services.registry.use_cases.run_export import run_export
from services.registry.use_cases.run_import import run_import


def import_job(knowledge: Knowledge, item_kinds: ItemKinds, max_rows: int) -> JobKind:
    """The job that runs one import; what stops it for good is written where its uploader looks."""

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        import_id = uuid.UUID(payload["import_id"])
        return run_import(
            tx, import_id, knowledge=knowledge, item_kinds=item_kinds, max_rows=max_rows, tell=progress.report
        )

    def gave_up(tx: Transaction, payload: Mapping[str, Any], error: str) -> None:
        row = Imports(tx).get_for_update(uuid.UUID(payload["import_id"]))
        row.state, row.error, row.finished_at = "failed", error, clock.now()

    return JobKind(JOB, work, gave_up)


def export_job(max_rows: int) -> JobKind:
    """The job that writes one list; what stops it for good is written where its requester looks."""

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        return run_export(tx, uuid.UUID(payload["export_id"]), max_rows=max_rows, tell=progress.report)

    def gave_up(tx: Transaction, payload: Mapping[str, Any], error: str) -> None:
        row = Exports(tx).get(uuid.UUID(payload["export_id"]))
        row.state, row.error, row.finished_at = "failed", error, clock.now()

    return JobKind(EXPORT, work, gave_up)
