"""How much of the raw bus relay and consumer keep, and how long an event takes: ratios within one run.

    python -m tests.load.bus_rates [--count 100000] [--rounds 3] [--buses postgres,kafka] 2>/dev/null

It logs as a service does, JSON lines of level INFO on standard error, since writing them is part of what is measured,
and its garbage collector is a service's.

Raw: messages of the same size in the same batches by a client configured alike, no outcome asked, no inbox; both are
timed from the end of their first batch on. Read the ratios, not the rates:
load, database and broker share one machine. The database is the test server unless PEIYU_TEST_DATABASE_URL says
otherwise; whether it syncs is printed, since that moves every figure.
"""

import argparse
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from chassis import clock, collector, logging
from chassis.bus import Bus, Message
from chassis.consumer import Subscriber
from chassis.db import Database, Transaction
from chassis.outbox_lead import UNSENT, Unsent
from chassis.relay import BATCH, Relay
from tests.conformance.rig import BusUnderTest, Noted, Service, eventually, in_thread, noted_on, write_effect
from tests.support.kafka.broker import running
from tests.support.postgres import Server, running_server

PAYLOAD = "x" * 300
"""With the envelope about 500 bytes on the bus: a small change of one enterprise."""


class NoBus:
    """Takes everything and does nothing: what the database alone allows the relay."""

    atomic = True

    def producer(self) -> "NoBus":
        return self

    def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        return [None] * len(messages)

    def purge(self) -> int:
        return 0

    def close(self) -> None: ...


@contextmanager
def service_on(server: Server) -> Iterator[Service]:
    name = f"rates_{uuid.uuid4().hex[:8]}"
    server.create(name)
    db = Database(server.url_for(name), name="rates", pool_size=5)
    yield Service.on(db)
    db.close()
    server.drop(name)


def fill_outbox(service: Service, event: type[Noted], count: int) -> None:
    with service.db.transaction(timeout_seconds=0) as tx:
        for n in range(count):
            tx.emit(event(subject=f"enterprise-{n}", number=n))


def wire(service: Service) -> list[Message]:
    rows = map(Unsent._make, service.rows(f"{UNSENT} ORDER BY id"))
    return [row.message("/peiyu/load", row.traceparent) for row in rows]


def settled(step: Callable[[], int], count: int) -> float:
    """Events per second from the end of the first batch on: connecting and joining a group are not the question."""
    first = 0
    while not first:
        first = step()
    began, done = time.perf_counter(), first
    while done < count:
        done += step()
    return (count - first) / (time.perf_counter() - began)


def raw_produce(under_test: BusUnderTest, messages: Sequence[Message]) -> float:
    batches = iter([messages[start : start + BATCH] for start in range(0, len(messages), BATCH)])
    if under_test.kind == "postgres":
        producer = under_test.open().producer()

        def publish() -> int:
            return len(producer.publish(next(batches)))

        found = settled(publish, len(messages))
        producer.close()
        return found
    from kafka import KafkaProducer

    assert under_test.broker is not None
    client = KafkaProducer(
        bootstrap_servers=under_test.broker.bootstrap,
        compression_type="lz4",
        linger_ms=5,
        batch_size=256 * 1024,
        metrics_enabled=False,
    )

    def send() -> int:
        batch = next(batches)
        for message in batch:
            client.send(message.topic, message.value, message.key.encode(), list(message.headers))
        client.flush()
        return len(batch)

    found = settled(send, len(messages))
    client.close()
    return found


def relay_all(service: Service, bus: Bus, count: int) -> float:
    relay = Relay(service.db, bus, "/peiyu/load")
    found = settled(relay.run_once, count)
    relay.close()
    assert service.unsent() == 0
    return found


def raw_consume(under_test: BusUnderTest, topic: str, count: int, *, wait: bool = True) -> float:
    """`wait`: until each commit is answered, as a consumer has to that may not act twice without an inbox."""
    group = f"raw-{uuid.uuid4().hex[:6]}"
    if under_test.kind == "kafka":
        from kafka import KafkaConsumer

        assert under_test.broker is not None
        client = KafkaConsumer(
            topic,
            bootstrap_servers=under_test.broker.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metrics_enabled=False,
        )

        def poll() -> int:
            polled = sum(len(records) for records in client.poll(1000, max_records=BATCH).values())
            client.commit() if wait else client.commit_async()
            return polled

        found = settled(poll, count)
        client.close()
        return found
    consumer = under_test.open().consumer(group, [topic])

    def take() -> int:
        taken = len(consumer.poll(1.0, BATCH))
        consumer.commit()
        return taken

    found = settled(take, count)
    consumer.close()
    return found


def nothing(tx: Transaction, event: Noted) -> None: ...


def consume(service: Service, bus: Bus, event: type[Noted], count: int, handler: Callable[..., None]) -> float:
    subscriber = Subscriber(service.db, bus, f"load-{uuid.uuid4().hex[:6]}", {event: (handler,)})
    found = settled(lambda: subscriber.run_once(1.0), count)
    assert subscriber.counters["handled"] == count
    subscriber.close()
    return found


