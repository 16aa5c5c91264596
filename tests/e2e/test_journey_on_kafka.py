"""The same journey on a real Apache Kafka, with the broker among those that are killed."""

from collections.abc import Iterator

import pytest

from tests.e2e.journey import Journey
from tests.e2e.suite import Suite, running
from tests.support.kafka.broker import Broker

pytestmark = [pytest.mark.slow, pytest.mark.kafka]


@pytest.fixture(scope="module")
def suite(kafka_broker: Broker) -> Iterator[Suite]:
    with running(PEIYU_BUS_URL=f"kafka://{kafka_broker.bootstrap}") as found:
        yield found


def test_the_journey_on_kafka(suite: Suite) -> None:
    Journey(suite).run()


@pytest.mark.chaos
def test_the_worker_may_be_killed_between_any_two_steps(suite: Suite) -> None:
    Journey(suite).run(lambda step: suite.kill("work", "all"))


@pytest.mark.chaos
def test_the_http_process_may_be_killed_between_any_two_steps(suite: Suite) -> None:
    Journey(suite).run(lambda step: suite.kill("serve", "all"))


@pytest.mark.chaos
def test_the_broker_may_be_killed_between_any_two_steps(suite: Suite, kafka_broker: Broker) -> None:
    def kill(step: int) -> None:
        kafka_broker.kill()
        kafka_broker.start()

    Journey(suite).run(kill)


@pytest.mark.chaos
def test_the_apis_answer_while_the_broker_is_away_and_everything_arrives_after(
    suite: Suite, kafka_broker: Broker
) -> None:
    def away(step: int) -> None:
        if step == 1:
            kafka_broker.kill()
        if step == 3:
            kafka_broker.start()

    Journey(suite).run(away)
