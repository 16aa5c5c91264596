"""The tables of the registers that targets count: carriers, certified items, major projects, typical cases."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class CarrierRow(Row):
    """A park, platform, town, cluster or base: what has certified items without being an enterprise."""

    __tablename__ = "carriers"
    __table_args__ = (
        UniqueConstraint("kind", "name_key", "district_code", name="uq_carriers_name"),
        Index("ix_carriers_district_code", "district_code"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(CODE)
    district_code: Mapped[str] = mapped_column(CODE)
    operator_uscc: Mapped[str | None] = mapped_column(CODE)
    """Who runs it, where that is an enterprise or an institution with a code; it need not be registered here."""
    address: Mapped[str | None] = mapped_column(Text)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    version: Mapped[int] = mapped_column(Integer)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class CertifiedItemRow(Row):
    """One certified item of an enterprise or a carrier, by an official document."""

    __tablename__ = "certified_items"
    __table_args__ = (
        CheckConstraint("(uscc IS NULL) <> (carrier_id IS NULL)", name="subject"),
        CheckConstraint("document_number IS NOT NULL OR decision_reference IS NOT NULL", name="document"),
        UniqueConstraint(
            "uscc", "carrier_id", "kind", "level", "item_key",
            name="uq_certified_items_item", postgresql_nulls_not_distinct=True,
        ),
        Index("ix_certified_items_kind", "kind", "level", "certified_on"),
        Index("ix_certified_items_carrier_id", "carrier_id"),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str | None] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    carrier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carriers.id"))
    kind: Mapped[str] = mapped_column(CODE)
    level: Mapped[str] = mapped_column(CODE)
    item_key: Mapped[str] = mapped_column(CODE)
    """What tells it from others of the same kind and level: its number, else its name, else its document."""
    name: Mapped[str | None] = mapped_column(Text)
    number: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    decision_reference: Mapped[str | None] = mapped_column(Text)
    issued_by: Mapped[str | None] = mapped_column(Text)
    certified_on: Mapped[dt.date] = mapped_column(Date)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    revoked_on: Mapped[dt.date | None] = mapped_column(Date)
    revoked_document: Mapped[str | None] = mapped_column(Text)
    revoked_reason: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class MajorProjectRow(Row):
    """One project of the pool of major industrial projects (重大产业项目库)."""

    __tablename__ = "major_projects"
    __table_args__ = (
        UniqueConstraint("level", "number", name="uq_major_projects_number"),
        Index("ix_major_projects_district_code", "district_code"),
        Index("ix_major_projects_uscc", "uscc"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(CODE)
    """Its number in the pool of that level, where it has one."""
    level: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    district_code: Mapped[str] = mapped_column(CODE)
    industry_code: Mapped[str | None] = mapped_column(CODE)
    investment_yuan: Mapped[Decimal | None] = mapped_column(Numeric)
    stage: Mapped[str] = mapped_column(Text)
    entered_on: Mapped[dt.date] = mapped_column(Date)
    document_number: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[dt.date | None] = mapped_column(Date)
    ends_on: Mapped[dt.date | None] = mapped_column(Date)
    left_on: Mapped[dt.date | None] = mapped_column(Date)
    left_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class TypicalCaseRow(Row):
    """A case that was published as typical (典型案例): of an enterprise, a carrier, or an area as a whole."""

    __tablename__ = "typical_cases"
    __table_args__ = (
        UniqueConstraint("level", "title_key", name="uq_typical_cases_title"),
        Index("ix_typical_cases_district_code", "district_code"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(CODE)
    theme: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(CODE)
    district_code: Mapped[str] = mapped_column(CODE)
    uscc: Mapped[str | None] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    carrier_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("carriers.id"))
    published_on: Mapped[dt.date] = mapped_column(Date)
    published_by: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """Document, medium or address where it was published."""
    summary: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
