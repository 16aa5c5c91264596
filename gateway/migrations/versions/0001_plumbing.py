"""The tables of the chassis."""

from chassis.migrations import plumbing_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    plumbing_v1.create()
