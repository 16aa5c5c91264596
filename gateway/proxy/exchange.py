"""One request on its way through: counted, timed, watched for its client's leaving, and ended early when it must be."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

from anyio import CancelScope
from starlette.types import Message, Receive, Send

from gateway.proxy.headers import RawHeaders, towards_client

_WATCH_AFTER_SECONDS = 0.05
"""Most requests are over before; those spare themselves the task that watches for the client's leaving."""

_GONE: Message = {"type": "http.disconnect"}


class Ended(Enum):
    """Why an exchange was ended before its answer was complete."""

    CLIENT_GONE = "client-gone"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"


class Exchange:
    """What an upstream reads the request from and writes the answer to. Everything passes as it comes.

    The upstream runs inside `scope`, which is cancelled when the exchange is ended early: everything that waits is
    interrupted, work in a thread goes on to its end, for which the client does not wait.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        max_body: int,
        answer_seconds: float,
        total_seconds: float,
        has_body: bool = False,
    ) -> None:
        self._receive = receive
        self._send = send
        self._max_body = max_body
        self._answer_seconds = answer_seconds
        self._total_seconds = total_seconds
        self.has_body = has_body
        self.scope = CancelScope()
        self.ended: Ended | None = None
        self.on_end: Callable[[], object] | None = None
        """Called when the exchange is ended early."""
        self.lingering: asyncio.Task[None] | None = None
        """What still works in a thread for an exchange that is over, and counts as work until it ends."""
        self.status: int | None = None
        self.complete = False
        self.received = 0
        self.sent = 0
        self.answer_headers: RawHeaders = []
        """Added to the answer's headers, whoever gives it."""
        self._kept: deque[Message] = deque()
        self._body_complete = False
        self._left = False
        """The client has gone; before the answer was complete, that ended the exchange, after it, it is the rule."""
        self._pulling = asyncio.Lock()
        self._timers: list[asyncio.TimerHandle] = []
        self._watcher: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        return self.status is not None

    def begin(self) -> None:
        """Start the clocks."""
        loop = asyncio.get_running_loop()
        self._timers = [
            loop.call_later(self._answer_seconds, self._answer_is_late),
            loop.call_later(self._total_seconds, self.end, Ended.TOO_SLOW),
            loop.call_later(_WATCH_AFTER_SECONDS, self._start_watching),
        ]

    def finish(self) -> None:
        """Stop the clocks and the watch."""
        for timer in self._timers:
            timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def end(self, reason: Ended) -> None:
        """End the exchange early, unless it is over already."""
        if self.ended is None and not self.complete:
            self.ended = reason
            self.scope.cancel()
            if self.on_end is not None:
                self.on_end()

    async def receive(self) -> Message:
        """The next part of the request's body, for the upstream; ASGI's disconnect once the exchange was ended."""
        while not self._kept:
            if self.ended is not None or self._left:
                return _GONE
            async with self._pulling:
                if not self._kept and self.ended is None and not self._left:
                    await self._pull()
        return self._kept.popleft()

    async def send(self, message: Message) -> None:
        """A part of the answer, from the upstream; dropped once the exchange was ended."""
        if self.ended is not None:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = towards_client(message.get("headers", ()), self.answer_headers)
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.complete = True
        await self._send(message)

    async def _pull(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left = True
            self.end(Ended.CLIENT_GONE)
            return
        self.received += len(message.get("body", b""))
        if self.received > self._max_body:
            self.end(Ended.TOO_LARGE)
            return
        self._body_complete = not message.get("more_body", False)
        self._kept.append(message)

    def _answer_is_late(self) -> None:
        if not self.started:
            self.end(Ended.TOO_SLOW)

    def _start_watching(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Notice the client's leaving even while the upstream reads nothing."""
        while self.ended is None and not self._left:
            if self._kept and not self._body_complete:  # the upstream has yet to take what is here: do not hoard
                await asyncio.sleep(_WATCH_AFTER_SECONDS)
                continue
            async with self._pulling:
                await self._pull()
