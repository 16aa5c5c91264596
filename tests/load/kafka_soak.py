"""Hours of Kafka in minutes: a million messages through rebalances and broker restarts, and a broker that stays away.

    python -m tests.load.kafka_soak [--messages 1000000] [--outage 600] [--stages load,silence,outage]

load     relay and two subscribers as processes of their own; a third joins and leaves all the while, by turns politely
         and by kill -9; the broker is restarted at a third and killed at two thirds of the way. Every message must have
         taken effect once and in the order of its key; what the processes use is printed.
silence  the broker is frozen: the loops must go on saying that they live. Then a subscriber is frozen: readiness must
         say so within its limit, and the one that took over must not repeat anything.
outage   the whole suite, the broker stopped for --outage seconds while an officer keeps writing through the API: every
         answer must be a success, the outbox must grow and afterwards drain to nothing, and every rename must be in
         the inbox and its enterprise's last name in the database of each service that keeps enterprises.

It ends with a status other than 0 when something was lost, repeated, out of order or refused. Read rates as ratios:
load, database and broker share one machine.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from chassis import clock
from chassis.bus import TopicSpec, open_bus
from chassis.db import Database
from chassis.worker import STALE_SECONDS, WorkerSilent, check_heartbeats
from contracts.events.registry import EnterpriseUpdated
from peiyu.databases import DatabaseServer
from peiyu.home import Home
from tests.conformance.rig import Noted, Service, noted_on
from tests.e2e.suite import Suite
from tests.e2e.suite import running as running_suite
from tests.support.kafka.broker import Broker, running
from tests.support.postgres import running_server

KEYS = 20_000
CHUNK = 1_000
SAMPLE_SECONDS = 5.0
LOOPS = ("relay", "consumer:reader")
CONSUMERS = ("eligibility", "finance", "notification")
"""Who keeps a copy of every enterprise."""
RENAMED = EnterpriseUpdated.type


@dataclass
class Role:
    """A relay or subscriber in a process of its own, with what it used over time."""

    name: str
    process: subprocess.Popen[bytes]
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    """(resident MiB, open files, threads)"""

    def sample(self) -> None:
        with suppress(OSError, IndexError, ValueError):
            folder = Path(f"/proc/{self.process.pid}")
            status = dict(
                line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line
            )
            memory = int(status["VmRSS"].split()[0]) // 1024
            self.samples.append((memory, len(list((folder / "fd").iterdir())), int(status["Threads"])))

    def said(self) -> str:
        if not self.samples:
            return f"{self.name}: no samples"
        settled = self.samples[len(self.samples) // 4 :]
        growth = [f"{settled[0][at]}→{settled[-1][at]} (most {max(each[at] for each in settled)})" for at in range(3)]
        return f"{self.name}: MiB {growth[0]}, files {growth[1]}, threads {growth[2]}"


class Soak:
    """A topic, a service's database, and the processes that work on them."""

    def __init__(self, service: Service, broker: Broker, folder: Path) -> None:
        self.service, self.broker, self.folder = service, broker, folder
        self.bus_url = f"kafka://{broker.bootstrap}"
        self.topic = f"soak.{uuid.uuid4().hex[:8]}"
        open_bus(self.bus_url).apply_topics([TopicSpec(self.topic, 8)])
        self.event: type[Noted] = noted_on(self.topic)
        self.failures: list[str] = []

    def start(self, role: str, name: str) -> Role:
        log = (self.folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "tests.conformance.process", role, self.bus_url, self.topic]
        command.append(self.service.libpq_url)
        process = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        return Role(name, process)

    def must(self, holds: bool, what: str) -> None:
        print(f"  {'yes' if holds else 'NO '}  {what}", flush=True)
        if not holds:
            self.failures.append(what)

    def arrived(self) -> int:
        return int(self.service.value("SELECT count(*) FROM effects"))

    def check_effects(self, expected: int) -> None:
        count, distinct, disorder = self.service.rows(
            """SELECT count(*), count(DISTINCT (subject, number)), count(*) FILTER (WHERE number <= before)
               FROM (SELECT subject, number, lag(number) OVER (PARTITION BY subject ORDER BY id) AS before
                     FROM effects) AS ordered"""
        )[0]
        self.must(distinct == expected, f"nothing lost: {distinct} of {expected}")
        self.must(count == distinct, f"nothing twice: {count} effects")
        self.must(disorder == 0, f"order per key: {disorder} out of order")
        letters = self.service.value("SELECT count(*) FROM dead_letters")
        self.must(letters == 0, f"no dead letters: {letters}")


