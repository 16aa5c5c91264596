"""The process that turns the workers' loops: relays, consumers, jobs and schedules of one part or of all."""

import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from chassis import collector, logging, tracing
from chassis.bus import open_bus
from chassis.settings import ServiceSettings
from chassis.worker import Worker
from peiyu import databases, local, parts, suite, targets, worker_port

STOP_SECONDS = 10.0
"""How long the loops may take to end what they are at."""


def work_one(part: str, pulse: Path | None = None) -> int:
    """One service's loops in production."""
    chosen = suite.production_settings(part)
    databases.let_in(part, chosen.database_url.get_secret_value(), targets.access())
    return _turn([(part, chosen)], chosen.bus_url.get_secret_value(), pulse)


def work_all() -> int:
    """The loops of all parts, in the local run's worker process."""
    suite.load("worker")
    home, server = targets.awaited_server()
    chosen = [(part, local.settings(part, home, server, worker=True)) for part in parts.PARTS]
    suite.observe(chosen[0][1], "worker")
    return _turn(chosen, local.bus_url(server))


def _turn(chosen: list[tuple[str, ServiceSettings]], bus_url: str, pulse: Path | None = None) -> int:
    with ExitStack() as held:
        held.callback(tracing.close)
        bus = open_bus(bus_url)
        held.callback(bus.close)
        workers: list[Worker] = []
        for part, settings in chosen:
            db = suite.database(part, settings, "worker")
            held.callback(db.close)
            workers.append(suite.worker(part, settings, db, bus))
        own = chosen[0][1]
        if own.metrics_port:
            held.enter_context(worker_port.opened(own.metrics_host, own.metrics_port, workers))
        collector.settle()
        return turn(workers, pulse)


def turn(workers: Sequence[Worker], pulse: Path | None = None) -> int:
    """Turn the loops of `workers` until SIGTERM or SIGINT; 1 when a loop ended by itself, so that we are restarted.

    `pulse`: a file that is touched every second as long as every loop of this process turns.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log = logging.get("worker")
    for worker in workers:
        worker.start(stop)
    log.info("worker started", services=[worker.service for worker in workers])
    ended: list[str] = []
    silent: list[str] = []
    while not stop.wait(1.0):
        before, silent = silent, [name for worker in workers for name in worker.silent()]
        if silent and silent != before:
            log.warning("loops do not turn", loops=silent)
        if pulse is not None and not silent:
            with suppress(OSError):  # a full disk shows as a pulse that has stopped, not as a worker that ends
                pulse.touch()
        ended = [name for worker in workers for name in worker.dead()]
        if ended:
            log.error("loops ended by themselves", loops=ended)
            stop.set()
    # All of them before the first is waited for: whoever stops us may lose patience and kill.
    for worker in workers:
        worker.leave()
    late = [name for worker in workers for name in worker.join(STOP_SECONDS)]
    if late:
        log.warning("loops did not end in time", loops=late)
    return 1 if ended else 0
