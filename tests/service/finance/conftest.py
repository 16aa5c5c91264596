"""Finance's own database and application."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from chassis.db import Database
from services.finance.app import create_app
from services.finance.migrations import MIGRATIONS
from services.finance.settings import Settings
from services.finance.worker import Publisher
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities
from tests.service.finance.world import Bank, deliver, number, publisher, recorded, uscc


@pytest.fixture
def db(templates: Templates) -> Iterator[Database]:
    with templates.copy("finance", MIGRATIONS) as database:
        yield database


@pytest.fixture
def settings(db: Database, identities: Identities) -> Settings:
    return Settings(environment="local", database_url=SecretStr(db.url), identity_key_file=identities.public_file)


@pytest.fixture
def client(settings: Settings, db: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, db), raise_server_exceptions=False) as found:
        yield found


@pytest.fixture
def bank_headers(identities: Identities) -> dict[str, str]:
    """A bank: the whitelist and nothing else."""
    return identities.headers(roles=["bank"], scopes=["whitelist:read"], areas=[], subject="demo-bank-a")


@pytest.fixture
def bank(client: TestClient, bank_headers: dict[str, str]) -> Bank:
    return Bank(client, bank_headers)


@pytest.fixture
def officer_headers(identities: Identities) -> dict[str, str]:
    return identities.headers(
        roles=["officer"], scopes=["whitelist:read", "consents:read", "consents:write"], areas=["3413"]
    )


@pytest.fixture
def press(db: Database) -> Publisher:
    """A publisher, after it has published three titles as epoch 1."""
    made = publisher(db, segment_rows=10)
    deliver(db, *(recorded(uscc(each), f"t-{each}", 1) for each in (3, 1, 2)))
    number(db)
    made.publish()
    return made


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
