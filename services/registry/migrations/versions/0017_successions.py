"""Who carries on an enterprise that was merged or divided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    # Nullable: the version before registers enterprises too while this one is put in its place.
    codes: sa.ARRAY[str] = postgresql.ARRAY(sa.Text(collation="C"))
    op.add_column("enterprises", sa.Column("dissolved_into", codes, nullable=True))
    op.create_table(
        "successions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("predecessor", sa.Text(collation="C"), nullable=False),
        sa.Column("successor", sa.Text(collation="C"), nullable=False),
        sa.Column("continues", sa.Boolean(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["predecessor"], ["enterprises.uscc"], name=op.f("fk_successions_predecessor")),
        sa.ForeignKeyConstraint(["successor"], ["enterprises.uscc"], name=op.f("fk_successions_successor")),
        sa.ForeignKeyConstraint(["request_id"], ["change_requests.id"], name=op.f("fk_successions_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_successions")),
    )
    op.create_index("ix_successions_predecessor", "successions", ["predecessor"], unique=False)
    op.create_index("ix_successions_successor", "successions", ["successor"], unique=False)
