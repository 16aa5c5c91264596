"""Enterprises and their facts, current and as they came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "enterprises",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.Column("registered_address", sa.Text(), nullable=True),
        sa.Column("actual_address", sa.Text(), nullable=True),
        sa.Column("district_code", sa.Text(collation="C"), nullable=True),
        sa.Column("industry_code", sa.Text(collation="C"), nullable=True),
        sa.Column("established_on", sa.Date(), nullable=True),
        sa.Column("registered_capital", sa.Numeric(), nullable=True),
        sa.Column("registered_capital_currency", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("risk_flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("listing_status", sa.Text(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("size_class", sa.Text(), nullable=True),
        sa.Column("size_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_enterprises")),
    )
    op.create_index("ix_enterprises_district_code", "enterprises", ["district_code"], unique=False)
    op.create_index("ix_enterprises_industry_code", "enterprises", ["industry_code"], unique=False)
    op.create_index("ix_enterprises_name_key", "enterprises", ["name_key", "uscc"], unique=False)
    op.create_table(
        "facts_current",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_facts_current_uscc")),
        sa.PrimaryKeyConstraint("uscc", "fiscal_year", name=op.f("pk_facts_current")),
    )
    op.create_table(
        "fact_revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("fiscal_year", sa.SmallInteger(), nullable=False),
        sa.Column("changed", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_revisions")),
    )
    op.create_index("ix_fact_revisions_uscc", "fact_revisions", ["uscc", "fiscal_year", "id"], unique=False)
