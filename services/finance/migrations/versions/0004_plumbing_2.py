"""The chassis counts interrupted attempts at jobs apart."""

from __future__ import annotations

from chassis.migrations import plumbing_v2

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    plumbing_v2.upgrade()
