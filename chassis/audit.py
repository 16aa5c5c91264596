"""The audit log's seal: rows are written by the transactions they describe and chained by hash within seconds.

One sealer per database numbers visible unsealed rows and hashes each with its predecessor's hash, so a changed,
removed or inserted row breaks the chain; writing is never serialised by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, text

from chassis.db import Transaction
from chassis.plumbing import AuditRow

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold."""

    seal_seq: int
    reason: str


def seal(tx: Transaction, limit: int = 2000) -> int:
    """Seal up to `limit` visible rows in the order of their ids; how many were sealed."""
    tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('audit_log', 7))"))
    last = tx.session.execute(
        select(AuditRow.seal_seq, AuditRow.seal_hash)
        .where(AuditRow.seal_seq.is_not(None))
        .order_by(AuditRow.seal_seq.desc())
        .limit(1)
    ).one_or_none()
    sequence, previous = (last.seal_seq or 0, last.seal_hash or GENESIS) if last else (0, GENESIS)
    unsealed = select(AuditRow).where(AuditRow.seal_seq.is_(None)).order_by(AuditRow.id).limit(limit)
    count = 0
    for row in tx.session.scalars(unsealed):
        sequence += 1
        previous = digest(previous, sequence, row)
        row.seal_seq, row.seal_hash = sequence, previous
        count += 1
    return count


def digest(previous: str, sequence: int, row: AuditRow) -> str:
    """sha256 over the predecessor's hash and the canonical form of the row."""
    canonical = json.dumps(
        {
            "seq": sequence,
            "id": row.id,
            "at": row.at.isoformat(),
            "actor": row.actor,
            "action": row.action,
            "subject": row.subject,
            "details": row.details,
            "correlation_id": row.correlation_id,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


def verify(tx: Transaction) -> Iterator[Broken]:
    """Walk the sealed chain; what does not hold, in order. Nothing means that the chain is whole."""
    previous = GENESIS
    expected = 0
    rows = select(AuditRow).where(AuditRow.seal_seq.is_not(None)).order_by(AuditRow.seal_seq)
    for row in tx.session.scalars(rows.execution_options(yield_per=2000)):
        expected += 1
        sequence = row.seal_seq or 0
        if sequence != expected:
            yield Broken(expected, f"记录缺失：第 {expected} 号到第 {sequence - 1} 号不存在")
            expected = sequence
        elif row.seal_hash != digest(previous, sequence, row):
            yield Broken(sequence, "内容与封存时的哈希不符，记录被改动")
        previous = row.seal_hash or GENESIS
