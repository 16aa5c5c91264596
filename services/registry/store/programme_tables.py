"""The tables of programmes: versions of plans, figures, lists of enterprises, assignments, tasks, bulletins."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, Numeric, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from chassis.plumbing import INSTANT
from services.registry.store.tables import CODE, Row


class ProgrammeRow(Row):
    """One version of one programme. The database is the truth; files only seed it."""

    __tablename__ = "programmes"
    __table_args__ = (
        Index("uq_programmes_active", "programme_id", unique=True, postgresql_where=text("state = 'active'")),
        Index("ix_programmes_programme_id", "programme_id", "hash"),
    )

    hash: Mapped[str] = mapped_column(CODE, primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    label: Mapped[str] = mapped_column(Text)
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """GB/T 2260 prefixes."""
    file: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(CODE)
    """draft | active | retired | dismissed (a deleted draft: the next upgrade does not bring it back)"""
    stored_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    stored_by: Mapped[str] = mapped_column(Text)
    activated_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    activated_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    """When it was retired or dismissed."""


class FigureRow(Row):
    """A figure of the unit that issues it. Corrected by another row, never overwritten."""

    __tablename__ = "programme_figures"
    __table_args__ = (
        Index("ix_programme_figures_target", "programme_id", "target_id", "period_end"),
        Index(
            "uq_programme_figures_period",
            "programme_id",
            "target_id",
            "period_start",
            "period_end",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    target_id: Mapped[str] = mapped_column(CODE)
    period_start: Mapped[dt.date] = mapped_column(Date)
    period_end: Mapped[dt.date] = mapped_column(Date)
    value: Mapped[Decimal] = mapped_column(Numeric)
    """In the unit of the target."""
    scope: Mapped[str] = mapped_column(Text)
    """口径"""
    issued_by: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)
    corrects: Mapped[uuid.UUID | None] = mapped_column()
    correction_reason: Mapped[str | None] = mapped_column(Text)
    superseded_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class MemberRow(Row):
    """An enterprise of a programme whose enterprises are told by a list (a zone is no district)."""

    __tablename__ = "programme_members"

    programme_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    uscc: Mapped[str] = mapped_column(CODE, ForeignKey("enterprises.uscc"), primary_key=True)
    since: Mapped[dt.date | None] = mapped_column(Date)
    until: Mapped[dt.date | None] = mapped_column(Date)
    document: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)


class AssignmentRow(Row):
    """A part of a target that an area or a department answers for in one year."""

    __tablename__ = "programme_assignments"
    __table_args__ = (
        Index(
            "uq_programme_assignments_standing",
            "programme_id",
            "target_id",
            "year",
            "kind",
            "assignee",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    target_id: Mapped[str] = mapped_column(CODE)
    year: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(CODE)
    """area | unit"""
    assignee: Mapped[str] = mapped_column(CODE)
    """GB/T 2260 code of the area, or the unit's name."""
    value: Mapped[Decimal] = mapped_column(Numeric)
    document: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    withdrawn_by: Mapped[str | None] = mapped_column(Text)


class TaskEntryRow(Row):
    """One task of a programme in one period (0: the whole plan, else the year) and where it stands."""

    __tablename__ = "programme_tasks"
    __table_args__ = (
        Index("uq_programme_tasks_period", "programme_id", "task_id", "period", unique=True),
        Index("ix_programme_tasks_due", "due_on", postgresql_where=text("state <> 'closed'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    task_id: Mapped[str] = mapped_column(CODE)
    period: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(CODE)
    """open | reported | returned | closed"""
    due_on: Mapped[dt.date | None] = mapped_column(Date)
    due_basis: Mapped[str] = mapped_column(Text)
    """The document's words, or the decision that set the day."""
    escalations: Mapped[int] = mapped_column(Integer)
    """How often it was announced as overdue."""
    escalated_on: Mapped[dt.date | None] = mapped_column(Date)
    changed_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class TaskReportRow(Row):
    """What a unit reports of a task, with evidence, and how it was decided."""

    __tablename__ = "programme_task_reports"
    __table_args__ = (Index("ix_programme_task_reports_entry_id", "entry_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme_tasks.id"))
    unit: Mapped[str] = mapped_column(Text)
    progress: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """References of documents."""
    completes: Mapped[bool] = mapped_column()
    """Whether the unit says that the task is done."""
    reported_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    reported_by: Mapped[str] = mapped_column(Text)
    decision: Mapped[str | None] = mapped_column(CODE)
    """accepted | returned"""
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    decided_by: Mapped[str | None] = mapped_column(Text)


class TargetAlertRow(Row):
    """A target that was announced as at risk; gone when it is not any more, so that the next time is announced anew."""

    __tablename__ = "programme_target_alerts"

    programme_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    target_id: Mapped[str] = mapped_column(CODE, primary_key=True)
    announced_at: Mapped[dt.datetime] = mapped_column(INSTANT)


class ScorecardRow(Row):
    """The weights of a programme's scorecard, as a document sets them; the newest counts, the others are history."""

    __tablename__ = "programme_scorecards"
    __table_args__ = (Index("ix_programme_scorecards_programme_id", "programme_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    weights: Mapped[dict[str, str]] = mapped_column(JSONB)
    """Target id → weight as a decimal string; they add up to 100."""
    document: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    recorded_by: Mapped[str] = mapped_column(Text)


class BulletinRow(Row):
    """A bulletin (通报) or published ranking: draft → submitted (审签) → approved → issued (印发)."""

    __tablename__ = "programme_bulletins"
    __table_args__ = (Index("ix_programme_bulletins_programme_id", "programme_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[str] = mapped_column(CODE)
    kind: Mapped[str] = mapped_column(CODE)
    """bulletin | ranking | scorecard: the order of the plan that it rests on"""
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The figures at the time of drafting; an issued bulletin never changes with them."""
    state: Mapped[str] = mapped_column(CODE)
    """draft | submitted | approved | issued"""
    document_number: Mapped[str | None] = mapped_column(Text)
    steps: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    """Who did what when: {step, by, at, reason}."""
    drafted_at: Mapped[dt.datetime] = mapped_column(INSTANT)
