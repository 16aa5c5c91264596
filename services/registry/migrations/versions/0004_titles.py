"""The title ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "title_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("act_key", sa.Text(collation="C"), nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("decision_reference", sa.Text(), nullable=True),
        sa.Column("issued_by", sa.Text(), nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_kind", sa.Text(), nullable=True),
        sa.Column("cancelled_reason", sa.Text(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("reapply_ban", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "document_number IS NOT NULL OR decision_reference IS NOT NULL", name=op.f("ck_title_records_document")
        ),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_title_records_uscc")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title_records")),
        sa.UniqueConstraint(
            "uscc", "title", "act_key", "valid_from", name="uq_title_records_act", postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index("ix_title_records_title_state", "title_records", ["title", "state"], unique=False)
    op.create_index(
        "ix_title_records_valid_to",
        "title_records",
        ["valid_to"],
        unique=False,
        postgresql_where=sa.text("state = 'valid'"),
    )
