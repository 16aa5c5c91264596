"""Proving a secret: argon2 off the event loop, a few at a time, and remembered for a while."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from gateway.domain.clients import Client, Secret
from gateway.domain.errors import Overloaded
from gateway.store.secrets import NOBODY, verifies

REMEMBERED_SECONDS = 600.0
_CAPACITY = 10_000


class Prover:
    """Finds the secret of a client that a presented one proves."""

    def __init__(self, *, threads: int = 2, queue: int = 64) -> None:
        self._threads = threads
        self._queue = queue
        self._waiting = 0
        self._executor: ThreadPoolExecutor | None = None
        self._pepper = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()

    def recall(self, client: Client | None, presented: str, moment: dt.datetime) -> Secret | None:
        """The secret, if this very one was proved lately; a rotated or expired one is never recalled."""
        for each in client.secrets if client is not None else ():
            until = self._remembered.get(self._key(each, presented))
            if until is not None and until > moment.timestamp() and each.valid(moment):
                return each
        return None

    async def prove(self, client: Client | None, presented: str, moment: dt.datetime) -> Secret | None:
        """The secret that `presented` proves. An unknown client costs as much time as a known one."""
        if self._waiting >= self._queue:
            raise Overloaded("令牌请求过多，请稍后重试", retry_after=2)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._executor, self._search, client, presented, moment)
        finally:
            self._waiting -= 1
        if found is not None:
            self._remember(found, presented, moment)
        return found

    def open(self) -> None:
        self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="gateway:argon2")

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    @staticmethod
    def _search(client: Client | None, presented: str, moment: dt.datetime) -> Secret | None:
        valid = [each for each in client.secrets if each.valid(moment)] if client is not None else []
        if not valid:
            verifies(NOBODY, presented)
        return next((each for each in valid if verifies(each.hash, presented)), None)

    def _remember(self, secret: Secret, presented: str, moment: dt.datetime) -> None:
        self._remembered[self._key(secret, presented)] = moment.timestamp() + REMEMBERED_SECONDS
        if len(self._remembered) > _CAPACITY:
            self._remembered.popitem(last=False)

    def _key(self, secret: Secret, presented: str) -> bytes:
        """Keyed by a value of this process alone and by the stored hash: neither dump nor rotation reuses it."""
        material = presented.encode("utf-8", "surrogatepass") + b"\0" + secret.hash.encode()
        return hashlib.blake2b(material, key=self._pepper, digest_size=32).digest()
