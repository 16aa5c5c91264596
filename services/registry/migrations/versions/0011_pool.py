"""The cultivation pool: entries, proposals, what eligibility told, and the yearly seed lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "pool_signals",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("open_lines", sa.Integer(), nullable=True),
        sa.Column("effort", sa.Text(), nullable=True),
        sa.Column("assessment_id", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "title", name=op.f("pk_pool_signals")),
    )
    op.create_index(
        "ix_pool_signals_waiting", "pool_signals", ["told_at"], unique=False, postgresql_where=sa.text("waiting")
    )
    op.create_table(
        "seed_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("area", sa.Text(collation="C"), nullable=False),
        sa.Column("pool", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("frozen_on", sa.Date(), nullable=False),
        sa.Column("frozen_by", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seed_lists")),
        sa.UniqueConstraint("year", "area", "pool", name="uq_seed_lists_year"),
    )
    op.create_table(
        "pool_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("pool", sa.Text(collation="C"), nullable=False),
        sa.Column("tier", sa.Text(collation="C"), nullable=False),
        sa.Column("source_list", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("left_code", sa.Text(), nullable=True),
        sa.Column("left_reason", sa.Text(), nullable=True),
        sa.Column("left_document", sa.Text(), nullable=True),
        sa.Column("left_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_pool_entries_uscc")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_entries")),
    )
    op.create_index(
        "ix_pool_entries_pool",
        "pool_entries",
        ["pool", "tier"],
        unique=False,
        postgresql_where=sa.text("left_on IS NULL"),
    )
    op.create_index(
        "uq_pool_entries_present",
        "pool_entries",
        ["uscc", "pool"],
        unique=True,
        postgresql_where=sa.text("left_on IS NULL"),
    )
    op.create_table(
        "pool_proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("pool", sa.Text(collation="C"), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(collation="C"), nullable=True),
        sa.Column("source_list", sa.Text(collation="C"), nullable=True),
        sa.Column("left_code", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rules_sha256", sa.Text(), nullable=False),
        sa.Column("ground", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_pool_proposals_uscc")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_proposals")),
    )
    op.create_index("ix_pool_proposals_rule", "pool_proposals", ["uscc", "rule_id"], unique=False)
    op.create_index("ix_pool_proposals_state", "pool_proposals", ["state", "id"], unique=False)
    op.create_index(
        "uq_pool_proposals_open",
        "pool_proposals",
        ["uscc", "pool", "act"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "seed_list_members",
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["seed_lists.id"], name=op.f("fk_seed_list_members_list_id")),
        sa.PrimaryKeyConstraint("list_id", "position", name=op.f("pk_seed_list_members")),
    )
