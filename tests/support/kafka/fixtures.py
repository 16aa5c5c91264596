"""pytest fixtures that give a test a real Kafka, started once per session."""

import os
from collections.abc import Iterator

import pytest

from tests.support.kafka.broker import Broker, BrokerUnavailable, running


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Broker]:
    """The session's broker, started. Who kills it starts it again."""
    try:
        with running() as broker:
            yield broker
    except BrokerUnavailable as error:
        # A skipped Kafka test would let CI call the suite green on half of its buses.
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_broker: Broker) -> str:
    """host:port[,…] of the session's broker."""
    return kafka_broker.bootstrap
