"""A database with only the plumbing, and a small application on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.db import Database
from chassis.migrate import Migrations
from chassis.plumbing import Plumbing
from tests.fixtures.database import Templates

MIGRATIONS = Migrations(Path(__file__).parent / "versions", [Plumbing.metadata])


@pytest.fixture
def db(templates: Templates) -> Iterator[Database]:
    with templates.copy("chassis", MIGRATIONS) as database:
        yield database
