"""The registry's tables: enterprises, facts with their history, the title ledger, imports, the change feed."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.plumbing import INSTANT, NAMING

CODE = Text(collation="C")
"""Codes and sort keys compare byte by byte, whatever the server's locale."""


class Row(DeclarativeBase):
    """The declarative base of the registry's tables."""

    metadata = MetaData(naming_convention=NAMING)


class EnterpriseRow(Row):
    """One enterprise; `version` rises with every change of it, its facts or its titles."""

    __tablename__ = "enterprises"
    __table_args__ = (
        Index("ix_enterprises_name_key", "name_key", "uscc"),
        Index("ix_enterprises_district_code", "district_code"),
        Index("ix_enterprises_industry_code", "industry_code"),
    )

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(CODE)
    registered_address: Mapped[str | None] = mapped_column(Text)
    actual_address: Mapped[str | None] = mapped_column(Text)
    district_code: Mapped[str | None] = mapped_column(CODE)
    industry_code: Mapped[str | None] = mapped_column(CODE)
    established_on: Mapped[dt.date | None] = mapped_column(Date)
    registered_capital: Mapped[Decimal | None] = mapped_column(Numeric)
    registered_capital_currency: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str | None] = mapped_column(Text)
    risk_flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    listing_status: Mapped[str | None] = mapped_column(Text)
    synthetic: Mapped[bool] = mapped_column(Boolean)
    size_class: Mapped[str | None] = mapped_column(Text)
    size_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    dissolved_into: Mapped[list[str] | None] = mapped_column(ARRAY(CODE))
    """Codes of those who carry on what was merged or divided: its file is closed, and read only as of the past."""
    registered_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    changed_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class FactsCurrentRow(Row):
    """The facts of one enterprise and fiscal year (0 = as of a date) as they stand: id → entry."""

    __tablename__ = "facts_current"

    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"), primary_key=True)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class FactRevisionRow(Row):
    """What changed in one period at one moment, and by whom; never changed, never removed. Null = withdrawn."""

    __tablename__ = "fact_revisions"
    __table_args__ = (Index("ix_fact_revisions_uscc", "uscc", "fiscal_year", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    fiscal_year: Mapped[int] = mapped_column(SmallInteger)
    changed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)
    import_id: Mapped[uuid.UUID | None] = mapped_column()


class TitleRecordRow(Row):
    """One official act on one title of one enterprise. `act_key`: the batch, else the document."""

    __tablename__ = "title_records"
    __table_args__ = (
        CheckConstraint("document_number IS NOT NULL OR decision_reference IS NOT NULL", name="document"),
        UniqueConstraint(
            "uscc", "title", "act_key", "valid_from", name="uq_title_records_act", postgresql_nulls_not_distinct=True
        ),
        Index("ix_title_records_title_state", "title", "state"),
        Index("ix_title_records_valid_to", "valid_to", postgresql_where=text("state = 'valid'")),
        Index("ix_title_records_banned_until", "banned_until", postgresql_where=text("banned_until IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    title: Mapped[str] = mapped_column(CODE)
    act_key: Mapped[str] = mapped_column(CODE)
    batch: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    decision_reference: Mapped[str | None] = mapped_column(Text)
    issued_by: Mapped[str | None] = mapped_column(Text)
    announced_on: Mapped[dt.date | None] = mapped_column(Date)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """import | recorded (by hand)"""
    import_id: Mapped[uuid.UUID | None] = mapped_column()
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    cancelled_kind: Mapped[str | None] = mapped_column(Text)
    """cancelled (取消公告/取消认定) | recorded_in_error"""
    cancelled_reason: Mapped[str | None] = mapped_column(Text)
    cancelled_on: Mapped[dt.date | None] = mapped_column(Date)
    reapply_ban: Mapped[bool | None] = mapped_column(Boolean)
    """Whether the cancellation forbids a new application for years; null when not known."""
    banned_until: Mapped[dt.date | None] = mapped_column(Date)
    """Last day on which no new application is possible at the least; null without a ban, or when not known."""
    review_outcome: Mapped[str | None] = mapped_column(Text)
    """passed | failed: of the latest review that is decided"""
    expiry_announced_for: Mapped[dt.date | None] = mapped_column(Date)
    expiry_announced_days: Mapped[int | None] = mapped_column(Integer)
    """How near to that end the last announcement was: each step is announced once for one end of validity."""


class ChangeRow(Row):
    """One entry of the change feed; `seq` is given by the numbering loop alone."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("uq_changes_seq", "seq", unique=True),
        Index("ix_changes_unnumbered", "id", postgresql_where=text("seq IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    type: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    subject: Mapped[str] = mapped_column(CODE)
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    district_code: Mapped[str | None] = mapped_column(CODE)
    former_district_code: Mapped[str | None] = mapped_column(CODE)
    """Set when the enterprise left that district: whoever sees only that one is told to forget it."""


class ImportRow(Row):
    """One uploaded file and what became of it."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_created_at", "created_at", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    dry_run: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(Text)
    """xlsx | csv, found by content"""
    sha256: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The uploader's jurisdiction; rows outside are refused."""
    state: Mapped[str] = mapped_column(Text)
    """queued | done | refused | failed; running is told by the job's progress"""
    job_id: Mapped[uuid.UUID] = mapped_column()
    rows: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[int] = mapped_column(Integer, default=0)
    updated: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)
    problems: Mapped[int] = mapped_column(Integer, default=0)
    remarks: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    finished_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class ImportProblemRow(Row):
    """A row error (`severity` error) or remark (warning) of an import; the first thousand of each are kept."""

    __tablename__ = "import_problems"

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    severity: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    sheet: Mapped[str | None] = mapped_column(Text)
    row: Mapped[int | None] = mapped_column(Integer)
    column: Mapped[str | None] = mapped_column(Text)
    found: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    expected: Mapped[str | None] = mapped_column(Text)


class RegionRow(Row):
    """GB/T 2260: a province, city or county."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    parent: Mapped[str] = mapped_column(CODE)
    full_name: Mapped[str] = mapped_column(Text)
    district: Mapped[bool] = mapped_column(Boolean)


class FormerRegionRow(Row):
    """A code that registers still carry and the standard no longer, or never, had."""

    __tablename__ = "former_regions"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    became: Mapped[list[str]] = mapped_column(ARRAY(Text))
    since: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


class IndustryRow(Row):
    """GB/T 4754-2017: a section, division, group or class."""

    __tablename__ = "industries"

    code: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    parent: Mapped[str] = mapped_column(CODE)
    section: Mapped[str] = mapped_column(CODE)


class ReferenceLoadRow(Row):
    """Which edition of the reference tables is loaded, by the hash of its files."""

    __tablename__ = "reference_loads"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sha256: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