def latencies(
    service: Service, bus: Bus, event: type[Noted], relaying: Callable[[Relay, threading.Event], None], seconds: float
) -> list[float]:
    """Milliseconds from the moment before the transaction to the effect at the consumer, 200 a second."""
    found: list[float] = []
    emitted: dict[int, float] = {}

    def arrive(tx: Transaction, event: Noted) -> None:
        found.append((time.perf_counter() - emitted[event.number]) * 1000)

    per_second = 200
    count = int(seconds * per_second)
    relay = Relay(service.db, bus, "/peiyu/load")
    subscriber = Subscriber(service.db, bus, f"latency-{uuid.uuid4().hex[:6]}", {event: (arrive,)})
    with in_thread(lambda stop: relaying(relay, stop)), in_thread(subscriber.run):
        time.sleep(3)
        began = time.perf_counter()
        for n in range(count):
            time.sleep(max(0.0, began + n / per_second - time.perf_counter()))
            emitted[n] = time.perf_counter()
            with service.db.transaction() as tx:
                tx.emit(event(subject=f"enterprise-{n}", number=n))
        eventually(lambda: len(found) == count)
    return sorted(found)


def every_second(relay: Relay, stop: threading.Event) -> None:
    """What a relay is that nobody wakes: it looks at the outbox, sends all there is, and sleeps a second."""
    while not stop.wait(1.0):
        while relay.run_once():
            pass
    relay.close()


def filled_on(topic: str) -> type[Noted]:
    """The event on a topic of its own, as large as a small change of one enterprise."""
    there = noted_on(topic)
    return type("FilledThere", (there,), {"__annotations__": {"filling": str}, "filling": PAYLOAD})


def one_round(server: Server, under_test: BusUnderTest, count: int) -> dict[str, float]:
    """The same messages each time: raw, then from the outbox of a service and into its inbox."""
    bus, found = under_test.open(), {}
    with service_on(server) as service:
        event = filled_on(under_test.topic(8))
        fill_outbox(service, event, count)
        messages = wire(service)
        found["raw produce"] = raw_produce(under_test, messages)
        found["raw consume"] = raw_consume(under_test, event.topic, count)
        if under_test.kind == "kafka":  # ours does not wait for every commit either
            found["raw consume, no wait"] = raw_consume(under_test, event.topic, count, wait=False)
    with service_on(server) as service:
        event = filled_on(under_test.topic(8))
        fill_outbox(service, event, count)
        assert sum(map(size_of, wire(service))) == sum(map(size_of, messages))
        found["relay, no bus"] = relay_all(service, NoBus(), count)
        service.rows("UPDATE outbox SET sent_at = NULL RETURNING 1")
        found["relay"] = relay_all(service, bus, count)
        found["consumer, inbox only"] = consume(service, bus, event, count, nothing)
        found["consumer, one row each"] = consume(service, bus, event, count, write_effect)
    return found


def size_of(message: Message) -> int:
    return len(message.value)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=100_000)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--buses", default="postgres,kafka")
    options = asked.parse_args()
    logging.configure("INFO", "json", service="load")
    collector.settle()
    with ExitStack() as held:
        server = held.enter_context(running_server())
        server.create("rates_bus")
        held.callback(server.drop, "rates_bus")
        tested = [BusUnderTest("postgres", server.libpq_url("rates_bus"))]
        if "kafka" in options.buses:
            broker = held.enter_context(running())
            tested.append(BusUnderTest("kafka", f"kafka://{broker.bootstrap}", broker))
        tested = [each for each in tested if each.kind in options.buses]
        with service_on(server) as service:
            print(f"{clock.now():%F}, {options.count} events × {options.rounds}, fsync {service.value('SHOW fsync')}")
        rounds = [{each.kind: one_round(server, each, options.count) for each in tested} for _ in range(options.rounds)]
        for each in tested:
            report(each.kind, [found[each.kind] for found in rounds])
            woken = report_waits(server, each, "woken by the transaction", Relay.run)
            polled = report_waits(server, each, "polling every second", every_second)
            print(f"  p95, woken to polling: {woken / polled:.3f}")


def report_waits(
    server: Server, under_test: BusUnderTest, name: str, relaying: Callable[[Relay, threading.Event], None]
) -> float:
    """Print how long an event takes to its effect; the 95th percentile in milliseconds."""
    with service_on(server) as service:
        waits = latencies(service, under_test.open(), filled_on(under_test.topic(8)), relaying, seconds=15.0)
    p50, p95, p99 = (waits[int(len(waits) * share)] for share in (0.5, 0.95, 0.99))
    print(f"  event to effect at 200/s, relay {name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    return p95


def report(kind: str, rounds: Sequence[dict[str, float]]) -> None:
    print(f"\n{kind}: events per second, median; ratio to raw, median (lowest to highest of the rounds)")
    for name in rounds[0]:
        limit = "raw produce" if "relay" in name or "produce" in name else "raw consume"
        ratios = [found[name] / found[limit] for found in rounds]
        median = statistics.median(found[name] for found in rounds)
        print(f"  {name:24} {median:9,.0f}   {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
