"""The second form of the chassis' tables, called by one migration of each service; never edited, only followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Interrupted attempts are counted apart from failed ones. Until now `attempts` counted both: it is kept as is."""
    op.add_column("job_progress", sa.Column("interrupted", sa.Integer(), server_default=sa.text("0"), nullable=False))
