"""Fixtures: each bus in turn, and a service's database."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from chassis.bus import Bus
from chassis.db import Database
from tests.conformance.rig import MEMBER_TIMEOUT, BusUnderTest, Service
from tests.support.postgres import Server

_numbers = count()


def _unique(name: str) -> str:
    return f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_numbers)}"


@pytest.fixture(scope="session")
def bus_database(postgres: Server) -> Iterator[str]:
    """libpq URL of a database for the embedded bus."""
    name = _unique("bus")
    postgres.create(name)
    yield postgres.libpq_url(name)
    postgres.drop(name)


@pytest.fixture
def postgres_bus(bus_database: str) -> BusUnderTest:
    return BusUnderTest("postgres", bus_database)


@pytest.fixture
def own_postgres_bus(postgres: Server) -> Iterator[BusUnderTest]:
    """An embedded bus that no other test uses."""
    name = _unique("bus")
    postgres.create(name)
    yield BusUnderTest("postgres", postgres.libpq_url(name))
    postgres.drop(name)


@pytest.fixture
def kafka_bus(request: pytest.FixtureRequest) -> BusUnderTest:
    broker = request.getfixturevalue("kafka_broker")
    return BusUnderTest("kafka", f"kafka://{broker.bootstrap}?session_timeout_ms={MEMBER_TIMEOUT * 1000:.0f}", broker)


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def under_test(request: pytest.FixtureRequest) -> BusUnderTest:
    """Each implementation in turn."""
    found: BusUnderTest = request.getfixturevalue(f"{request.param}_bus")
    return found


@pytest.fixture
def bus(under_test: BusUnderTest) -> Iterator[Bus]:
    opened = under_test.open()
    yield opened
    opened.close()


@pytest.fixture
def service(postgres: Server) -> Iterator[Service]:
    name = _unique("service")
    postgres.create(name)
    db = Database(postgres.url_for(name), name="test-service", pool_size=20)
    yield Service.on(db)
    db.close()
    postgres.drop(name)
