"""The gateway's migrations, and the tables that they add up to."""

from pathlib import Path

from chassis.migrate import Migrations
from chassis.plumbing import Plumbing
from gateway.store.tables import Row

MIGRATIONS = Migrations(Path(__file__).parent / "versions", [Row.metadata, Plumbing.metadata])
