"""The plumbing tables and one table of notes, for the chassis' own tests."""

import sqlalchemy as sa
from alembic import op

from chassis.migrations import plumbing_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    plumbing_v1.create()
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("text", deferrable=True, initially="DEFERRED"),
        sa.UniqueConstraint("seq"),
    )
