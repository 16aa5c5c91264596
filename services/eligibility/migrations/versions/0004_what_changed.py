"""What an enterprise waits for, the calendar of outcomes that may change by themselves, and batch runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_CODE = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("pending_assessments", sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("pending_assessments", sa.Column("batch_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_pending_assessments_batch_id",
        "pending_assessments",
        ["batch_id"],
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "assessment_calendar",
        sa.Column("uscc", _CODE, nullable=False),
        sa.Column("due", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_assessment_calendar")),
    )
    op.create_index("ix_assessment_calendar_next_on", "assessment_calendar", ["next_on"])
    op.create_table(
        "batch_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("district", _CODE, nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_runs")),
    )
