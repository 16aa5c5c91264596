"""Rows of eligibility: policy packs, what it knows of enterprises, and its assessments."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Index, Integer, MetaData, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.plumbing import NAMING

CODE = Text(collation="C")
INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """The declarative base of eligibility's tables."""

    metadata = MetaData(naming_convention=NAMING)


class PackRow(Row):
    """One version of one policy pack. The database is the truth; files only seed it."""

    __tablename__ = "policy_packs"
    __table_args__ = (
        Index("uq_policy_packs_active", "pack_id", unique=True, postgresql_where=text("state = 'active'")),
    )

    hash: Mapped[str] = mapped_column(CODE, primary_key=True)
    pack_id: Mapped[str] = mapped_column(CODE)
    title: Mapped[str] = mapped_column(CODE)
    file: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(CODE)
    """active | draft"""
    stored_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    activated_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class EnterpriseRow(Row):
    """What eligibility needs of an enterprise's public identity, as the registry last said."""

    __tablename__ = "enterprises"
    __table_args__ = (Index("ix_enterprises_district_code", "district_code", "uscc"),)

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str | None] = mapped_column(CODE)
    industry_code: Mapped[str | None] = mapped_column(CODE)
    size_class: Mapped[str | None] = mapped_column(CODE)
    status: Mapped[str] = mapped_column(CODE)
    synthetic: Mapped[bool] = mapped_column(Boolean)


class PeriodFactsRow(Row):
    """The current facts of one enterprise in one fiscal year; year 0 holds facts as of a date."""

    __tablename__ = "enterprise_facts"

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    fiscal_year: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    facts: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSONB)


class TitleRow(Row):
    """A title of the registry's ledger."""

    __tablename__ = "enterprise_titles"
    __table_args__ = (Index("ix_enterprise_titles_uscc", "uscc"),)

    title_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    version: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(CODE)
    state: Mapped[str] = mapped_column(CODE)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    cancelled_on: Mapped[dt.date | None] = mapped_column(Date)
    ban: Mapped[bool | None] = mapped_column(Boolean)


class PendingRow(Row):
    """An enterprise about which something changed since its last assessment; bursts collapse into one row."""

    __tablename__ = "pending_assessments"
    __table_args__ = (
        Index("ix_pending_assessments_batch_id", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
        Index(
            "ix_pending_assessments_unscreened",
            "uscc",
            postgresql_where=text("batch_id IS NOT NULL AND changed IS NULL"),
        ),
        Index("ix_pending_assessments_open", "uscc", postgresql_where=text("batch_id IS NULL OR changed IS NOT NULL")),
    )

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    changed: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """What changed (services.eligibility.domain.changes); null: anything may have."""
    context: Mapped[dict[str, str]] = mapped_column(JSONB)
    since: Mapped[dt.datetime] = mapped_column(INSTANT)
    batch_id: Mapped[uuid.UUID | None]
    """The batch run that still waits for this enterprise."""


class CalendarRow(Row):
    """The first day on which an enterprise must be assessed again though nothing is said about it."""

    __tablename__ = "assessment_calendar"
    __table_args__ = (Index("ix_assessment_calendar_next_on", "next_on"),)

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    due: Mapped[dict[str, str]] = mapped_column(JSONB)
    """title → day"""
    fingerprints: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """title → what the last assessment came from and came to (services.eligibility.domain.fingerprints)"""
    next_on: Mapped[dt.date] = mapped_column(Date)


class BatchRunRow(Row):
    """Everybody, or everybody of an area, assessed again because somebody asked."""

    __tablename__ = "batch_runs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    district: Mapped[str | None] = mapped_column(CODE)
    total: Mapped[int] = mapped_column(Integer)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class AssessmentRow(Row):
    """One assessment: its inputs, the pack version and the outcome. The explanation is rendered from these again."""

    __tablename__ = "assessments"
    __table_args__ = (
        Index("ix_assessments_uscc", "uscc", "title", "id"),
        Index("uq_assessments_current", "uscc", "title", unique=True, postgresql_where=text("current")),
        Index("ix_assessments_current_verdict", "title", "verdict", "uscc", postgresql_where=text("current")),
        Index("ix_assessments_near", "title", "open_lines", "uscc", postgresql_where=text("current")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    title: Mapped[str] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(CODE)
    pack_id: Mapped[str] = mapped_column(CODE)
    pack_hash: Mapped[str] = mapped_column(CODE)
    application_date: Mapped[dt.date] = mapped_column(Date)
    verdict: Mapped[str] = mapped_column(CODE)
    route: Mapped[str | None] = mapped_column(Text)
    score_low: Mapped[Decimal | None] = mapped_column(Numeric)
    score_high: Mapped[Decimal | None] = mapped_column(Numeric)
    missing: Mapped[list[str]] = mapped_column(ARRAY(Text))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome_hash: Mapped[str] = mapped_column(CODE)
    """sha256 of pack, verdict and every condition's status, values and points: equal means nothing changed."""
    near_route: Mapped[str | None] = mapped_column(Text)
    open_lines: Mapped[int | None] = mapped_column(Integer)
    open_effort: Mapped[str | None] = mapped_column(CODE)
    """How near the title is (rulebook.nearness); null in rows that were not assessed since it is kept."""
    trigger: Mapped[str] = mapped_column(CODE)
    """event | request | calendar"""
    assessed_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    current: Mapped[bool] = mapped_column(Boolean)


class FindingsRequestRow(Row):
    """A judgement that some assessment of an enterprise waits for; one row per enterprise and finding, for ever."""

    __tablename__ = "findings_requests"
    __table_args__ = (
        Index("uq_findings_requests_uscc", "uscc", "finding", unique=True),
        Index("ix_findings_requests_open", "finding", "id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    finding: Mapped[str] = mapped_column(CODE)
    state: Mapped[str] = mapped_column(CODE)
    """open | closed"""
    closed_because: Mapped[str | None] = mapped_column(CODE)
    """answered | not_needed"""
    decisive: Mapped[bool] = mapped_column(Boolean)
    """Found to hold, it alone makes the enterprise eligible for some title."""
    titles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """What each waiting title asks: the rule's words and the figures beside it."""
    openings: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    announced_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    """When FindingRequested was emitted for this opening; once at most."""
    closed_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class RecordKeyRow(Row):
    """A public key that records were ever signed with, so that old ones verify after a rotation."""

    __tablename__ = "record_keys"

    kid: Mapped[str] = mapped_column(CODE, primary_key=True)
    jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    first_used_at: Mapped[dt.datetime] = mapped_column(INSTANT)
