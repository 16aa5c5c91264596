"""The tables of the search: what each enterprise is found by, how far the index is, and exported lists."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class SearchRow(Row):
    """What one enterprise is found by, as of its `version`; made from its row, its titles and its revenue."""

    __tablename__ = "search_names"
    __table_args__ = (
        # Without a pending list: a search never has to read through what was not merged yet.
        Index("ix_search_names_tokens", "tokens", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index("ix_search_names_name_key", "name_key"),
        Index("ix_search_names_core", "core"),
        Index("ix_search_names_weight", "weight", "uscc"),
    )

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    name_key: Mapped[str] = mapped_column(CODE)
    core: Mapped[str] = mapped_column(CODE)
    """The key without places and legal form."""
    pinyin: Mapped[str] = mapped_column(CODE)
    initials: Mapped[str] = mapped_column(CODE)
    weight: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer)
    tokens: Mapped[list[str]] = mapped_column(ARRAY(CODE))


class SearchProgressRow(Row):
    """How far the index is: changes up to `seq` are in it, and of older enterprises those up to the code `filled`."""

    __tablename__ = "search_progress"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    filled: Mapped[str | None] = mapped_column(CODE)
    """The last code that the first filling has reached; null when it is over."""
    changed_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class ExportRow(Row):
    """A list of enterprises that somebody asked for as a file, and what became of it."""

    __tablename__ = "exports"
    __table_args__ = (Index("ix_exports_created_at", "created_at", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    form: Mapped[str] = mapped_column(Text)
    """xlsx | csv"""
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The requester's jurisdiction: the list ends there, whoever downloads it."""
    state: Mapped[str] = mapped_column(Text)
    """queued | done | failed; running is told by the job's progress"""
    job_id: Mapped[uuid.UUID] = mapped_column()
    rows: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    finished_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
