"""The one API document of the suite, gathered from the services and kept for a while."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from chassis import etags, logging
from chassis.errors import DomainError
from gateway.domain.documents import Document, merge
from gateway.proxy.routes import OPEN, OWN
from gateway.proxy.upstream import Upstream, ask

FRESH_SECONDS = 60.0
INCOMPLETE_SECONDS = 5.0
_ANSWER_SECONDS = 10.0


class Documents:
    """A service that does not answer keeps the document it gave last."""

    def __init__(self, own: Callable[[], dict[str, Any]], services: Mapping[str, Upstream], *, base_url: str) -> None:
        self._own = own
        self._services = services
        self._base_url = base_url
        self._last: dict[str, Document] = {}
        self._asking = asyncio.Lock()
        self._made: tuple[bytes, str] = (b"", "")
        self._fresh_until = float("-inf")

    async def merged(self) -> tuple[bytes, str]:
        """The document as JSON, and its entity tag."""
        async with self._asking:
            if time.monotonic() < self._fresh_until:
                return self._made
            answers = await asyncio.gather(*(self._ask(name) for name in self._services))
            for name, document in zip(self._services, answers, strict=True):
                if document is not None:
                    self._last[name] = document
            missing = [name for name in self._services if name not in self._last]
            known = {name: self._last[name] for name in self._services if name in self._last}
            whole = merge({**known, OWN: self._own()}, public=OPEN, unavailable=missing, base_url=self._base_url)
            body = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
            self._made = body, etags.quoted(hashlib.sha256(body).hexdigest()[:32])
            keep = FRESH_SECONDS if all(answer is not None for answer in answers) else INCOMPLETE_SECONDS
            self._fresh_until = time.monotonic() + keep
            return self._made

    async def _ask(self, name: str) -> Document | None:
        try:
            answer = await ask(self._services[name], "/openapi.json", seconds=_ANSWER_SECONDS)
            document = json.loads(answer.body) if answer.status == 200 else None
        except (DomainError, ValueError) as error:
            logging.get(__name__).warning("no API document", upstream=name, reason=str(error))
            return None
        return document if isinstance(document, dict) else None
