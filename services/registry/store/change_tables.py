"""The tables of change requests, and of who carries on a merged or divided enterprise."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class ChangeRequestRow(Row):
    """What somebody wants changed in a file, and what became of it; decided ones are kept."""

    __tablename__ = "change_requests"
    __table_args__ = (
        Index("ix_change_requests_uscc", "uscc", "id"),
        Index("ix_change_requests_state", "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    """Rises with time: lists go by it."""
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    kind: Mapped[str] = mapped_column(Text)
    """A key of change_rules.KINDS."""
    state: Mapped[str] = mapped_column(Text)
    """A key of change_rules.STATES."""
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Field → wanted value, as kept states hold it."""
    base: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Field → value on file when it was asked for: whatever differs at the decision is a conflict."""
    act: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Of a merger or division: who carries on, and what becomes of each title."""
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    effective_on: Mapped[dt.date | None] = mapped_column(Date)
    """Since when it holds in the world, by its document."""
    sides: Mapped[dict[str, list[str | None]]] = mapped_column(JSONB)
    """Side that has to agree → its districts."""
    receiving: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The districts of the receiving side, whose officials see the request too."""
    consents: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB)
    """Side → {by, at}."""
    requested_by: Mapped[str] = mapped_column(Text)
    requested_as: Mapped[str] = mapped_column(Text)
    """enterprise | official"""
    requested_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    confirmed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Conflicting fields whose newer values the decision knowingly replaced."""
    applied_version: Mapped[int | None] = mapped_column(Integer)
    """The enterprise's version after it."""


class SuccessionRow(Row):
    """One enterprise carries on another that was merged into it or divided; never changed, never removed."""

    __tablename__ = "successions"
    __table_args__ = (
        Index("ix_successions_predecessor", "predecessor"),
        Index("ix_successions_successor", "successor"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """merge | split"""
    predecessor: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    successor: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    continues: Mapped[bool] = mapped_column(Boolean)
    """Whether the divided enterprise goes on beside its successors (存续分立)."""
    effective_on: Mapped[dt.date] = mapped_column(Date)
    document: Mapped[str] = mapped_column(Text)
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("change_requests.id"))
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
