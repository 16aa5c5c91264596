"""Enterprises that were merged or divided have no commissioner any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # With a default: the version before adds enterprises too while this one is put in its place.
    op.add_column("enterprises", sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False))
