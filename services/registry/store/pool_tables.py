"""The tables of the cultivation pool: entries, proposals, what eligibility told, and the yearly seed lists."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class PoolEntryRow(Row):
    """One stay of an enterprise in a tier of a pool; kept when it has left, with the reason."""

    __tablename__ = "pool_entries"
    __table_args__ = (
        Index("uq_pool_entries_present", "uscc", "pool", unique=True, postgresql_where=text("left_on IS NULL")),
        Index("ix_pool_entries_pool", "pool", "tier", postgresql_where=text("left_on IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    pool: Mapped[str] = mapped_column(CODE)
    tier: Mapped[str] = mapped_column(CODE)
    source_list: Mapped[str] = mapped_column(CODE)
    reason: Mapped[str] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(Text)
    rule_id: Mapped[str | None] = mapped_column(Text)
    """The rule that proposed or made it; null: an official alone."""
    entered_on: Mapped[dt.date] = mapped_column(Date)
    entered_by: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    left_on: Mapped[dt.date | None] = mapped_column(Date)
    left_code: Mapped[str | None] = mapped_column(Text)
    left_reason: Mapped[str | None] = mapped_column(Text)
    left_document: Mapped[str | None] = mapped_column(Text)
    left_by: Mapped[str | None] = mapped_column(Text)


class PoolProposalRow(Row):
    """What a rule proposes for an enterprise, until an official has decided or its ground is gone."""

    __tablename__ = "pool_proposals"
    __table_args__ = (
        Index("uq_pool_proposals_open", "uscc", "pool", "act", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_pool_proposals_state", "state", "id"),
        Index("ix_pool_proposals_rule", "uscc", "rule_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"))
    pool: Mapped[str] = mapped_column(CODE)
    act: Mapped[str] = mapped_column(Text)
    tier: Mapped[str | None] = mapped_column(CODE)
    source_list: Mapped[str | None] = mapped_column(CODE)
    left_code: Mapped[str | None] = mapped_column(Text)
    rule_id: Mapped[str] = mapped_column(Text)
    rules_sha256: Mapped[str] = mapped_column(Text)
    ground: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What set the rule off: title, verdict, lines open, assessment, status …"""
    state: Mapped[str] = mapped_column(Text)
    """open | accepted | refused | withdrawn (its ground is gone)"""
    proposed_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class PoolSignalRow(Row):
    """How an enterprise stands towards a title for a new application, as eligibility told it last."""

    __tablename__ = "pool_signals"
    __table_args__ = (Index("ix_pool_signals_waiting", "told_at", postgresql_where=text("waiting")),)

    uscc: Mapped[str] = mapped_column(CODE, primary_key=True)
    title: Mapped[str] = mapped_column(CODE, primary_key=True)
    verdict: Mapped[str] = mapped_column(Text)
    open_lines: Mapped[int | None] = mapped_column(Integer)
    effort: Mapped[str | None] = mapped_column(Text)
    assessment_id: Mapped[str] = mapped_column(Text)
    pack: Mapped[str] = mapped_column(Text)
    assessed_on: Mapped[dt.date] = mapped_column(Date)
    told_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    waiting: Mapped[bool] = mapped_column(Boolean)
    """Whether the rules have still to look at it."""


class SeedListRow(Row):
    """A yearly seed list (种子企业): the pool's members of an area on one day, frozen."""

    __tablename__ = "seed_lists"
    __table_args__ = (UniqueConstraint("year", "area", "pool", name="uq_seed_lists_year"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(Integer)
    area: Mapped[str] = mapped_column(CODE)
    pool: Mapped[str] = mapped_column(CODE)
    name: Mapped[str] = mapped_column(Text)
    document: Mapped[str | None] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(Text)
    frozen_on: Mapped[dt.date] = mapped_column(Date)
    frozen_by: Mapped[str] = mapped_column(Text)
    frozen_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class SeedListMemberRow(Row):
    """One enterprise of a frozen list as it stood on that day."""

    __tablename__ = "seed_list_members"

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("seed_lists.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
