"""Policy packs, the local copy of enterprises, and assessments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("pack_id", sa.Text(collation="C"), nullable=False),
        sa.Column("pack_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("application_date", sa.Date(), nullable=False),
        sa.Column("verdict", sa.Text(collation="C"), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("score_low", sa.Numeric(), nullable=True),
        sa.Column("score_high", sa.Numeric(), nullable=True),
        sa.Column("missing", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("trigger", sa.Text(collation="C"), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index(
        "ix_assessments_current_verdict",
        "assessments",
        ["title", "verdict", "uscc"],
        unique=False,
        postgresql_where=sa.text("current"),
    )
    op.create_index("ix_assessments_uscc", "assessments", ["uscc", "title", "id"], unique=False)
    op.create_index(
        "uq_assessments_current", "assessments", ["uscc", "title"], unique=True, postgresql_where=sa.text("current")
    )
    op.create_table(
        "enterprise_facts",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "fiscal_year", name=op.f("pk_enterprise_facts")),
    )
    op.create_table(
        "enterprise_titles",
        sa.Column("title_id", sa.Text(collation="C"), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("ban", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("title_id", name=op.f("pk_enterprise_titles")),
    )
    op.create_index("ix_enterprise_titles_uscc", "enterprise_titles", ["uscc"], unique=False)
    op.create_table(
        "enterprises",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(collation="C"), nullable=True),
        sa.Column("industry_code", sa.Text(collation="C"), nullable=True),
        sa.Column("size_class", sa.Text(collation="C"), nullable=True),
        sa.Column("status", sa.Text(collation="C"), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_enterprises")),
    )
    op.create_index("ix_enterprises_district_code", "enterprises", ["district_code", "uscc"], unique=False)
    op.create_table(
        "pending_assessments",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_pending_assessments")),
    )
    op.create_table(
        "policy_packs",
        sa.Column("hash", sa.Text(collation="C"), nullable=False),
        sa.Column("pack_id", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_policy_packs")),
    )
    op.create_index(
        "uq_policy_packs_active", "policy_packs", ["pack_id"], unique=True, postgresql_where=sa.text("state = 'active'")
    )
