"""Long polling: a request waits for a feed to move on and holds no thread, transaction or connection meanwhile.

One thread per process and feed listens while somebody waits; it reads the position when it was notified and once a
second, so that a lost notification costs a second, never a change.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from chassis import logging
from chassis.db import Database, Transaction
from chassis.wake import Waker

MAX_WAIT_SECONDS = 30
_LOOK_SECONDS = 1.0
_IDLE_LOOKS = 2


@dataclass(eq=False, slots=True)
class _Waiter:
    after: int
    loop: asyncio.AbstractEventLoop
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self.moved.set)
        except RuntimeError:  # its event loop has ended, and the request with it
            logging.get(__name__).debug("waiter is gone")


class LongPoll:
    """Belongs to one application. `position` reads the last number of the feed that `channel` announces."""

    def __init__(self, db: Database, channel: str, position: Callable[[Transaction], int]) -> None:
        self._db = db
        self._channel = channel
        self._position = position
        self._gate = threading.Lock()
        self._waiting: set[_Waiter] = set()
        self._thread: threading.Thread | None = None

    async def beyond(self, after: int, seconds: float) -> bool:
        """Wait until the feed has a number greater than `after`; false when `seconds` passed without one."""
        waiter = _Waiter(after, asyncio.get_running_loop())
        with self._gate:
            self._waiting.add(waiter)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name=f"longpoll:{self._channel}", daemon=True)
                self._thread.start()
        try:
            await asyncio.wait_for(waiter.moved.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            with self._gate:
                self._waiting.discard(waiter)
        return True

    def _watch(self) -> None:
        waker = Waker(self._db, self._channel)
        never = threading.Event()
        idle = 0
        try:
            while True:
                with self._gate:
                    idle = 0 if self._waiting else idle + 1
                    if idle > _IDLE_LOOKS:
                        self._thread = None
                        return
                if not idle:
                    self._look()
                waker.wait(never, _LOOK_SECONDS)
        finally:
            waker.close()

    def _look(self) -> None:
        try:
            with self._db.reading() as tx:
                reached = self._position(tx)
        except Exception as error:  # the thread must outlive any of them: later waiters rely on it
            logging.get(__name__).warning("cannot read the feed's position", channel=self._channel, exc_info=error)
            return
        with self._gate:
            ready = [waiter for waiter in self._waiting if waiter.after < reached]
        for waiter in ready:
            waiter.wake()
