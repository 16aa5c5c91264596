"""How near an assessment is to its title: read off the outcome, kept for lists. Filled as enterprises are assessed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("assessments", sa.Column("near_route", sa.Text(), nullable=True))
    op.add_column("assessments", sa.Column("open_lines", sa.Integer(), nullable=True))
    op.add_column("assessments", sa.Column("open_effort", sa.Text(collation="C"), nullable=True))
    op.create_index(
        "ix_assessments_near",
        "assessments",
        ["title", "open_lines", "uscc"],
        unique=False,
        postgresql_where=sa.text("current"),
    )
