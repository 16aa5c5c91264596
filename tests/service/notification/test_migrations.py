"""The migrations and the tables in code are the same thing."""

from chassis.db import Database
from services.notification.migrations import MIGRATIONS


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []
