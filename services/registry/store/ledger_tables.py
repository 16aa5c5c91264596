"""The tables around the title ledger: its history, former names, and rows of lists that wait for a decision."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKey, Identity, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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


class FormerNameRow(Row):
    """A name that an enterprise bore: left when it was changed in the register, or stated later with its days."""

    __tablename__ = "former_names"
    __table_args__ = (Index("ix_former_names_name_key", "name_key", "uscc"),)

    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"), primary_key=True)
    name_key: Mapped[str] = mapped_column(CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    left_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    """Since when the registry knows it as a former one; its days in the world are `valid_from` and `valid_to`."""
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    """First and last day of the name by its document; null where none says so."""
    stated_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    """Since when these days and the document are known; null is since `left_at`."""
    document: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str | None] = mapped_column(Text)


class UnresolvedTitleRow(Row):
    """A row of an official list without a code, of which a person decides whom it means."""

    __tablename__ = "unresolved_titles"
    __table_args__ = (
        Index("uq_unresolved_titles_digest", "digest", unique=True),
        Index("ix_unresolved_titles_state", "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("imports.id"))
    sheet: Mapped[str | None] = mapped_column(Text)
    row: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    stated: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)
    """Of what the row says: the same row of a list imported again waits, or was decided, once."""
    reason: Mapped[str] = mapped_column(Text)
    """A key of resolution.REASONS."""
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The uploader's areas: who does not answer for all of them does not see the row."""
    state: Mapped[str] = mapped_column(Text)
    """open | accepted | registered (as a new enterprise) | rejected"""
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    uscc: Mapped[str | None] = mapped_column(CODE)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
