"""The tables around the file of one enterprise: what was said of it before, and who read it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class FormerStateRow(Row):
    """What the registry said of an enterprise itself until `until`; never changed, never removed.

    Written when the state ends, so that entering a register costs nothing: what still holds stands in `enterprises`.
    """

    __tablename__ = "enterprise_states"
    __table_args__ = (Index("ix_enterprise_states_uscc", "uscc", "until", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Fields of Identity, `size_class` and `size_reason`, in JSON values; decimals are strings."""
    unknown: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Fields that `state` does not tell: of states that ended before such states were kept."""
    until: Mapped[dt.datetime] = mapped_column(INSTANT)
    until_version: Mapped[int] = mapped_column(Integer)
    """The enterprise's version from then on."""
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The fields that became others."""
    ended_by: Mapped[str | None] = mapped_column(Text)
    """Who changed them; null where it was not kept."""
    import_id: Mapped[uuid.UUID | None] = mapped_column()
    request_id: Mapped[uuid.UUID | None] = mapped_column()


class FileReadRow(Row):
    """Somebody was shown the file of an enterprise, or a part of it."""

    __tablename__ = "file_reads"
    __table_args__ = (Index("ix_file_reads_uscc", "uscc", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE)
    part: Mapped[str] = mapped_column(Text)
    """A key of reading.PARTS."""
    as_of: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    """The past moment whose state was shown; null is the present one."""
    reader: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    department: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str | None] = mapped_column(Text)
    correlation_id: Mapped[str] = mapped_column(Text)
    read_at: Mapped[dt.datetime] = mapped_column(INSTANT)
