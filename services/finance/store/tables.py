"""Rows of finance: what it knows of enterprises and titles, the whitelist and its feed, consents."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.plumbing import NAMING

CODE = Text(collation="C")
INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """The declarative base of finance's tables."""

    metadata = MetaData(naming_convention=NAMING)


class EnterpriseRow(Row):
    """Read model: the public identity of an enterprise; an older version never overwrites a newer one."""

    __tablename__ = "enterprises"

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(CODE)
    district_code: Mapped[str | None] = mapped_column(CODE)
    district_name: Mapped[str | None] = mapped_column(Text)
    size_class: Mapped[str | None] = mapped_column(CODE)
    industry_code: Mapped[str | None] = mapped_column(CODE)
    industry_name: Mapped[str | None] = mapped_column(Text)
    listing_status: Mapped[str | None] = mapped_column(Text)
    risk_flags: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    synthetic: Mapped[bool] = mapped_column(Boolean)


class TitleRow(Row):
    """Read model: one row of the title ledger, and what the whitelist last announced of it."""

    __tablename__ = "titles"
    __table_args__ = (
        Index("ix_titles_running_out", "valid_to", postgresql_where=text("listed IS NOT NULL AND state = 'valid'")),
        Index("ix_titles_not_listed", "uscc", postgresql_where=text("listed IS NULL AND state = 'valid'")),
    )

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    title_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(CODE)
    title_label: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(CODE)
    batch: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    issued_by: Mapped[str | None] = mapped_column(Text)
    announced_on: Mapped[dt.date | None] = mapped_column(Date)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    listed: Mapped[str | None] = mapped_column(Text)
    """the canonical line last announced; null when it does not stand on the list"""
    left_because: Mapped[str | None] = mapped_column(CODE)
    """the reason it last left by; null when it never did"""


class ChangeRow(Row):
    """One step of the feed. `seq` is null until the one writer has numbered it (chassis.feed)."""

    __tablename__ = "whitelist_changes"
    __table_args__ = (
        Index("uq_whitelist_changes_seq", "seq", unique=True),
        Index("ix_whitelist_changes_unnumbered", "id", postgresql_where=text("seq IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    uscc: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(CODE)
    title_label: Mapped[str] = mapped_column(Text)
    title_id: Mapped[str] = mapped_column(CODE)
    type: Mapped[str] = mapped_column(CODE)
    reason: Mapped[str] = mapped_column(CODE)
    effective_on: Mapped[dt.date] = mapped_column(Date)
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    line: Mapped[str | None] = mapped_column(Text)
    """the row afterwards in canonical form; null when the title left"""
    csv_line: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    correlation_id: Mapped[str] = mapped_column(Text)
    traceparent: Mapped[str] = mapped_column(Text)


class EntryRow(Row):
    """The whitelist exactly at the end of the numbered feed: written only by the transaction that numbers."""

    __tablename__ = "whitelist_entries"
    __table_args__ = (
        Index("uq_whitelist_entries_order", "uscc", "title", "title_id", unique=True),
        Index("ix_whitelist_entries_district_code", "district_code", "uscc"),
    )

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    title_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    title: Mapped[str] = mapped_column(CODE)
    district_code: Mapped[str | None] = mapped_column(CODE)
    seq: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[str] = mapped_column(Text)
    csv_line: Mapped[str] = mapped_column(Text)


class EpochRow(Row):
    """One published snapshot: its signed manifest, kept for ever."""

    __tablename__ = "whitelist_epochs"
    __table_args__ = (Index("ix_whitelist_epochs_kept", "epoch", postgresql_where=text("pruned_at IS NULL")),)

    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(BigInteger)
    built_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    build_seconds: Mapped[float] = mapped_column(Float)
    manifest: Mapped[str] = mapped_column(Text)
    """the manifest's own bytes (RFC 8785), signature included"""
    sha256: Mapped[str] = mapped_column(CODE)
    """of the manifest's bytes"""
    pruned_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class SegmentRow(Row):
    """One closed run of changes: signed, chained to the segment before, never altered."""

    __tablename__ = "whitelist_segments"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(BigInteger)
    last_seq: Mapped[int] = mapped_column(BigInteger, unique=True)
    manifest: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(CODE)
    """of the manifest's bytes"""


class FileRow(Row):
    """One form of a snapshot's or a segment's content. Of the identity forms only the figures are stored."""

    __tablename__ = "whitelist_files"
    __table_args__ = (Index("ix_whitelist_files_sha256", "sha256"),)

    kind: Mapped[str] = mapped_column(CODE, primary_key=True)
    """snapshot | segment"""
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    format: Mapped[str] = mapped_column(CODE, primary_key=True)
    """ndjson | csv"""
    bom: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    encoding: Mapped[str] = mapped_column(CODE, primary_key=True)
    """identity | gzip | zstd"""
    sha256: Mapped[str] = mapped_column(CODE)
    size: Mapped[int] = mapped_column(BigInteger)


class ChunkRow(Row):
    """A piece of compressed content, addressed by the sha256 of the whole."""

    __tablename__ = "whitelist_chunks"

    sha256: Mapped[str] = mapped_column(CODE, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FeedKeyRow(Row):
    """A public key the feed was ever signed with, so that old manifests verify after a rotation."""

    __tablename__ = "feed_keys"

    kid: Mapped[str] = mapped_column(CODE, primary_key=True)
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    first_used_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class ConsentRow(Row):
    """An enterprise's consent, in force while its state is given."""

    __tablename__ = "consents"
    __table_args__ = (
        Index(
            "uq_consents_given",
            "uscc",
            "institution",
            "purpose",
            unique=True,
            postgresql_where=text("state = 'given'"),
        ),
        Index("ix_consents_running_out", "expires_on", postgresql_where=text("state = 'given'")),
        Index("ix_consents_uscc", "uscc", "id"),
        Index("ix_consents_institution", "institution", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    institution: Mapped[str] = mapped_column(CODE)
    purpose: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(CODE)
    expires_on: Mapped[dt.date] = mapped_column(Date)
    document_reference: Mapped[str | None] = mapped_column(Text)
    on_behalf: Mapped[bool] = mapped_column(Boolean)
    given_by: Mapped[str] = mapped_column(Text)
    given_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
