"""The process that answers HTTP: one service, the gateway, or the gateway with all services inside."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

import anyio.to_thread
import uvicorn
from prometheus_client import start_http_server

from chassis import collector, tracing
from gateway import app as gateway
from gateway.embedded import mount
from gateway.settings import Settings as GatewaySettings
from peiyu import databases, local, parts, suite, targets
from peiyu.capacity import HTTP_THREADS

GRACE_SECONDS = 5
"""How long an answer under way (a long poll, a download) may delay the end of the process."""

ASGIApp = Callable[..., Any]


def serve_all(*, host: str, port: int, listener: int | None) -> None:
    """The gateway with all services in its own process, as the local run has them."""
    suite.load("app")
    home, server = targets.awaited_server()
    with ExitStack() as held:
        built = {}
        for part in parts.PARTS:
            chosen = local.settings(part, home, server, worker=False)
            db = suite.database(part, chosen, "http")
            held.callback(db.close)
            built[part] = (chosen, db)
        own, db = built.pop(parts.GATEWAY)
        suite.observe(own, parts.GATEWAY)
        held.callback(tracing.close)
        services = {part: suite.application(part, *each) for part, each in built.items()}
        app = gateway.create_app(cast(GatewaySettings, own), db, mount(services))
        serve_http(app, host=host, port=port, threads=HTTP_THREADS, listener=listener)


def serve_one(part: str, *, host: str, port: int) -> None:
    """One part in production: settings from the environment, its own database."""
    chosen = suite.production_settings(part)
    databases.let_in(part, chosen.database_url.get_secret_value(), targets.access())
    with ExitStack() as held:
        held.callback(tracing.close)
        db = suite.database(part, chosen, "http")
        held.callback(db.close)
        app: ASGIApp
        if isinstance(chosen, GatewaySettings):
            from gateway.proxy.over_http import connect  # aiohttp: the local run does without it

            upstreams = connect(chosen.upstreams, connect_seconds=chosen.connect_seconds)
            app = gateway.create_app(chosen, db, upstreams)
            if chosen.metrics_port:
                scraped, _thread = start_http_server(chosen.metrics_port, chosen.metrics_host)
                held.callback(scraped.shutdown)
        else:
            app = suite.application(part, chosen, db)
        serve_http(app, host=host, port=port, threads=chosen.pool_size)


def serve_http(app: ASGIApp, *, host: str, port: int, threads: int, listener: int | None = None) -> None:
    """Answer HTTP until SIGTERM or SIGINT. `listener`: a socket that somebody else has bound and holds open.

    `threads` bounds the `def` routes that run at once; it goes with the size of the database pools.
    """
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, limit_concurrency=None, lifespan="on",
        proxy_headers=False,  # whom to believe is the gateway's setting, not uvicorn's
    )  # fmt: skip
    server = _Server(config, threads)
    collector.settle()
    server.run([socket.socket(fileno=listener)] if listener is not None else None)


class _Server(uvicorn.Server):
    """uvicorn with our thread limit, which can only be set inside its event loop."""

    def __init__(self, config: uvicorn.Config, threads: int) -> None:
        super().__init__(config)
        self._threads = threads

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = self._threads
        await super().serve(sockets)
