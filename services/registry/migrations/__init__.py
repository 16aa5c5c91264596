"""The migrations of the registry's database."""

from pathlib import Path

from chassis.migrate import Migrations
from chassis.plumbing import Plumbing
from services.registry.store.search_tables import SearchRow

MIGRATIONS = Migrations(Path(__file__).parent / "versions", [SearchRow.metadata, Plumbing.metadata])
