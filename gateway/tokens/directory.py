"""The clients in memory: a copy that is never more than a second behind the database while it answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chassis import logging
from chassis.db import Database
from chassis.wake import Waker
from gateway.domain.clients import Client
from gateway.domain.errors import DirectoryStale
from gateway.store import queries
from gateway.store.repositories import CLIENTS_CHANNEL

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    revision: int = -1
    clients: Mapping[str, Client] = field(default_factory=dict)
    seen_at: float = float("-inf")
    """monotonic seconds"""


class Directory:
    """Answers from memory. A thread reads the revision when it was notified and once a second."""

    def __init__(self, db: Database, *, grace_seconds: float, turning: Callable[[], None] = lambda: None) -> None:
        """`turning` is called in the thread once per look, for work that also belongs off the event loop."""
        self._db = db
        self._grace = grace_seconds
        self._turning = turning
        self._snapshot = _Snapshot()
        self._gate = threading.Lock()
        self._asking = asyncio.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def find(self, client_id: str) -> Client | None:
        """The client as last seen. The same object until something about it changes."""
        snapshot = self._snapshot
        if time.monotonic() - snapshot.seen_at > self._grace:
            raise DirectoryStale("暂时无法核实客户端状态，请稍后重试")
        return snapshot.clients.get(client_id)

    async def look(self) -> None:
        """See what has been committed until now; raise DirectoryStale when the database does not answer."""
        async with self._asking:
            if not await asyncio.to_thread(self._refreshed):
                raise DirectoryStale("暂时无法核实客户端状态，请稍后重试")

    def refresh(self) -> None:
        """Read the revision, and the clients when it has moved."""
        with self._gate, self._db.reading() as tx:
            now = time.monotonic()
            revision = queries.directory_revision(tx)
            before = self._snapshot
            if revision == before.revision:
                self._snapshot = _Snapshot(revision, before.clients, now)
                return
            clients = {}
            for client in queries.directory(tx):
                known = before.clients.get(client.client_id)
                clients[client.client_id] = known if known == client else client
            self._snapshot = _Snapshot(revision, clients, now)

    def open(self) -> None:
        """Read the clients and keep reading them; raises when the database does not answer."""
        self.refresh()
        self._stop.clear()
        self._thread = threading.Thread(target=self._follow, name="gateway:directory", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
            self._thread = None

    def _follow(self) -> None:
        waker = Waker(self._db, CLIENTS_CHANNEL)
        try:
            while not self._stop.is_set():
                waker.wait(self._stop, LOOK_SECONDS)
                self._refreshed()
                try:
                    self._turning()
                except Exception as error:  # the thread must go on: revocations depend on it
                    logging.get(__name__).warning("cannot do the directory's side work", exc_info=error)
        finally:
            waker.close()

    def _refreshed(self) -> bool:
        try:
            self.refresh()
        except Exception as error:
            logging.get(__name__).warning("cannot read the clients", reason=str(error))
            return False
        return True
