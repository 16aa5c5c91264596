"""Takes in an uploaded file and queues its import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis import blobs, clock, ids, jobs
from chassis.db import Transaction
from services.registry.domain.uploads import inspect
from services.registry.store.repositories import Imports
from services.registry.store.tables import ImportRow

JOB = "import"
ALL_OR_NOTHING = "all_or_nothing"
PER_ROW = "per_row"
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came, and how it is to be imported. `source` is the source kind of its facts."""

    content: bytes
    file_name: str
    kind: str
    mode: str
    dry_run: bool
    source: str


def accept_import(
    tx: Transaction, upload: Upload, *, areas: Sequence[str], max_bytes: int, max_unpacked_bytes: int
) -> ImportRow:
    """Keep the file and queue its import; what can be seen to be unusable is refused here."""
    form = inspect(upload.content, max_bytes=max_bytes, max_unpacked_bytes=max_unpacked_bytes)
    sha256 = blobs.store(tx, upload.content, _MEDIA[form])
    import_id = ids.new_id()
    row = Imports(tx).add(
        ImportRow(
            id=import_id,
            kind=upload.kind,
            mode=upload.mode,
            dry_run=upload.dry_run,
            source=upload.source,
            file_name=upload.file_name,
            form=form,
            sha256=sha256,
            size=len(upload.content),
            areas=list(areas),
            state="queued",
            job_id=jobs.enqueue(tx, JOB, {"import_id": str(import_id)}),
            created_by=tx.context.actor,
            created_at=clock.now(),
        )
    )
    tx.audit("import-accepted", str(import_id), {"kind": upload.kind, "sha256": sha256, "file": upload.file_name})
    return row
