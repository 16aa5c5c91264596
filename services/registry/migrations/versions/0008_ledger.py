"""What happened to each title, the outcome of its review, its ban, and how far its end has been announced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # All nullable: the version before writes the ledger too while this one is put in its place.
    op.add_column("title_records", sa.Column("review_outcome", sa.Text(), nullable=True))
    op.add_column("title_records", sa.Column("banned_until", sa.Date(), nullable=True))
    op.add_column("title_records", sa.Column("expiry_announced_for", sa.Date(), nullable=True))
    op.add_column("title_records", sa.Column("expiry_announced_days", sa.Integer(), nullable=True))
    op.create_index(
        "ix_title_records_banned_until",
        "title_records",
        ["banned_until"],
        unique=False,
        postgresql_where=sa.text("banned_until IS NOT NULL"),
    )
    op.create_table(
        "title_acts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title_id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("acted_on", sa.Date(), nullable=True),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("decision_reference", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["title_id"], ["title_records.id"], name=op.f("fk_title_acts_title_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_acts")),
    )
    op.create_index("ix_title_acts_title_id", "title_acts", ["title_id", "id"], unique=False)
