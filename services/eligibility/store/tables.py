"""Rows of eligibility: policy packs, what it knows of enterprises, and its assessments."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chassis.plumbing import NAMING

CODE = Text(collation="C")
INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """The declarative base of eligibility's tables."""

    metadata = MetaData(naming_convention=NAMING)


class PackRow(Row):
    """One version of one policy pack with its cases. The database is the truth; files only seed it."""

    __tablename__ = "policy_packs"
    __table_args__ = (
        Index("uq_policy_packs_active", "pack_id", unique=True, postgresql_where=text("state = 'active'")),
    )

    hash: Mapped[str] = mapped_column(CODE, primary_key=True)
    pack_id: Mapped[str] = mapped_column(CODE)
    title: Mapped[str] = mapped_column(CODE)
    file: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    cases: Mapped[str | None] = mapped_column(Text)
    """Its own cases as YAML; without any it is never activated."""
    state: Mapped[str] = mapped_column(CODE)
    """draft | tested | scheduled | active | retired (services.eligibility.domain.life_cycle)"""
    remark: Mapped[str | None] = mapped_column(Text)
    """Why a schedule was given up, for who looks after the pack."""
    stored_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    stored_by: Mapped[str | None] = mapped_column(Text)
    test_report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    tested_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    tested_by: Mapped[str | None] = mapped_column(Text)
    activates_on: Mapped[dt.date | None] = mapped_column(Date)
    """The day, in Asia/Shanghai, from whose first moment on it serves."""
    simulation_id: Mapped[uuid.UUID | None]
    """The simulation whose flip list was announced before."""
    scheduled_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    scheduled_by: Mapped[str | None] = mapped_column(Text)
    activated_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    retired_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    retired_by: Mapped[str | None] = mapped_column(Text)


class PackPeriodRow(Row):
    """Application dates that a version served, both days included: an old date goes on getting its old answer."""

    __tablename__ = "pack_periods"
    __table_args__ = (
        Index("ix_pack_periods_hash", "hash"),
        Index("uq_pack_periods_open", "hash", unique=True, postgresql_where=text("last_on IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(CODE)
    first_on: Mapped[dt.date | None] = mapped_column(Date)
    """Null: since ever; the first version of a pack serves as far back as its document is in force."""
    last_on: Mapped[dt.date | None] = mapped_column(Date)


class DismissedPackRow(Row):
    """A draft that somebody deleted: the next upgrade does not bring the same content back."""

    __tablename__ = "dismissed_packs"

    hash: Mapped[str] = mapped_column(CODE, primary_key=True)
    pack_id: Mapped[str] = mapped_column(CODE)
    dismissed_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    dismissed_by: Mapped[str] = mapped_column(Text)


class SimulationRow(Row):
    """What a pack that is not in use would change for a population, and how far the computing is."""

    __tablename__ = "simulations"
    __table_args__ = (Index("ix_simulations_pack_hash", "pack_hash"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    job_id: Mapped[uuid.UUID]
    title: Mapped[str] = mapped_column(CODE)
    pack_id: Mapped[str] = mapped_column(CODE)
    pack_hash: Mapped[str] = mapped_column(CODE)
    """Of the rules simulated; a stored version's hash, or that of a version with other thresholds."""
    label: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    """The thresholds that were changed; none for a stored draft."""
    district: Mapped[str | None] = mapped_column(CODE)
    size_class: Mapped[str | None] = mapped_column(CODE)
    industry: Mapped[str | None] = mapped_column(CODE)
    as_of: Mapped[dt.date] = mapped_column(Date)
    against: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Hashes of the title's versions in use when it began."""
    state: Mapped[str] = mapped_column(CODE)
    """queued | done | failed"""
    error: Mapped[str | None] = mapped_column(Text)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Enterprises, verdicts before and after, flips, by district, size and industry."""
    result: Mapped[str | None] = mapped_column(CODE)
    """sha256 of the workbook among the blobs."""
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    finished_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class FlipRow(Row):
    """An enterprise whose verdict would become another one, and the lines that do it."""

    __tablename__ = "simulation_flips"
    __table_args__ = (Index("ix_simulation_flips_direction", "simulation_id", "direction", "uscc"),)

    simulation_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    district_code: Mapped[str | None] = mapped_column(CODE)
    size_class: Mapped[str | None] = mapped_column(CODE)
    industry_code: Mapped[str | None] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(CODE)
    before: Mapped[str] = mapped_column(CODE)
    """A verdict, or no_rules where no edition serves the enterprise."""
    after: Mapped[str] = mapped_column(CODE)
    direction: Mapped[str] = mapped_column(CODE)
    """gains | loses | changes"""
    causes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


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
        Index(
            "ix_pending_assessments_open",
            "since",
            "uscc",
            postgresql_where=text("batch_id IS NULL OR changed IS NOT NULL"),
        ),
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
    """Everybody, or everybody of an area, assessed again: because somebody asked, or because the rules changed."""

    __tablename__ = "batch_runs"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    district: Mapped[str | None] = mapped_column(CODE)
    total: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was begun by itself; null where somebody asked for it."""
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class InputsRow(Row):
    """What assessments of one enterprise looked at (services.eligibility.domain.subjects.Inputs).

    Kept once: the assessments of one day for all titles look at the same, and it is much the largest part of each.
    """

    __tablename__ = "assessment_inputs"

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    hash: Mapped[str] = mapped_column(CODE, primary_key=True)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    kept_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class AssessmentRow(Row):
    """One assessment: its inputs, the pack version and the outcome. The explanation is rendered from these again."""

    __tablename__ = "assessments"
    __table_args__ = (
        ForeignKeyConstraint(["uscc", "inputs_hash"], ["assessment_inputs.uscc", "assessment_inputs.hash"]),
        Index("ix_assessments_uscc", "uscc", "title", "id"),
        Index("uq_assessments_current", "uscc", "title", unique=True, postgresql_where=text("current")),
        Index("ix_assessments_current_verdict", "title", "verdict", "uscc", postgresql_where=text("current")),
        Index("ix_assessments_near", "title", "open_lines", "open_distance", "uscc", postgresql_where=text("current")),
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
    inputs_hash: Mapped[str] = mapped_column(CODE)
    outcome_hash: Mapped[str] = mapped_column(CODE)
    """sha256 of pack, verdict and every condition's status, values and points: equal means nothing changed."""
    near_route: Mapped[str | None] = mapped_column(Text)
    open_lines: Mapped[int | None] = mapped_column(Integer)
    open_effort: Mapped[str | None] = mapped_column(CODE)
    open_distance: Mapped[Decimal | None] = mapped_column(Numeric)
    """How near the title is (rulebook.nearness); null in rows that were not assessed since it is kept."""
    trigger: Mapped[str] = mapped_column(CODE)
    """event | request | calendar | batch (services.eligibility.domain.changes)"""
    assessed_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    current: Mapped[bool] = mapped_column(Boolean)
    _kept: Mapped[InputsRow] = relationship(viewonly=True)

    @property
    def inputs(self) -> dict[str, Any]:
        """What was looked at; read when asked for, since lists of assessments do not need it."""
        return self._kept.inputs


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
