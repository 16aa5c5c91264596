"""The chassis counts interrupted attempts at jobs apart."""

from __future__ import annotations

from chassis.migrations import plumbing_v2

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    plumbing_v2.upgrade()
