"""Puts together what one process runs: a service or all of them, as HTTP application or as worker."""

from contextlib import ExitStack
from typing import cast

from chassis import logging
from chassis.bus import open_bus
from chassis.settings import ServiceSettings
from chassis.worker import Worker
from gateway import app as gateway
from gateway.embedded import mount
from gateway.settings import Settings as GatewaySettings
from peiyu import local, parts, processes, suite, targets
from peiyu.capacity import HTTP_THREADS


def serve_all(*, host: str, port: int, listener: int | None) -> None:
    """The gateway with all services in its own process, as the local run has them."""
    home, server = targets.required_server()
    with ExitStack() as held:
        built = {}
        for part in parts.PARTS:
            chosen = local.settings(part, home, server, worker=False)
            db = suite.database(part, chosen, "http")
            held.callback(db.close)
            built[part] = (chosen, db)
        own, db = built.pop(parts.GATEWAY)
        logging.configure(own.log_level, own.log_format, service="http")
        services = {part: suite.application(part, *each) for part, each in built.items()}
        app = gateway.create_app(cast(GatewaySettings, own), db, mount(services))
        processes.serve_http(app, host=host, port=port, threads=HTTP_THREADS, listener=listener)


def serve_one(part: str, *, host: str, port: int) -> None:
    """One part in production: settings from the environment, its own database."""
    chosen = _settings(part)
    with ExitStack() as held:
        db = suite.database(part, chosen, "http")
        held.callback(db.close)
        app: processes.ASGIApp
        if isinstance(chosen, GatewaySettings):
            from gateway.proxy.over_http import connect  # aiohttp: the local run does without it

            upstreams = connect(chosen.upstreams, connect_seconds=chosen.connect_seconds)
            app = gateway.create_app(chosen, db, upstreams)
        else:
            app = suite.application(part, chosen, db)
        processes.serve_http(app, host=host, port=port, threads=chosen.pool_size)


def work_one(part: str) -> int:
    """One service's loops in production."""
    chosen = _settings(part)
    return _turn([(part, chosen)], chosen.bus_url.get_secret_value())


def work_all() -> int:
    """The loops of all parts, in the local run's worker process."""
    home, server = targets.required_server()
    chosen = [(part, local.settings(part, home, server, worker=True)) for part in parts.PARTS]
    logging.configure(chosen[0][1].log_level, chosen[0][1].log_format, service="worker")
    return _turn(chosen, local.bus_url(server))


def _turn(chosen: list[tuple[str, ServiceSettings]], bus_url: str) -> int:
    with ExitStack() as held:
        bus = open_bus(bus_url)
        held.callback(bus.close)
        workers: list[Worker] = []
        for part, settings in chosen:
            db = suite.database(part, settings, "worker")
            held.callback(db.close)
            workers.append(suite.worker(part, settings, db, bus))
        return processes.turn(workers)


def _settings(part: str) -> ServiceSettings:
    chosen = suite.settings(part)
    logging.configure(chosen.log_level, chosen.log_format, service=part)
    return chosen
