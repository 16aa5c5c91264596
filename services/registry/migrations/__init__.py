"""The migrations of the registry's database."""

from pathlib import Path

from chassis.migrate import Migrations
from chassis.plumbing import Plumbing
from services.registry.store import change_tables as change_tables  # these tables too are the base's
from services.registry.store import file_tables as file_tables
from services.registry.store import item_tables as item_tables
from services.registry.store import ledger_tables as ledger_tables
from services.registry.store import park_tables as park_tables
from services.registry.store import people_tables as people_tables
from services.registry.store import pool_tables as pool_tables
from services.registry.store import programme_tables as programme_tables
from services.registry.store.search_tables import SearchRow

MIGRATIONS = Migrations(Path(__file__).parent / "versions", [SearchRow.metadata, Plumbing.metadata])
