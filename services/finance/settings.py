"""What finance is configured by."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """The chassis' settings, and those of the whitelist feed."""

    feed_key_file: Path | None = None
    """Private Ed25519 key (PEM or JWK) that signs the whitelist. Only the worker needs it; never leaves its host."""

    whitelist_epoch_seconds: float = Field(default=1.0, gt=0)
    """No two epochs are closer than this, …"""

    whitelist_epoch_build_factor: float = Field(default=20.0, ge=1)
    """… nor closer than so many times what the last one took to build."""

    whitelist_segment_rows: int = Field(default=1000, ge=10, le=100_000)
    """Changes in one closed delta segment. Another value holds for segments yet to come."""

    whitelist_keep_epochs: int = Field(default=50, ge=1)
    """The content of so many last epochs is kept; manifests are kept for ever."""

    whitelist_keep_minutes: int = Field(default=10, ge=0)
    """Content younger than this is kept too, so that nobody loses a file while fetching it."""

    whitelist_keep_days: int = Field(default=400, ge=0)
    """For so many days the last epoch of each day keeps its content."""

    whitelist_changes_keep_days: int | None = Field(default=None, ge=7)
    """Changes older than this are forgotten; null keeps the feed complete from its beginning."""

    whitelist_cache_megabytes: int = Field(default=128, ge=1)
    """Compressed content that one HTTP process keeps in memory."""


EXPECTED = (
    "relay",
    "consumer:finance",
    "schedules",
    "audit-seal",
    "whitelist-sequence",
    "whitelist-epochs",
)
"""The loops of the worker without which finance cannot do its work; readiness asks for them."""
