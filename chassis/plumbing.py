"""The tables every service database has: outbox, inbox, jobs, schedules, audit, idempotency keys, heartbeats."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

INSTANT = DateTime(timezone=True)


class Plumbing(DeclarativeBase):
    """The declarative base of the chassis' own tables; services have their own."""

    metadata = MetaData(naming_convention=NAMING)


class OutboxRow(Plumbing):
    """An event that was decided in this transaction and waits for the relay."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_unsent", "id", postgresql_where=text("sent_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    topic: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    occurred_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    sent_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class InboxRow(Plumbing):
    """An event that a consumer has already acted upon."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_received_at", "received_at"),)

    consumer: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    received_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class DeadLetterRow(Plumbing):
    """A message that could not be acted upon after several tries, with the reason."""

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    consumer: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    partition: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    failed_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    redriven_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class HeartbeatRow(Plumbing):
    """A loop of a worker says that it is alive; readiness reads it."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    beat_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)


class JobRow(Plumbing):
    """Work that a worker does later in one transaction: its effects and `done` commit together."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_waiting", "run_at", "id", postgresql_where=text("state = 'queued'")),
        Index("ix_jobs_kind_created_at", "kind", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    context: Mapped[dict[str, str]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    """queued | done | failed"""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    run_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    finished_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class JobProgressRow(Plumbing):
    """What a running job says of itself, outside its own transaction; also counts how its attempts ended."""

    __tablename__ = "job_progress"

    job_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(Integer)
    """how often it failed of itself"""
    interrupted: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """attempts that began and were not seen to end: those that died, and the one at work"""
    postponed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """how often it met what passes by itself; not an attempt"""
    done: Mapped[int] = mapped_column(Integer)
    total: Mapped[int | None] = mapped_column(Integer)
    message: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class ScheduleRow(Plumbing):
    """When a schedule is due next; its row lock is what makes one replica run it."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    last_run_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    last_error: Mapped[str | None] = mapped_column(Text)


class AuditRow(Plumbing):
    """One state change: who, what, on which subject. Commits with the change; sealed into a hash chain after."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_unsealed", "id", postgresql_where=text("seal_seq IS NULL")),
        Index("uq_audit_log_seal_seq", "seal_seq", unique=True),
        Index("ix_audit_log_subject", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(INSTANT)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    correlation_id: Mapped[str] = mapped_column(Text)
    seal_seq: Mapped[int | None] = mapped_column(BigInteger)
    seal_hash: Mapped[str | None] = mapped_column(Text)


class AuditHeadRow(Plumbing):
    """Where the sealed chain ends: one row, written by the transaction that seals."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Text)


class IdempotencyRow(Plumbing):
    """The answer given to a keyed request; written in the transaction of its effects."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("ix_idempotency_keys_created_at", "created_at"),)

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class BlobRow(Plumbing):
    """Bytes by their sha256: uploaded files, reports, feed segments."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
