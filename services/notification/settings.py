"""What notification is configured by."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ServiceSettings

SERVICE = "notification"

EXPECTED = ("relay", "consumer:notification", "jobs", "schedules", "audit-seal")
"""The worker's loops that readiness asks for."""


class Settings(ServiceSettings):
    """The chassis' settings and the size of one step of work."""

    settle_batch: int = Field(default=200, ge=1, le=2000)
    """Enterprises given a commissioner in one transaction when a commissioner comes, goes or moves."""
