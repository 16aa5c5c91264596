"""Enterprises and titles as the registry tells them, the whitelist, its feed and its published files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

CODE = sa.Text(collation="C")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "enterprises",
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", CODE, nullable=False),
        sa.Column("district_code", CODE, nullable=True),
        sa.Column("district_name", sa.Text(), nullable=True),
        sa.Column("size_class", CODE, nullable=True),
        sa.Column("industry_code", CODE, nullable=True),
        sa.Column("industry_name", sa.Text(), nullable=True),
        sa.Column("listing_status", sa.Text(), nullable=True),
        sa.Column("risk_flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_enterprises")),
    )
    op.create_table(
        "titles",
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("title_id", CODE, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", CODE, nullable=False),
        sa.Column("title_label", sa.Text(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("issued_by", sa.Text(), nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("listed", sa.Text(), nullable=True),
        sa.Column("left_because", CODE, nullable=True),
        sa.PrimaryKeyConstraint("uscc", "title_id", name=op.f("pk_titles")),
    )
    op.create_index(
        "ix_titles_running_out",
        "titles",
        ["valid_to"],
        postgresql_where=sa.text("listed IS NOT NULL AND state = 'valid'"),
    )
    op.create_index(
        "ix_titles_not_listed", "titles", ["uscc"], postgresql_where=sa.text("listed IS NULL AND state = 'valid'")
    )
    op.create_table(
        "whitelist_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", CODE, nullable=False),
        sa.Column("title_label", sa.Text(), nullable=False),
        sa.Column("title_id", CODE, nullable=False),
        sa.Column("type", CODE, nullable=False),
        sa.Column("reason", CODE, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("csv_line", sa.Text(), nullable=True),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whitelist_changes")),
    )
    op.create_index("uq_whitelist_changes_seq", "whitelist_changes", ["seq"], unique=True)
    op.create_index(
        "ix_whitelist_changes_unnumbered", "whitelist_changes", ["id"], postgresql_where=sa.text("seq IS NULL")
    )
    op.create_table(
        "whitelist_entries",
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("title_id", CODE, nullable=False),
        sa.Column("title", CODE, nullable=False),
        sa.Column("district_code", CODE, nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("csv_line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "title_id", name=op.f("pk_whitelist_entries")),
    )
    op.create_index("uq_whitelist_entries_order", "whitelist_entries", ["uscc", "title", "title_id"], unique=True)
    op.create_index("ix_whitelist_entries_district_code", "whitelist_entries", ["district_code", "uscc"])
    op.create_table(
        "whitelist_epochs",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("built_at", INSTANT, nullable=False),
        sa.Column("build_seconds", sa.Float(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("sha256", CODE, nullable=False),
        sa.Column("pruned_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_whitelist_epochs")),
    )
    op.create_index(
        "ix_whitelist_epochs_kept", "whitelist_epochs", ["epoch"], postgresql_where=sa.text("pruned_at IS NULL")
    )
    op.create_table(
        "whitelist_segments",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("sha256", CODE, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_whitelist_segments")),
        sa.UniqueConstraint("last_seq", name=op.f("uq_whitelist_segments_last_seq")),
    )
    op.create_table(
        "whitelist_files",
        sa.Column("kind", CODE, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("format", CODE, nullable=False),
        sa.Column("bom", sa.Boolean(), nullable=False),
        sa.Column("encoding", CODE, nullable=False),
        sa.Column("sha256", CODE, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "number", "format", "bom", "encoding", name=op.f("pk_whitelist_files")),
    )
    op.create_index("ix_whitelist_files_sha256", "whitelist_files", ["sha256"])
    op.create_table(
        "whitelist_chunks",
        sa.Column("sha256", CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "number", name=op.f("pk_whitelist_chunks")),
    )
    # The content is compressed already: TOAST must not try again.
    op.execute("ALTER TABLE whitelist_chunks ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_table(
        "feed_keys",
        sa.Column("kid", CODE, nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_used_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_feed_keys")),
    )
