"""What a batch run compares with instead of reading the stored assessments; the queue by who may take from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "assessment_calendar",
        sa.Column("fingerprints", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.create_index(
        "ix_pending_assessments_unscreened",
        "pending_assessments",
        ["uscc"],
        postgresql_where=sa.text("batch_id IS NOT NULL AND changed IS NULL"),
    )
    op.create_index(
        "ix_pending_assessments_open",
        "pending_assessments",
        ["since", "uscc"],
        postgresql_where=sa.text("batch_id IS NULL OR changed IS NOT NULL"),
    )
