"""The tables of the chassis."""

from alembic import op

from chassis.migrations import plumbing_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    plumbing_v1.create()


def downgrade() -> None:
    for table in ("audit_head", "audit_log", "blobs", "dead_letters", "heartbeats", "idempotency_keys", "inbox", "job_progress",
                  "jobs", "outbox", "schedules"):  # fmt: skip
        op.drop_table(table)
