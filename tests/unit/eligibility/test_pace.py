"""A batch of assessments never holds its enterprises for long, however slow the machine is."""

import pytest

from services.eligibility.domain.pace import FEWEST, HELD_SECONDS, Pace


def durations(seconds_each: float, batches: int = 20) -> list[float]:
    pace = Pace(200)
    found = []
    for _ in range(batches):
        found.append(pace.size * seconds_each)
        pace.learn(pace.size, found[-1])
    return found


@pytest.mark.parametrize("seconds_each", [0.01, 0.05, 0.15, 0.3])
def test_no_batch_is_held_for_long(seconds_each: float) -> None:
    found = durations(seconds_each)
    assert max(found[1:]) <= max(HELD_SECONDS, FEWEST * seconds_each)


def test_a_fast_machine_comes_to_whole_batches() -> None:
    pace = Pace(200)
    for _ in range(10):
        pace.learn(pace.size, pace.size * 0.002)
    assert pace.size == 200


def test_a_machine_that_becomes_slow_is_followed_at_once() -> None:
    pace = Pace(200)
    for _ in range(10):
        pace.learn(pace.size, pace.size * 0.002)
    pace.learn(200, 20.0)
    assert pace.size * 0.1 <= HELD_SECONDS


def test_nothing_taken_teaches_nothing() -> None:
    pace = Pace(200)
    before = pace.size
    pace.learn(0, 5.0)
    assert pace.size == before
