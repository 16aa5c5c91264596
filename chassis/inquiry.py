"""A question whose answer may never come: asked once at a time, waited for no longer than one cares to."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Inquiry(Generic[T]):
    """Whoever asks while the question is out shares its answer, so that a hanging one costs one thread, not many."""

    def __init__(self, question: Callable[[], T], name: str) -> None:
        self._question = question
        self._name = name
        self._gate = threading.Lock()
        self._out: Future[T] | None = None

    def begin(self) -> Future[T]:
        """The answer to come, from a thread of its own."""
        with self._gate:
            if self._out is None or self._out.done():
                self._out = Future()
                inside = contextvars.copy_context()
                threading.Thread(
                    target=inside.run, args=(self._answer, self._out), name=self._name, daemon=True
                ).start()
            return self._out

    async def answer(self, seconds: float) -> T:
        """The answer, or TimeoutError when it has not come within `seconds`; the question stays out then."""
        coming = asyncio.wrap_future(self.begin())
        await asyncio.wait({coming}, timeout=seconds)
        if not coming.done():
            raise TimeoutError(self._name)
        return coming.result()

    def _answer(self, out: Future[T]) -> None:
        try:
            out.set_result(self._question())
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            out.set_exception(error)
