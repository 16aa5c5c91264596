"""A service's worker process: its loops in threads, each saying that it is alive; readiness asks for them."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from chassis import audit, clock, context, idempotency, logging, telemetry
from chassis.db import JOBS_CHANNEL, Database, Transaction
from chassis.errors import Unavailable
from chassis.jobs import JobKind, JobRunner
from chassis.plumbing import HeartbeatRow
from chassis.schedule import Every, Schedule, Scheduler
from chassis.wake import Waker

STALE_SECONDS = 60
JOB_STALE_SECONDS = 3600
"""The jobs loop does not beat while a job is at work, and a large import may take long.

A dead worker does not hide behind this hour: its other loops fall silent after STALE_SECONDS, and a jobs loop whose
thread ends alone is seen by `dead` within a second, which ends the process. What may take the hour to be seen is a job
that hangs in a living process.
"""


class WorkerSilent(Unavailable):
    """A loop that this service needs has not said anything for too long."""

    code = "worker-silent"


class Loop(Protocol):
    """One thread of a worker."""

    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""


def beat(db: Database, name: str, details: Mapping[str, Any] | None = None) -> None:
    """Say that the loop `name` is alive."""
    row = {"beat_at": clock.now(), "details": dict(details or {})}
    with db.transaction() as tx:
        statement = insert(HeartbeatRow).values(name=name, **row)
        tx.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))


@dataclass
class Turning:
    """A loop that does `work` until there is none, then waits for a NOTIFY or for `seconds`."""

    name: str
    db: Database
    work: Callable[[], int | bool]
    seconds: float = 1.0
    channels: Sequence[str] = ()
    leaving: Callable[[], None] | None = None
    """Called from another thread when an orderly end begins, perhaps in the middle of `work`."""
    _beaten: float = field(default=0.0, init=False)

    def run(self, stop: threading.Event) -> None:
        waker = Waker(self.db, *self.channels) if self.channels else None
        log = logging.get("worker")
        failures = 0
        try:
            while not stop.is_set():
                try:
                    self._beat()
                    busy = bool(self.work())
                    failures = 0
                except Exception as error:
                    failures += 1
                    log.error("loop failed", loop=self.name, failures=failures, exc_info=error)
                    stop.wait(min(2.0 ** min(failures, 6) / 4, 15.0))
                    continue
                if busy:
                    continue
                if waker is not None:
                    waker.wait(stop, self.seconds)
                else:
                    stop.wait(self.seconds)
        finally:
            if waker is not None:
                waker.close()

    def _beat(self) -> None:
        if time.monotonic() - self._beaten >= 5:
            beat(self.db, self.name)
            self._beaten = time.monotonic()


class Pulse(threading.Event):
    """A loop's own view of the event that stops it: whenever the loop asks, it has shown that it turns.

    Unlike a heartbeat in the database it belongs to this process, and says nothing about others that do the same.
    """

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop
        self._seen = time.monotonic()

    def is_set(self) -> bool:
        self._seen = time.monotonic()
        return self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self._seen = time.monotonic()
        stopped = self._stop.wait(timeout)
        self._seen = time.monotonic()
        return stopped

    def silent_for(self) -> float:
        """Seconds since the loop last asked."""
        return time.monotonic() - self._seen


class Worker:
    """The loops of one service. `expected` names those that readiness asks for."""

    def __init__(self, service: str, db: Database, loops: Iterable[Loop]) -> None:
        self.service = service
        self.db = db
        self.loops = list(loops)
        self._threads: list[threading.Thread] = []
        self._pulses: dict[str, Pulse] = {}

    def start(self, stop: threading.Event) -> None:
        for loop in self.loops:
            pulse = self._pulses[loop.name] = Pulse(stop)
            telemetry.LOOP_SILENT.labels(self.service, loop.name).set_function(pulse.silent_for)
            thread = threading.Thread(
                target=self._run, args=(loop, pulse), name=f"{self.service}:{loop.name}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def _run(self, loop: Loop, stop: threading.Event) -> None:
        with context.serving(self.service):
            loop.run(stop)

    def leave(self) -> None:
        """An orderly end begins: let the loops that are at something long say so. Call it once `stop` is set."""
        for loop in self.loops:
            if isinstance(loop, Turning) and loop.leaving is not None:
                loop.leaving()

    def join(self, seconds: float = 20.0) -> list[str]:
        """Wait for the loops to end; the names of those that did not in time."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def dead(self) -> list[str]:
        """Loops whose thread has ended although nobody asked it to."""
        return [thread.name for thread in self._threads if not thread.is_alive()]

    def silent(self) -> list[str]:
        """Loops of this process that have not turned for longer than readiness allows them."""
        return [
            f"{self.service}:{name}"
            for name, pulse in self._pulses.items()
            if pulse.silent_for() > longest_silence(name)
        ]


def longest_silence(loop: str) -> int:
    """Seconds that a loop may say nothing: a job may take long, everything else comes round within seconds."""
    return JOB_STALE_SECONDS if loop == "jobs" else STALE_SECONDS


def standard_loops(
    db: Database,
    *,
    jobs: Mapping[str, JobKind] | None = None,
    schedules: Sequence[Schedule] = (),
    retention: dt.timedelta = idempotency.RETENTION,
) -> list[Loop]:
    """Jobs, schedules, the sealing of the audit log, and the forgetting of idempotency keys after `retention`."""
    runner = JobRunner(db, jobs or {})
    kept = max(retention, idempotency.RETENTION)

    def forget_keys(tx: Transaction) -> None:
        idempotency.purge(tx, clock.now() - kept)

    scheduler = Scheduler(db, [*schedules, Schedule("forget-idempotency-keys", Every(3600), forget_keys)])
    prepared = threading.Event()

    def run_schedules() -> bool:
        if not prepared.is_set():
            scheduler.prepare()
            prepared.set()
        return scheduler.run_due() > 0

    def seal() -> int:
        with db.transaction() as tx:
            return audit.seal(tx)

    loops: list[Loop] = [
        Turning("schedules", db, run_schedules, seconds=1.0),
        Turning("audit-seal", db, seal, seconds=2.0),
    ]
    if jobs:
        loops.append(Turning("jobs", db, runner.run_once, seconds=5.0, channels=(JOBS_CHANNEL,), leaving=runner.leave))
    return loops


def check_heartbeats(db: Database, names: Sequence[str]) -> dict[str, Any]:
    """Readiness: raise WorkerSilent unless every loop in `names` has beaten lately."""
    with db.reading() as tx:
        beats = {row.name: row.beat_at for row in tx.session.scalars(select(HeartbeatRow))}
    moment = clock.now()
    ages: dict[str, Any] = {}
    silent: list[str] = []
    for name in names:
        age = (moment - beats[name]).total_seconds() if name in beats else None
        ages[name] = None if age is None else round(age, 1)
        if age is None or age > longest_silence(name):
            silent.append(name)
    if silent:
        raise WorkerSilent(f"后台任务没有响应：{'、'.join(silent)}；请检查 peiyu work 进程")
    return {"loops": ages}
