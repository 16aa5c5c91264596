"""The process that turns the workers' loops: relays, consumers, jobs and schedules of one part or of all."""

import signal
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from chassis import logging, tracing
from chassis.bus import open_bus
from chassis.settings import ServiceSettings
from chassis.worker import Worker
from peiyu import local, parts, suite, targets, worker_port

STOP_SECONDS = 10.0
"""How long the loops may take to end what they are at."""


def work_one(part: str) -> int:
    """One service's loops in production."""
    chosen = suite.production_settings(part)
    return _turn([(part, chosen)], chosen.bus_url.get_secret_value())


def work_all() -> int:
    """The loops of all parts, in the local run's worker process."""
    suite.load("worker")
    home, server = targets.awaited_server()
    chosen = [(part, local.settings(part, home, server, worker=True)) for part in parts.PARTS]
    suite.observe(chosen[0][1], "worker")
    return _turn(chosen, local.bus_url(server))


def _turn(chosen: list[tuple[str, ServiceSettings]], bus_url: str) -> int:
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
        return turn(workers)


def turn(workers: Sequence[Worker]) -> int:
    """Turn the loops of `workers` until SIGTERM or SIGINT; 1 when a loop ended by itself, so that we are restarted."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log = logging.get("worker")
    for worker in workers:
        worker.start(stop)
    log.info("worker started", services=[worker.service for worker in workers])
    ended: list[str] = []
    while not stop.wait(1.0):
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
