"""A worker's loops seen from inside its process: who turns, and who does not."""

import threading
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from chassis import worker
from chassis.db import Database
from chassis.worker import Pulse, Worker


class Named:
    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self.name = name
        self.run = run


def turning(stop: threading.Event) -> None:
    while not stop.is_set():
        stop.wait(0.01)


def told(loop: str) -> float:
    silent = REGISTRY.get_sample_value("peiyu_loop_silent_seconds", {"service": "registry", "loop": loop})
    assert silent is not None
    return silent


@pytest.fixture
def db() -> Database:
    return Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing", name="never asked", pool_size=1)


def test_a_loop_that_hangs_is_told_from_those_that_turn(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STALE_SECONDS", 0.2)
    let_go = threading.Event()

    def hanging(stop: threading.Event) -> None:
        let_go.wait(30)

    loops = [Named("relay", turning), Named("stuck", hanging), Named("jobs", hanging)]
    stop = threading.Event()
    made = Worker("registry", db, loops)
    made.start(stop)
    try:
        waited = threading.Event()
        for _ in range(200):
            if made.silent():
                break
            waited.wait(0.05)
        assert made.silent() == ["registry:stuck"], "a job may take an hour"
        assert made.dead() == []
        assert told("stuck") > told("relay"), "each loop for itself"
    finally:
        stop.set()
        let_go.set()
        assert made.join(10) == []
        db.close()


def test_the_pulse_stops_with_the_worker() -> None:
    stop = threading.Event()
    pulse = Pulse(stop)
    assert not pulse.is_set()
    assert not pulse.wait(0.01)
    stop.set()
    assert pulse.is_set()
    assert pulse.wait(30)