def load(soak: Soak, messages: int) -> None:
    """A million messages through rebalances, a restart and a kill of the broker."""
    relay = soak.start("relay", "relay")
    steady = [soak.start("subscriber", f"subscriber-{n}") for n in (1, 2)]
    stop = threading.Event()
    joined = 0

    def come_and_go() -> None:
        nonlocal joined
        while not stop.wait(15):
            guest = soak.start("subscriber", "guest")
            joined += 1
            stop.wait(random.uniform(5, 12))
            guest.process.send_signal(signal.SIGKILL if joined % 2 else signal.SIGTERM)
            guest.process.wait(30)

    written = threading.Event()

    def write() -> None:
        for start in range(0, messages, CHUNK):
            with soak.service.db.transaction(timeout_seconds=0) as tx:
                for n in range(start, min(start + CHUNK, messages)):
                    tx.emit(soak.event(subject=f"key-{n % KEYS}", number=n // KEYS))
        written.set()

    began = time.monotonic()
    threads = [threading.Thread(target=work, daemon=True) for work in (come_and_go, write)]
    for thread in threads:
        thread.start()
    todo: list[tuple[float, str, Callable[[], None]]] = [
        (1 / 3, "broker restarted", soak.broker.restart),
        (2 / 3, "broker killed", lambda: (soak.broker.kill(), soak.broker.start())[0]),
    ]
    moved, last = time.monotonic(), -1
    while (there := soak.arrived()) < messages:
        if there != last:
            moved, last = time.monotonic(), there
        if todo and there >= todo[0][0] * messages:
            _, what, act = todo.pop(0)
            act()
            print(f"  {time.monotonic() - began:6.0f} s  {there:9,}  {what}", flush=True)
        for role in (relay, *steady):
            role.sample()
            if role.process.poll() is not None:
                soak.must(False, f"{role.name} ended by itself with {role.process.returncode}")
                return
        if time.monotonic() - moved > 180:
            soak.must(False, f"stuck at {there} of {messages} for three minutes; {soak.service.unsent()} unsent")
            break
        time.sleep(SAMPLE_SECONDS)
    seconds = time.monotonic() - began
    stop.set()
    for thread in threads:
        thread.join(60)
    print(f"  {messages:,} messages in {seconds:,.0f} s ({messages / seconds:,.0f}/s), {joined} guests came and went")
    soak.check_effects(messages)
    for role in (relay, *steady):
        print(f"  {role.said()}")
        role.process.terminate()
        role.process.wait(30)


def silence(soak: Soak) -> None:
    """A frozen broker does not make a loop look dead; a frozen loop does."""
    before = soak.arrived()
    relay, first = soak.start("relay", "relay"), soak.start("subscriber", "first")
    with soak.service.db.transaction() as tx:
        for n in range(500):
            tx.emit(soak.event(subject=f"silence-{n}", number=0))
    wait_for(lambda: soak.arrived() == before + 500, 60, "the messages before the silence")
    soak.broker.freeze()
    with soak.service.db.transaction() as tx:
        for n in range(500):
            tx.emit(soak.event(subject=f"silence-{n}", number=1))
    ages: list[float] = []
    deadline = time.monotonic() + STALE_SECONDS + 30
    alive = True
    while time.monotonic() < deadline:
        try:
            ages.append(max(check_heartbeats(soak.service.db, LOOPS)["loops"].values()))
        except WorkerSilent:
            alive = False
        time.sleep(1)
    soak.broker.thaw()
    soak.must(alive, f"loops beat while the broker is frozen for {STALE_SECONDS + 30} s; oldest beat {max(ages):.0f} s")
    wait_for(lambda: soak.arrived() == before + 1000, 120, "the messages of the silence")
    os.kill(first.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    seen: float | None = None
    while time.monotonic() - began < STALE_SECONDS + 30 and seen is None:
        try:
            check_heartbeats(soak.service.db, LOOPS)
        except WorkerSilent:
            seen = time.monotonic() - began
        time.sleep(1)
    soak.must(seen is not None, f"readiness names the frozen subscriber after {seen or 0:.0f} s")
    second = soak.start("subscriber", "second")
    with soak.service.db.transaction() as tx:
        for n in range(500):
            tx.emit(soak.event(subject=f"silence-{n}", number=2))
    wait_for(lambda: soak.arrived() == before + 1500, 120, "the messages taken over from the frozen subscriber")
    os.kill(first.process.pid, signal.SIGCONT)
    time.sleep(20)
    soak.check_effects(before + 1500)
    for role in (relay, first, second):
        role.process.terminate()
        role.process.wait(30)


def outage(soak: Soak, seconds: float) -> None:
    """The suite answers and keeps what it has to say while the broker is away, and says it afterwards."""
    with running_suite(PEIYU_BUS_URL=soak.bus_url) as suite, suite.client("officer") as officer:
        listed = officer.get("/api/registry/v1/enterprises", params={"limit": 60}).json()["items"]
        names = {each["uscc"]: each["name"] for each in listed}
        before = renames(suite)
        calm = write_names(officer, names, 60, "甲")
        soak.broker.stop()
        away = write_names(officer, names, seconds, "乙")
        held = unsent(suite)
        soak.broker.start()
        began = time.monotonic()
        waited = by_then(lambda: unsent(suite) == 0, 600)
        drained, left = time.monotonic() - began, unsent(suite)
        for what, answers in (("with the broker", calm), ("without it", away)):
            waits = sorted(answers)
            print(
                f"  {what}: {len(waits)} writes, p50 {statistics.median(waits):.0f} ms, "
                f"p95 {waits[int(len(waits) * 0.95)]:.0f} ms, p99 {waits[int(len(waits) * 0.99)]:.0f} ms"
            )
        soak.must(held >= len(away), f"the outbox grew to {held} for {len(away)} writes")
        soak.must(waited and left == 0, f"and drained in {drained:.1f} s: {left} unsent")
        written = len(calm) + len(away)
        sent = renames(suite) - before
        soak.must(len(sent) == written, f"an event for each of {written} writes: {len(sent)}")
        with suite.client("platform") as reader:
            last = {code: reader.get(f"/api/registry/v1/enterprises/{code}").json()["name"] for code in names}
        for part in CONSUMERS:
            by_then(lambda part=part: not sent - acted_upon(suite, part), 180)
            missing = len(sent - acted_upon(suite, part))
            soak.must(missing == 0, f"{part} has acted upon every rename: {missing} missing")
            known = dict(rows(suite, part, "SELECT uscc, name FROM enterprises"))
            other = sum(known.get(code) != name for code, name in last.items())
            soak.must(other == 0, f"{part} knows {len(last)} enterprises by their last name: {other} by another")
            ((letters,),) = rows(suite, part, "SELECT count(*) FROM dead_letters")
            soak.must(letters == 0, f"{part} has put nothing aside: {letters}")


def write_names(officer, names: dict[str, str], seconds: float, mark: str) -> list[float]:
    """Rename enterprise after enterprise, ten a second; milliseconds of each answer. Anything but success raises."""
    waits: list[float] = []
    codes = list(names)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        code = codes[len(waits) % len(codes)]
        asked = time.perf_counter()
        answer = officer.patch(
            f"/api/registry/v1/enterprises/{code}", json={"name": f"{names[code]}{mark}{len(waits)}"}
        )
        if not answer.is_success:
            raise AssertionError(f"{answer.status_code} {answer.text[:500]}")
        waits.append((time.perf_counter() - asked) * 1000)
        time.sleep(max(0.0, began + len(waits) / 10 - time.monotonic()))
    return waits


def unsent(suite: Suite) -> int:
    import httpx

    text = httpx.get(f"{suite.url}/metrics", timeout=30).text
    return int(
        sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "peiyu_outbox_unsent"
        )
    )


def rows(suite: Suite, part: str, query: str) -> list[tuple[Any, ...]]:
    """What a part's own database answers."""
    server = DatabaseServer(Home(suite.home).server.read_text().strip())
    with psycopg.connect(server.libpq_url(part)) as connection:
        return connection.execute(query.encode()).fetchall()


def renames(suite: Suite) -> set[uuid.UUID]:
    """The events that the registry has announced for renamed enterprises."""
    return {each for (each,) in rows(suite, "registry", f"SELECT event_id FROM outbox WHERE type = '{RENAMED}'")}


def acted_upon(suite: Suite, part: str) -> set[uuid.UUID]:
    return {each for (each,) in rows(suite, part, f"SELECT event_id FROM inbox WHERE consumer = '{part}'")}


def by_then(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to hold within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> None:
    if not by_then(holds, seconds):
        raise AssertionError(f"{what}: not within {seconds:.0f} s")


@contextmanager
def prepared(folder: Path) -> Iterator[Soak]:
    with ExitStack() as held:
        server = held.enter_context(running_server())
        server.create("soak")
        held.callback(server.drop, "soak")
        db = Database(server.url_for("soak"), name="soak", pool_size=5)
        held.callback(db.close)
        yield Soak(Service.on(db), held.enter_context(running()), folder)


def main() -> None:
    import tempfile

    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--messages", type=int, default=1_000_000)
    asked.add_argument("--outage", type=float, default=600)
    asked.add_argument("--stages", default="load,silence,outage")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="peiyu-soak-") as folder, prepared(Path(folder)) as soak:
        for stage in options.stages.split(","):
            print(f"{clock.now():%F %T} {stage}", flush=True)
            {
                "load": lambda: load(soak, options.messages),
                "silence": lambda: silence(soak),
                "outage": lambda: outage(soak, options.outage),
            }[stage]()
        if soak.failures:
            for log in Path(folder).glob("*.log"):
                print(f"== {log.name}\n{log.read_text('utf-8', 'replace')[-3000:]}")
            sys.exit(f"{len(soak.failures)} failed: {'; '.join(soak.failures)}")


if __name__ == "__main__":
    main()
