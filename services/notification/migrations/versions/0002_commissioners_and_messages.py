"""Commissioners, the local copy of enterprises, assignments, messages."""

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
        "commissioners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", CODE, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("areas", postgresql.ARRAY(CODE), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Numeric(5, 2), nullable=False),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.CheckConstraint("weight > 0", name=op.f("ck_commissioners_weight_positive")),
        sa.CheckConstraint("load >= 0", name=op.f("ck_commissioners_load_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissioners")),
        sa.UniqueConstraint("code", name=op.f("uq_commissioners_code")),
    )
    op.create_table(
        "enterprises",
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("district_code", CODE, nullable=True),
        sa.Column("district_name", sa.Text(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_enterprises")),
    )
    op.create_index("ix_enterprises_district_code", "enterprises", ["district_code", "uscc"])
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("commissioner_id", sa.Uuid(), nullable=False),
        sa.Column("reason", CODE, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_assignments_uscc")),
        sa.ForeignKeyConstraint(["commissioner_id"], ["commissioners.id"], name=op.f("fk_assignments_commissioner_id")),
    )
    op.create_index(
        "uq_assignments_active", "assignments", ["uscc"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_assignments_uscc", "assignments", ["uscc", "id"])
    op.create_index("ix_assignments_commissioner_id", "assignments", ["commissioner_id", "id"])
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("uscc", CODE, nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("template", CODE, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("why_en", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("source_event_id", sa.Uuid(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=True),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'read')", name=op.f("ck_messages_state_known")),
        sa.CheckConstraint(
            "(state = 'pending') = (recipient_id IS NULL)", name=op.f("ck_messages_pending_has_no_recipient")
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (delivered_at IS NULL)", name=op.f("ck_messages_pending_is_not_delivered")
        ),
        sa.CheckConstraint("(state = 'read') = (read_at IS NOT NULL)", name=op.f("ck_messages_read_has_an_instant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("source_event_id", "kind", "uscc", name="uq_messages_source"),
        sa.ForeignKeyConstraint(["recipient_id"], ["commissioners.id"], name=op.f("fk_messages_recipient_id")),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_messages_uscc")),
    )
    op.create_index("ix_messages_recipient_id", "messages", ["recipient_id", "delivered_at", "id"])
    op.create_index(
        "ix_messages_unread",
        "messages",
        ["recipient_id", "delivered_at", "id"],
        postgresql_where=sa.text("state = 'delivered'"),
    )
    op.create_index("ix_messages_open", "messages", ["uscc", "id"], postgresql_where=sa.text("state <> 'read'"))
    op.create_index("ix_messages_kind_state", "messages", ["kind", "state"])
