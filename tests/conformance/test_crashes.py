"""kill -9, SIGSTOP and lost connections between any two steps: no event is lost, each effect is there once."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chassis.bus import Bus
from chassis.consumer import Subscriber
from chassis.relay import Relay
from tests.conformance.rig import (
    MEMBER_TIMEOUT,
    BusUnderTest,
    Noted,
    Service,
    end_sessions,
    eventually,
    in_thread,
    messages,
    noted_on,
    publish,
    take,
    write_effect,
)

pytestmark = pytest.mark.chaos

KEYS = 10


@contextmanager
def process(
    role: str, under_test: BusUnderTest, topic: str, service: Service | None = None
) -> Iterator[subprocess.Popen]:
    """tests.conformance.process in the given role; killed at the end, if it still runs."""
    command = [sys.executable, "-m", "tests.conformance.process", role, under_test.url, topic]
    if service is not None:
        command.append(service.libpq_url)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def kept_alive(role: str, under_test: BusUnderTest, topic: str, service: Service, seed: int, kills: list[float]):
    """A loop that runs the process and kills it at random moments, again and again, until it is stopped."""

    def run(stop: threading.Event) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            with process(role, under_test, topic, service) as running:
                assert running.stdout is not None
                running.stdout.readline()
                stop.wait(0.05 + chance.random() * 0.5)
                running.kill()
                kills.append(time.monotonic())

    return run


def emit_steadily(service: Service, event: type[Noted], count: int, pause: float = 0.005) -> None:
    for number in range(count):
        with service.db.transaction() as tx:
            for key in range(KEYS):
                tx.emit(event(subject=f"key-{key}", number=number))
        time.sleep(pause)


def all_once(service: Service, count: int) -> Callable[[], bool]:
    """Whether `count` effects per key are there; that none is there twice is asserted when it ends."""

    def look() -> bool:
        return sum(len(numbers) for numbers in service.effects().values()) >= count * KEYS

    return look


def assert_each_once_and_in_order(service: Service, count: int) -> None:
    assert service.effects() == {f"key-{key}": list(range(count)) for key in range(KEYS)}


@pytest.mark.parametrize("role", ["relay", "subscriber"])
def test_a_process_killed_at_random_moments_loses_and_repeats_nothing(
    bus: Bus, under_test: BusUnderTest, service: Service, role: str
) -> None:
    """For the relay that is mostly between 'published' and 'marked', for the consumer between any two steps."""
    event = noted_on(under_test.topic())
    kills: list[float] = []
    other = {
        "relay": lambda: Subscriber(service.db, bus, "reader", {event: (write_effect,)}).run,
        "subscriber": lambda: Relay(service.db, bus, "/peiyu/test").run,
    }[role]()
    with in_thread(kept_alive(role, under_test, event.topic, service, seed=7, kills=kills)), in_thread(other):
        emit_steadily(service, event, 300)
        eventually(lambda: len(kills) >= 5)
    with in_thread(Relay(service.db, bus, "/peiyu/test").run):
        last = Subscriber(service.db, bus, "reader", {event: (write_effect,)})
        with in_thread(last.run):
            eventually(all_once(service, 300), within=60)
            eventually(lambda: service.unsent() == 0)
    assert_each_once_and_in_order(service, 300)


def test_a_member_that_dies_is_replaced(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    publish(bus, messages(topic, 100))
    with process("member", under_test, topic) as member:
        assert member.stdout is not None
        assert member.stdout.readline().startswith("polled")
        heir = bus.consumer("reader", [topic])
        eventually(lambda: heir.poll(0.1, 1) or True)
        member.kill()
    heir.rewind()
    assert {message.headers for message in take(heir, 100)} == {message.headers for message in messages(topic, 100)}
    heir.close()


def test_a_zombie_cannot_commit(bus: Bus, under_test: BusUnderTest) -> None:
    """F4: frozen while it holds its partitions, thawed when they are somebody else's."""
    topic = under_test.topic(1)
    publish(bus, messages(topic, 100))
    heir = bus.consumer("reader", [topic])
    with process("member", under_test, topic) as zombie:
        assert zombie.stdout is not None
        assert zombie.stdin is not None
        assert zombie.stdout.readline().startswith("polled")
        zombie.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        heard = take(heir, 100, within=30)
        assert time.monotonic() - began >= MEMBER_TIMEOUT / 2
        zombie.send_signal(signal.SIGCONT)
        zombie.stdin.write("\n")
        zombie.stdin.flush()
        assert zombie.stdout.readline().startswith("refused")
    assert len(heard) == 100
    heir.commit()
    heir.close()
    successor = bus.consumer("reader", [topic])
    publish(bus, messages(topic, 1))
    assert len(take(successor, 1)) == 1, "the heir's commit stands"
    successor.close()


@contextmanager
def running_throughout(service: Service, bus: Bus, event: type[Noted]) -> Iterator[Subscriber]:
    """A relay and a subscriber that live through whatever happens inside."""
    subscriber = Subscriber(service.db, bus, "reader", {event: (write_effect,)})
    with in_thread(Relay(service.db, bus, "/peiyu/test").run), in_thread(subscriber.run):
        yield subscriber


@pytest.mark.kafka
@pytest.mark.parametrize("harm", ["kill", "freeze"])
def test_a_broker_that_goes_and_comes_back(kafka_bus: BusUnderTest, service: Service, harm: str) -> None:
    """Writers never notice; relay and consumer find back by themselves; nothing is lost or doubled."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to kill")
    event = noted_on(kafka_bus.topic())
    with running_throughout(service, kafka_bus.open(), event):
        emit_steadily(service, event, 50)
        eventually(all_once(service, 10))
        slowest = 0.0
        for _ in range(2):
            getattr(broker, harm)()
            try:
                for number in range(50, 60):
                    began = time.monotonic()
                    service.emit(event, {"while-away": [number]})
                    slowest = max(slowest, time.monotonic() - began)
                time.sleep(4)  # long enough for every timeout that is short to have passed
            finally:
                broker.start() if harm == "kill" else broker.thaw()
        eventually(lambda: len(service.effects().get("while-away", [])) == 20, within=90)
        eventually(all_once(service, 50), within=60)
        eventually(lambda: service.unsent() == 0)
    assert slowest < 2.0
    assert service.effects()["while-away"] == [*range(50, 60)] * 2


def test_every_session_of_the_embedded_bus_may_be_cut(postgres_bus: BusUnderTest, service: Service) -> None:
    event = noted_on(postgres_bus.topic())
    with running_throughout(service, postgres_bus.open(), event):
        with in_thread(lambda stop: cut_sessions(stop, postgres_bus, service)):
            emit_steadily(service, event, 300)
        eventually(all_once(service, 300), within=60)
        eventually(lambda: service.unsent() == 0)
    assert_each_once_and_in_order(service, 300)


def cut_sessions(stop: threading.Event, under_test: BusUnderTest, service: Service) -> None:
    while not stop.wait(0.1):
        for name in ("bus producer", "bus reader"):
            end_sessions(under_test.url, name)
        end_sessions(service.libpq_url, "peiyu relay")
