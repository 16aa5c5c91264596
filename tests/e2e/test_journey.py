"""The main job end to end, on the embedded bus: undisturbed, and with processes killed between any two steps."""

from collections.abc import Iterator

import pytest

from tests.e2e.journey import Journey
from tests.e2e.suite import Suite, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def suite() -> Iterator[Suite]:
    with running() as found:
        yield found


def test_facts_lead_to_a_message_and_a_title_to_the_whitelist(suite: Suite) -> None:
    Journey(suite).run()


@pytest.mark.chaos
def test_the_http_process_may_be_killed_between_any_two_steps(suite: Suite) -> None:
    Journey(suite).run(lambda step: suite.kill("serve", "all"))


@pytest.mark.chaos
def test_the_worker_may_be_killed_between_any_two_steps(suite: Suite) -> None:
    Journey(suite).run(lambda step: suite.kill("work", "all"))


@pytest.mark.chaos
def test_everything_may_be_killed_at_once_and_started_again(suite: Suite) -> None:
    def restart(step: int) -> None:
        suite.kill_supervisor()
        suite.start()

    Journey(suite).run(restart)
