"""Waits for NOTIFY on a connection of its own; a lost connection only costs latency, never work."""

from __future__ import annotations

import threading
import time

import psycopg

from chassis import connections, logging
from chassis.connections import Connection
from chassis.db import Database, libpq_url


class Waker:
    """Belongs to one thread: `wait` returns early when somebody notified one of the channels."""

    def __init__(self, db: Database, *channels: str) -> None:
        self._url = libpq_url(db.url)
        self._channels = channels
        self._connection: Connection | None = None

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Sleep until notified, until `seconds` have passed, or until `stop` is set (noticed within 0.5 s)."""
        deadline = time.monotonic() + seconds
        while not stop.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            connection = self._connected()
            if connection is None:
                stop.wait(min(left, 1.0))
                return
            try:
                if any(True for _ in connection.notifies(timeout=min(left, 0.5), stop_after=1)):
                    return
            except psycopg.Error:
                self.close()

    def _connected(self) -> Connection | None:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        try:
            self._connection = connections.connect(self._url, "peiyu wake", statement_seconds=5)
            for channel in self._channels:
                self._connection.execute(f'LISTEN "{channel}"'.encode())
        except psycopg.Error as error:
            logging.get(__name__).warning("cannot listen", reason=str(error))
            self._connection = None
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
