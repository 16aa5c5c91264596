"""The table of parks' enterprises; the parks themselves are carriers."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Date, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class ParkStayRow(Row):
    """One stay of an enterprise in a park; kept when it has left. `until` is its last day, null while it is there."""

    __tablename__ = "park_stays"
    __table_args__ = (
        Index("uq_park_stays_present", "uscc", unique=True, postgresql_where=text("until IS NULL")),
        Index("ix_park_stays_uscc", "uscc", "id"),
        Index("ix_park_stays_park_id", "park_id", "uscc"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    park_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carriers.id"))
    since: Mapped[dt.date | None] = mapped_column(Date)
    """Null where nobody has stated it: it was there before it was recorded."""
    until: Mapped[dt.date | None] = mapped_column(Date)
    document: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
