"""The audit log's seal: rows are written by the transactions they describe and chained by hash within seconds.

One sealer per database numbers visible unsealed rows and hashes each with its predecessor's hash, so a changed,
removed or inserted row breaks the chain; writing is never serialised by it. The head (number and hash of the newest
sealed row) is kept in a row of its own and said in the log, so rows removed from the end are missed too. A migration
wrote one row that opens the log, so a log without it (emptied, even if it was written on since) is not whole.

What this cannot show: the hashes have no key, so whoever may write these tables can write another whole chain. That is
shown by the heads that the worker has said in its log, where that log is kept out of the same hands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import exists, select, text

from chassis import logging
from chassis.db import Transaction
from chassis.plumbing import AuditHeadRow, AuditRow

HEAD = 1
GENESIS = "0" * 64
OPENED = "audit-log-opened"
"""The action of the row that the chassis' second migration writes into every database."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the chain does not hold."""

    seal_seq: int
    reason: str


def seal(tx: Transaction, limit: int = 2000) -> int:
    """Seal up to `limit` visible rows in the order of their ids; how many were sealed."""
    tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('audit_log', 7))"))
    head = tx.session.get(AuditHeadRow, HEAD)
    sequence, previous = (head.seq, head.hash) if head else _newest(tx)
    unsealed = select(AuditRow).where(AuditRow.seal_seq.is_(None)).order_by(AuditRow.id).limit(limit)
    count = 0
    for row in tx.session.scalars(unsealed):
        sequence += 1
        previous = digest(previous, sequence, row)
        row.seal_seq, row.seal_hash = sequence, previous
        count += 1
    if count:
        tx.session.merge(AuditHeadRow(id=HEAD, seq=sequence, hash=previous))
        logging.get("audit").info("audit log sealed", rows=count, head_seq=sequence, head_hash=previous)
    return count


def _newest(tx: Transaction) -> tuple[int, str]:
    """Number and hash of the newest sealed row."""
    last = tx.session.execute(
        select(AuditRow.seal_seq, AuditRow.seal_hash)
        .where(AuditRow.seal_seq.is_not(None))
        .order_by(AuditRow.seal_seq.desc())
        .limit(1)
    ).one_or_none()
    return (last.seal_seq or 0, last.seal_hash or GENESIS) if last else (0, GENESIS)


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
    head = tx.session.get(AuditHeadRow, HEAD)
    if head is not None and head.seq > expected:
        yield Broken(expected + 1, f"记录缺失：第 {expected + 1} 号到第 {head.seq} 号（最新封存）不存在")
    elif (head.seq, head.hash) != (expected, previous) if head else expected > 0:
        yield Broken(expected, "最新一条与封存头不符，封存头或记录被改动")
    if not tx.session.scalar(select(exists().where(AuditRow.action == OPENED))):
        yield Broken(1, "建库时写入的开篇记录不存在，审计记录被清空或删除过")
