"""The tables of the title ledger's history."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class TitleActRow(Row):
    """What happened to one record of the ledger, by which document; never changed, never removed."""

    __tablename__ = "title_acts"
    __table_args__ = (Index("ix_title_acts_title_id", "title_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("title_records.id"))
    uscc: Mapped[str] = mapped_column(CODE)
    act: Mapped[str] = mapped_column(Text)
    """recognise | open_review | … (life_cycle.ACTS), record | correct | take_back"""
    acted_on: Mapped[dt.date | None] = mapped_column(Date)
    """The day of the document, where one is given."""
    document_number: Mapped[str | None] = mapped_column(Text)
    decision_reference: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    changed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Column → [before, after]."""
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)
    import_id: Mapped[uuid.UUID | None] = mapped_column()
