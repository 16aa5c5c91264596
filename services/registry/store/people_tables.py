"""The tables of what belongs to a file beside the enterprise itself: contacts, relations, grounds of risk flags."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class ContactRow(Row):
    """A person to speak to; ended ones are kept."""

    __tablename__ = "contacts"
    __table_args__ = (Index("ix_contacts_uscc", "uscc", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    role: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    position: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class RelationRow(Row):
    """Somebody controls or holds an enterprise, or it belongs to their group."""

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint("share IS NULL OR (share > 0 AND share <= 1)", name="share"),
        Index("ix_relations_uscc", "uscc", "id"),
        Index("ix_relations_holder_uscc", "holder_uscc", postgresql_where=text("holder_uscc IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    kind: Mapped[str] = mapped_column(Text)
    holder: Mapped[str] = mapped_column(Text)
    """enterprise | person | public"""
    holder_uscc: Mapped[str | None] = mapped_column(CODE)
    """It need not be registered here."""
    holder_name: Mapped[str] = mapped_column(Text)
    share: Mapped[Decimal | None] = mapped_column(Numeric)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class RiskRecordRow(Row):
    """Why an enterprise bears a public risk flag, since when, and until when."""

    __tablename__ = "risk_records"
    __table_args__ = (
        Index("ix_risk_records_uscc", "uscc", "id"),
        Index("uq_risk_records_open", "uscc", "flag", unique=True, postgresql_where=text("lifted_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    flag: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    listed_on: Mapped[dt.date] = mapped_column(Date)
    document: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    lifted_on: Mapped[dt.date | None] = mapped_column(Date)
    lifted_reason: Mapped[str | None] = mapped_column(Text)
    lifted_by: Mapped[str | None] = mapped_column(Text)
    lifted_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
