"""A worker's small HTTP port: its metrics for Prometheus, its life and readiness for whoever restarts it."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import logging
from chassis.health import Readiness
from chassis.worker import Worker, check_heartbeats
from peiyu.refusals import CannotRun

SOCKET_SECONDS = 10.0
"""How long a caller may take over its request."""


@contextmanager
def opened(host: str, port: int, workers: Sequence[Worker]) -> Iterator[int]:
    """Answer on this port as long as the context lasts; the port, should 0 have been asked for."""
    # Of several replicas one that leads beats for all.
    readiness = Readiness({each.service: partial(_heartbeats, each) for each in workers})
    try:
        server = _Server((host, port), partial(_Answer, workers, readiness))
    except OSError as error:
        raise CannotRun(
            f"无法监听 PEIYU_METRICS_PORT={port}（{host}）：{error.strerror}。请换一个端口，或设为 0 不监听。",
            f"Cannot listen on {host}:{port} (PEIYU_METRICS_PORT). Choose another port, or 0 for none.",
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SOCKET_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Answer(BaseHTTPRequestHandler):
    timeout = SOCKET_SECONDS

    def __init__(self, workers: Sequence[Worker], readiness: Readiness, *given: Any) -> None:
        self._workers = workers
        self._readiness = readiness
        super().__init__(*given)

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._send(200, CONTENT_TYPE_LATEST, generate_latest())
        elif self.path == "/health/live":
            dead = [name for worker in self._workers for name in worker.dead()]
            self._document(503 if dead else 200, {"status": "failed" if dead else "live", "ended": dead})
        elif self.path == "/health/ready":
            report, ready = self._readiness.report_waiting()
            self._document(200 if ready else 503, {"status": "ready" if ready else "not_ready", "checks": report})
        else:
            self._document(404, {"status": "not_found", "paths": ["/metrics", "/health/live", "/health/ready"]})

    def _document(self, status: int, body: object) -> None:
        self._send(status, "application/json", json.dumps(body, ensure_ascii=False).encode())

    def _send(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
        logging.get("worker").debug("asked", line=format % args)


def _heartbeats(worker: Worker) -> dict[str, Any]:
    return check_heartbeats(worker.db, [loop.name for loop in worker.loops])
