"""Rows of notification: commissioners, what it knows of enterprises, assignments, messages."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.plumbing import NAMING

CODE = Text(collation="C")
INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """The declarative base of notification's tables."""

    metadata = MetaData(naming_convention=NAMING)


class CommissionerRow(Row):
    """A commissioner (服务专员): the areas served and how many enterprises at the moment."""

    __tablename__ = "commissioners"
    __table_args__ = (
        CheckConstraint("weight > 0", name="weight_positive"),
        CheckConstraint("load >= 0", name="load_not_negative"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(CODE, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    areas: Mapped[list[str]] = mapped_column(ARRAY(CODE))
    """GB/T 2260 prefixes"""
    active: Mapped[bool] = mapped_column(Boolean)
    weight: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    load: Mapped[int] = mapped_column(Integer)
    """Active assignments, counted along under the assignment lock so that choosing never counts rows."""
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    updated_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class EnterpriseRow(Row):
    """What notification needs of an enterprise; version 0 while only a message has mentioned it."""

    __tablename__ = "enterprises"
    __table_args__ = (Index("ix_enterprises_district_code", "district_code", "uscc"),)

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str | None] = mapped_column(Text)
    district_code: Mapped[str | None] = mapped_column(CODE)
    district_name: Mapped[str | None] = mapped_column(Text)
    synthetic: Mapped[bool] = mapped_column(Boolean)
    ended: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It was merged or divided: nobody looks after it any more."""


class AssignmentRow(Row):
    """Who looks (or looked) after an enterprise, and why; at most one is active, the others are history."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index("uq_assignments_active", "uscc", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_assignments_uscc", "uscc", "id"),
        Index("ix_assignments_commissioner_id", "commissioner_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    commissioner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("commissioners.id"))
    reason: Mapped[str] = mapped_column(CODE)
    note: Mapped[str | None] = mapped_column(Text)
    """What the officer wrote who assigned by hand."""
    correlation_id: Mapped[str] = mapped_column(Text)
    started_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class MessageRow(Row):
    """One message about one enterprise: pending without a recipient, delivered (unread), or read."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("source_event_id", "kind", "uscc", name="uq_messages_source"),
        CheckConstraint("state IN ('pending', 'delivered', 'read')", name="state_known"),
        CheckConstraint("(state = 'pending') = (recipient_id IS NULL)", name="pending_has_no_recipient"),
        CheckConstraint("(state = 'pending') = (delivered_at IS NULL)", name="pending_is_not_delivered"),
        CheckConstraint("(state = 'read') = (read_at IS NOT NULL)", name="read_has_an_instant"),
        Index("ix_messages_recipient_id", "recipient_id", "delivered_at", "id"),
        Index("ix_messages_unread", "recipient_id", "delivered_at", "id", postgresql_where=text("state = 'delivered'")),
        Index("ix_messages_open", "uscc", "id", postgresql_where=text("state <> 'read'")),
        Index("ix_messages_kind_state", "kind", "state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("commissioners.id"))
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    kind: Mapped[str] = mapped_column(CODE)
    template: Mapped[str] = mapped_column(CODE)
    """id@version of the template the text was made with"""
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text)
    why_en: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source_event_id: Mapped[uuid.UUID]
    correlation_id: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(CODE)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    delivered_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    read_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
