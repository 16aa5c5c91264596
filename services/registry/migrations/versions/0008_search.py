"""The index of names, and how far it is; without a row in search_progress everything waits to be indexed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search1"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "search_names",
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.Column("core", sa.Text(collation="C"), nullable=False),
        sa.Column("pinyin", sa.Text(collation="C"), nullable=False),
        sa.Column("initials", sa.Text(collation="C"), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tokens", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_search_names")),
    )
    op.create_index(
        "ix_search_names_tokens",
        "search_names",
        ["tokens"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index("ix_search_names_name_key", "search_names", ["name_key"], unique=False)
    op.create_index("ix_search_names_core", "search_names", ["core"], unique=False)
    op.create_index("ix_search_names_weight", "search_names", ["weight", "uscc"], unique=False)
    op.create_table(
        "search_progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("filled", sa.Text(collation="C"), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_progress")),
    )
