"""Closes delta segments: runs of changes that will never change again, packed and signed once."""

from __future__ import annotations

from chassis.db import Transaction
from chassis.signing import Signer, canonical_bytes, digest
from services.finance.domain.feed import CHANGES_CSV_HEADER, NumberedChange, change_csv, change_line
from services.finance.domain.manifest import (
    SIGNATURE,
    Link,
    segment_manifest,
    signed_bytes,
)
from services.finance.store.files import SEGMENT, Files
from services.finance.store.packing import Packing
from services.finance.store.queries import changes_after, last_segment
from services.finance.store.signing import publish_key
from services.finance.store.tables import SegmentRow
from services.finance.use_cases.publish_epoch import figures

AT_ONCE = 20


def close_segments(tx: Transaction, rows: int, signer: Signer, limit: int = AT_ONCE) -> int:
    """Close up to `limit` segments of `rows` changes each, as far as the feed has filled them; how many."""
    latest = last_segment(tx)
    number, reached = (latest.number, latest.last_seq) if latest else (0, 0)
    previous = Link(latest.number, latest.sha256) if latest else None
    closed = 0
    while closed < limit:
        changes = changes_after(tx, reached, rows)
        if len(changes) < rows:
            break
        number, reached = number + 1, changes[-1].seq
        previous = Link(number, _close(tx, number, changes, previous, signer))
        closed += 1
    return closed


def _close(tx: Transaction, number: int, changes: list[NumberedChange], previous: Link | None, signer: Signer) -> str:
    with Packing("ndjson") as lines, Packing("csv") as cells:
        lines.write("".join(f"{change_line(change)}\n" for change in changes).encode())
        cells.write(f"{CHANGES_CSV_HEADER}\n".encode())
        cells.write("".join(f"{change_csv(change)}\n" for change in changes).encode())
        forms = [*lines.close(), *cells.close()]
        manifest = segment_manifest(
            number=number,
            first_seq=changes[0].seq,
            last_seq=changes[-1].seq,
            files=figures(forms),
            previous=previous,
            key_id=signer.kid,
        )
        publish_key(tx, signer)
        content = canonical_bytes(manifest | {SIGNATURE: signer.sign(signed_bytes(manifest))})
        Files(tx).store(SEGMENT, number, forms)
    row = SegmentRow(
        number=number,
        first_seq=changes[0].seq,
        last_seq=changes[-1].seq,
        manifest=content.decode(),
        sha256=digest(content),
    )
    tx.session.add(row)
    tx.session.flush()
    return row.sha256
