"""The supervised processes: restarted at once, then ever later; tied to their supervisor's life."""

import os
import time
from pathlib import Path

import pytest

from peiyu.children import Child


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """A command that refuses at once."""
    reading, _writing = os.pipe()
    return Child("test", ["serve", "nothing"], tmp_path / "test.log", reading)


def ended(child: Child) -> None:
    until = time.monotonic() + 30
    while child.ended() is None:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_child_that_ends_is_said_once_and_started_again(child: Child) -> None:
    child.start()
    first = child.pid
    ended(child)
    said = child.watch()
    assert said is not None
    assert str(child.log) in said
    assert child.watch() is None
    assert child.pid != first
    ended(child)
    assert "没有 nothing 这个部分" in child.last_words()


def test_each_further_failure_waits_longer(child: Child) -> None:
    child.start()
    pauses = []
    for _ in range(3):
        ended(child)
        child.watch()
        pauses.append(child._due - time.monotonic())
        child._due = 0.001
        child.watch()
    child.wait(10)
    assert pauses[0] < 0.1 < pauses[1] < pauses[2]
    assert child.restarts == 3


def test_a_log_that_has_grown_long_keeps_one_older_part(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peiyu.children.LOG_LIMIT_BYTES", 100)
    child.log.write_bytes(b"x" * 101)
    child.bound_log()
    assert child.log.stat().st_size == 0
    assert child.log.with_suffix(".log.1").stat().st_size == 101
