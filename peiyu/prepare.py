"""Brings the databases to what this version of the program needs: tables, shipped reference data, topics."""

from typing import Any

from chassis.bus import load_topics, open_bus
from chassis.db import Database
from peiyu import parts, suite


def prepare(part: str, settings: Any) -> None:
    """Migrate one part's database and load what ships with it. Doing it again changes nothing."""
    db = Database(settings.database_url.get_secret_value(), name=f"peiyu {part} migrate", pool_size=2)
    try:
        suite.migrations(part).upgrade(db)
        _load(part, settings, db)
    finally:
        db.close()


def _load(part: str, settings: Any, db: Database) -> None:
    if part == "registry":
        from services.registry import prepare as registry

        registry.prepare(db)
    elif part == "eligibility":
        from services.eligibility import prepare as eligibility

        eligibility.prepare(settings, db)


def apply_topics(bus_url: str) -> None:
    """Make the topics that are missing on the bus."""
    bus = open_bus(bus_url)
    try:
        bus.apply_topics(load_topics(parts.TOPICS))
    finally:
        bus.close()
