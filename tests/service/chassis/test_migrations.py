"""The frozen first migration and the tables in code are the same thing."""

from chassis.db import Database
from tests.service.chassis.conftest import MIGRATIONS


def test_the_plumbing_migration_builds_exactly_the_tables_in_code(db: Database) -> None:
    found = [diff for diff in MIGRATIONS.differences(db) if "notes" not in str(diff)]
    assert found == []


def test_readiness_names_the_missing_migration(db: Database) -> None:
    assert MIGRATIONS.check(db) == {"revision": "0002"}
