"""How a process of the suite runs: one that answers HTTP, one that turns the workers' loops."""

import signal
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import anyio.to_thread
import uvicorn

from chassis import logging
from chassis.worker import Worker

GRACE_SECONDS = 5
"""How long an answer under way (a long poll, a download) may delay the end of the process."""

ASGIApp = Callable[..., Any]


def serve_http(app: ASGIApp, *, host: str, port: int, threads: int, listener: int | None = None) -> None:
    """Answer HTTP until SIGTERM or SIGINT. `listener`: a socket that somebody else has bound and holds open.

    `threads` bounds the `def` routes that run at once; it goes with the size of the database pools.
    """
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, limit_concurrency=None, lifespan="on",
    )  # fmt: skip
    server = _Server(config, threads)
    server.run([socket.socket(fileno=listener)] if listener is not None else None)


class _Server(uvicorn.Server):
    """uvicorn with our thread limit, which can only be set inside its event loop."""

    def __init__(self, config: uvicorn.Config, threads: int) -> None:
        super().__init__(config)
        self._threads = threads

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = self._threads
        await super().serve(sockets)


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
    late = [name for worker in workers for name in worker.join(GRACE_SECONDS * 2)]
    if late:
        log.warning("loops did not end in time", loops=late)
    return 1 if ended else 0
