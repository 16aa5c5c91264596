"""Runs a queued import: read and check the file, stage it, write it, in the one transaction of its job."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from chassis import blobs, clock
from chassis.db import Transaction
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.problems import RowProblem
from services.registry.store import staging
from services.registry.store.reference import reference
from services.registry.store.repositories import Imports
from services.registry.store.staging import StagedRow
from services.registry.store.tables import ImportRow
from services.registry.use_cases.accept_import import ALL_OR_NOTHING
from services.registry.use_cases.run_import.enterprises import stage_enterprises, write_enterprises
from services.registry.use_cases.run_import.facts import stage_facts, write_facts
from services.registry.use_cases.run_import.items import write_items
from services.registry.use_cases.run_import.job import Job, Tell
from services.registry.use_cases.run_import.reading import ReadRow, as_staged, read_file
from services.registry.use_cases.run_import.report import Report
from services.registry.use_cases.run_import.resolution import resolve_names
from services.registry.use_cases.run_import.titles import write_titles

_WriteChunk = Callable[[Job, Sequence[str], Sequence[StagedRow]], None]
_Write = Callable[[Job], Iterator[int]]
_PROBLEM_COLUMNS = (
    "import_id", "severity", "position", "sheet", "row", "column", "found", "code", "message", "expected",
)  # fmt: skip
_LONGEST_SHOWN = 200


class _TakenBack(Exception):
    """Leaves the savepoint, and with it everything that was written."""


def run_import(
    tx: Transaction, import_id: uuid.UUID, *, knowledge: Knowledge, item_kinds: ItemKinds, max_rows: int, tell: Tell
) -> Mapping[str, Any]:
    """Run the import and keep its report; the counts.

    With `all_or_nothing` one bad row refuses the file; with `per_row` the sound rows are written. A dry run does
    everything and takes it back, so its counts are those of the real run. Emits what the kind's writer emits.
    """
    row = Imports(tx).get_for_update(import_id)
    now = clock.now()
    job = Job(tx, row, knowledge, item_kinds, reference(tx), now, clock.today(), tell)
    report = job.report
    content = blobs.load(tx, row.sha256)
    with suppress(_TakenBack), tx.session.begin_nested():
        _work(job, content, max_rows)
        refused = report.unusable or (row.mode == ALL_OR_NOTHING and report.problem_count > 0)
        if refused or row.dry_run:
            raise _TakenBack
    if refused:
        report.nothing_written()
    counts = _settle(tx, row, report, "refused" if refused else "done")
    if report.created or report.updated:
        action = "import-tried" if row.dry_run else "import-written"
        tx.audit(action, str(row.id), {"kind": row.kind, "sha256": row.sha256, **counts})
    return counts


def _work(job: Job, content: bytes, max_rows: int) -> None:
    job.tell(0, None, "正在读取和校验")
    stage, write = _KINDS[job.row.kind]
    total = stage(job, read_file(job, content, max_rows))
    if job.report.unusable:
        return
    staging.begin_writing(job.tx)
    done = 0
    for rows in write(job):
        done += rows
        job.tell(done, total, "正在写入" if job.writing else "正在核对")


def _stage(job: Job, rows: Iterable[ReadRow]) -> int:
    return staging.stage(job.tx, as_staged(rows))


def _by_name_and_chunk(write: _WriteChunk) -> _Write:
    def written(job: Job) -> Iterator[int]:
        resolve_names(job)
        for codes, rows in staging.chunks(job.tx):
            write(job, codes, rows)
            yield len(rows)

    return written


_KINDS: dict[str, tuple[Callable[[Job, Iterable[ReadRow]], int], _Write]] = {
    "enterprises": (stage_enterprises, write_enterprises),
    "facts": (stage_facts, write_facts),
    "titles": (_stage, _by_name_and_chunk(write_titles)),
    "items": (_stage, _by_name_and_chunk(write_items)),
}
"""For each kind of file: what puts its sound rows into the database, and what writes them from there."""


def _settle(tx: Transaction, row: ImportRow, report: Report, state: str) -> dict[str, int]:
    counts = {
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
    }
    for name, value in counts.items():
        setattr(row, name, value)
    row.problems, row.remarks = report.problem_count, report.remark_count
    row.state, row.finished_at = state, clock.now()
    tx.session.flush()
    for severity, found in (("error", report.problems), ("warning", report.remarks)):
        ordered = sorted(found, key=lambda each: each.row or 0)
        tx.copy(
            "import_problems",
            _PROBLEM_COLUMNS,
            (_problem(row.id, severity, position, each) for position, each in enumerate(ordered, start=1)),
        )
    return counts


def _problem(import_id: uuid.UUID, severity: str, position: int, problem: RowProblem) -> tuple[Any, ...]:
    cell = problem.cell
    found = cell.found if cell.found is None or len(cell.found) <= _LONGEST_SHOWN else cell.found[:_LONGEST_SHOWN] + "…"
    place = (problem.sheet, problem.row, cell.column)
    return (import_id, severity, position, *place, found, cell.code, cell.message, cell.expected)
