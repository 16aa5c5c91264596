"""Which enterprises are in which park (园区), and from which day to which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "park_stays",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(collation="C"), nullable=False),
        sa.Column("park_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["park_id"], ["carriers.id"], name=op.f("fk_park_stays_park_id")),
        sa.ForeignKeyConstraint(["uscc"], ["enterprises.uscc"], name=op.f("fk_park_stays_uscc")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_park_stays")),
    )
    op.create_index("ix_park_stays_uscc", "park_stays", ["uscc", "id"], unique=False)
    op.create_index("ix_park_stays_park_id", "park_stays", ["park_id", "uscc"], unique=False)
    op.create_index(
        "uq_park_stays_present",
        "park_stays",
        ["uscc"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
