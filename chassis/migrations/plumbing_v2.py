"""The second form of the chassis' tables, called by one migration of each service; never edited, only followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Interrupted attempts are counted apart from failed ones, and the audit log has a row that opens it.

    Until now `attempts` counted both: it is kept as is. A log that was written before this has its opening row in the
    middle: what counts is that there is one, so that an emptied log is not like a new one.
    """
    op.add_column("job_progress", sa.Column("interrupted", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute(
        """
        INSERT INTO audit_log (at, actor, action, subject, details, correlation_id)
        VALUES (now(), 'system', 'audit-log-opened', 'audit_log', '{}', gen_random_uuid()::text)
        """
    )
