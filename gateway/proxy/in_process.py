"""A service in this process: called as raw ASGI in a context of its own, streaming both ways."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

from starlette.types import ASGIApp, Message, Scope

from chassis import logging
from chassis.http import LOGGED_ELSEWHERE
from gateway.domain.errors import UpstreamFailed
from gateway.proxy.exchange import Exchange

_START_SECONDS = 30
_END_SECONDS = 0.5
"""What an interrupted service is given to wind up before it is left to itself."""


class InProcess:
    """Context variables that the service sets end with the call; its lifespan is entered here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._lifespan = _Lifespan(app, self._state)

    async def open(self) -> None:
        await self._lifespan.start()

    async def close(self) -> None:
        await self._lifespan.stop()

    async def forward(self, scope: Scope, exchange: Exchange) -> None:
        inner = {
            **scope,
            "state": self._state.copy(),
            "extensions": {**(scope.get("extensions") or {}), LOGGED_ELSEWHERE: {}},
        }
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._call(inner, exchange), context=contextvars.copy_context())
        over: asyncio.Future[None] = loop.create_future()

        def release(_: object = None) -> None:
            if not over.done():
                over.set_result(None)

        task.add_done_callback(release)
        exchange.on_end = lambda: loop.call_later(_END_SECONDS, release)
        try:
            await over
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        if task.done():
            task.result()
        else:  # a thread cannot be interrupted
            exchange.lingering = task

    async def _call(self, scope: Scope, exchange: Exchange) -> None:
        with exchange.scope:
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except Exception as error:
                if exchange.complete or exchange.ended is not None:
                    return  # Starlette raises again what it has answered with 500 and logged
                logging.get(__name__).error("service broke off", path=scope["path"], exc_info=error)
                if not exchange.started:
                    raise UpstreamFailed("服务处理请求时出错，请稍后重试；如持续出现，请联系平台管理员") from error


class _Lifespan:
    """The lifespan protocol's parent side; an application that does not speak it is simply started."""

    def __init__(self, app: ASGIApp, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="lifespan")
        await self._inbox.put({"type": "lifespan.startup"})
        answer = await asyncio.wait_for(self._outbox.get(), _START_SECONDS)
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            raise RuntimeError(f"service did not start: {answer.get('message', '')}")

    async def stop(self) -> None:
        if self._task is None:
            return
        if not self._task.done():
            await self._inbox.put({"type": "lifespan.shutdown"})
            await asyncio.wait({self._task}, timeout=_START_SECONDS)
            self._task.cancel()
        self._task = None

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        try:
            await self._app(scope, self._inbox.get, self._outbox.put)
        except Exception as error:  # ASGI: an application may refuse the lifespan scope by raising
            logging.get(__name__).debug("no lifespan", reason=repr(error))
        finally:
            await self._outbox.put(None)
