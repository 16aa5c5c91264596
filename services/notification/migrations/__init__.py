"""The migrations of notification's database."""

from pathlib import Path

from chassis.migrate import Migrations
from chassis.plumbing import Plumbing
from services.notification.store.tables import Row

MIGRATIONS = Migrations(Path(__file__).parent / "versions", [Row.metadata, Plumbing.metadata])
