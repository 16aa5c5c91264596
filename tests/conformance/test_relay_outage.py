"""One partition away, or the whole bus: healthy keys go on, order holds, nothing spins."""

import time
from collections.abc import Callable, Sequence

import pytest

from chassis import relay
from chassis.bus import BusUnavailable, Message
from chassis.relay import Relay
from tests.conformance.rig import Noted, Service, in_thread, noted_on


class Partial:
    """A bus in memory that takes only the keys for which `takes` holds."""

    atomic = False

    def __init__(self, takes: Callable[[str], bool]) -> None:
        self.takes = takes
        self.calls = 0
        self.taken: list[tuple[str, int]] = []

    def producer(self) -> "Partial":
        return self

    def publish(self, batch: Sequence[Message]) -> list[Exception | None]:
        self.calls += 1
        return [self._one(message) for message in batch]

    def _one(self, message: Message) -> Exception | None:
        if not self.takes(message.key):
            return BusUnavailable("leader not available")
        self.taken.append((message.key, Noted.model_validate_json(message.value).number))
        return None

    def purge(self) -> int:
        return 0

    def close(self) -> None: ...


def behind(service: Service, sick: int, well: int) -> None:
    """`sick` keys of an absent partition, each with two events, and behind them `well` keys of another."""
    event = noted_on("t")
    with service.db.transaction() as tx:
        for number in range(2):
            for key in range(sick):
                tx.emit(event(subject=f"sick-{key}", number=number))
        for key in range(well):
            tx.emit(event(subject=f"well-{key}", number=0))


def healthy(bus: Partial) -> set[str]:
    return {key for key, _ in bus.taken if key.startswith("well")}


def test_more_failing_keys_than_a_batch_hold_up_nobody_behind_them(service: Service) -> None:
    behind(service, sick=25, well=10)
    bus = Partial(lambda key: key.startswith("well"))
    going = Relay(service.db, bus, "/peiyu/test")
    for _ in range(8):
        going.run_once(limit=10)
    assert len(healthy(bus)) == 10
    behind(service, sick=0, well=10)
    going.run_once(limit=10)
    assert len(bus.taken) == 20, "even when their back-off is over, failing keys come after healthy ones"
    bus.takes = lambda key: True
    deadline = time.monotonic() + 10
    while service.unsent() and time.monotonic() < deadline:
        going.run_once(limit=10)
    going.close()
    assert service.unsent() == 0
    for key in range(25):
        assert [number for found, number in bus.taken if found == f"sick-{key}"] == [0, 1]


def test_600_keys_of_an_absent_partition_are_read_past_by_a_running_relay(service: Service) -> None:
    behind(service, sick=600, well=20)
    bus = Partial(lambda key: key.startswith("well"))
    with in_thread(Relay(service.db, bus, "/peiyu/test").run):
        deadline = time.monotonic() + 10
        while len(healthy(bus)) < 20 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert len(healthy(bus)) == 20


def test_while_the_whole_bus_is_away_nothing_spins_and_its_return_is_noticed_soon(service: Service) -> None:
    behind(service, sick=300, well=300)
    bus = Partial(lambda key: False)
    with in_thread(Relay(service.db, bus, "/peiyu/test").run):
        time.sleep(4)
        assert bus.calls <= 12, "a few attempts, further and further apart"
        bus.takes = lambda key: True
        deadline = time.monotonic() + 12
        while service.unsent() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert service.unsent() == 0


def test_what_is_remembered_of_failing_keys_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MAX_BLOCKED", 15)
    behind(service, sick=25, well=0)
    going = Relay(service.db, Partial(lambda key: False), "/peiyu/test")
    for _ in range(10):
        going.run_once(limit=10)
    assert len(going._blocked) <= 15
    going.close()
