"""A service in another process: aiohttp with a pool of connections, streaming both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import aiohttp
from multidict import CIMultiDict
from starlette.types import Scope
from yarl import URL

from chassis import context, logging, tracing
from gateway.domain.errors import UpstreamFailed, UpstreamTimeout, UpstreamUnavailable
from gateway.proxy.exchange import Exchange
from gateway.proxy.headers import HOP_BY_HOP
from gateway.proxy.routes import OWN

_KEEP_SECONDS = 4
"""Less than the 5 s after which uvicorn closes an idle connection: the side that sends must close first."""


class OverHttp:
    """Follows no redirect, keeps no cookie, opens no compressed body: what a service says passes unchanged."""

    def __init__(self, base_url: str, *, connect_seconds: float = 2.0, connections: int = 200) -> None:
        self._base = base_url.rstrip("/")
        self._connections = connections
        self._connect_seconds = connect_seconds
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=_KEEP_SECONDS, ttl_dns_cache=10, use_dns_cache=True
            ),
            # The exchange watches the time of the whole; here only that a service which is gone is noticed soon
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=self._connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_line_size=16 * 1024,
            max_field_size=16 * 1024,
            trust_env=False,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def forward(self, scope: Scope, exchange: Exchange) -> None:
        if not tracing.on() or scope["path"] in tracing.QUIET:
            await self._forward(scope, exchange)
            return
        method = tracing.method(scope["method"])
        here = context.current().child()
        with (
            context.serving(OWN),
            tracing.recording(here, method, "client", self._attributes(method, scope)) as span,
        ):
            carried = (b"traceparent", span.context.traceparent.encode("ascii"))
            headers = [carried if name == b"traceparent" else (name, value) for name, value in scope["headers"]]
            await self._forward({**scope, "headers": headers}, exchange)
            if exchange.status is not None:
                span.set({"http.response.status_code": exchange.status})
                if exchange.status >= 400:
                    span.fail(str(exchange.status))
            elif exchange.ended is not None:
                span.fail(exchange.ended.value)

    def _attributes(self, method: str, scope: Scope) -> dict[str, str | int]:
        """Without the query: what somebody searched for belongs in no trace."""
        base = URL(self._base)
        return {
            "http.request.method": method,
            "server.address": base.host or "",
            "server.port": base.port or 0,
            "url.full": self._base + scope["raw_path"].decode("ascii"),
        }

    async def _forward(self, scope: Scope, exchange: Exchange) -> None:
        assert self._session is not None, "opened by the gateway's lifespan"
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        with exchange.scope:
            try:
                answer = await self._session.request(
                    scope["method"],
                    URL(self._base + target.decode("ascii"), encoded=True),
                    headers=_headers(scope),
                    data=await _body(exchange),
                    allow_redirects=False,
                )
            except (aiohttp.ServerTimeoutError, TimeoutError) as error:
                raise UpstreamTimeout("连接后端服务超时，请稍后重试") from error
            except aiohttp.ClientConnectorError as error:
                raise UpstreamUnavailable("后端服务暂时无法访问，请稍后重试", retry_after=2) from error
            except aiohttp.ClientError as error:
                if exchange.ended is None:
                    logging.get(__name__).warning("no answer from service", base=self._base, reason=repr(error))
                    raise UpstreamFailed("后端服务没有给出完整的回答，请稍后重试") from error
                return
            await self._pass_back(answer, exchange)

    async def _pass_back(self, answer: aiohttp.ClientResponse, exchange: Exchange) -> None:
        try:
            await exchange.send(
                {"type": "http.response.start", "status": answer.status, "headers": list(answer.raw_headers)}
            )
            content = answer.content
            while not content.at_eof():
                chunk = await content.readany()
                await exchange.send({"type": "http.response.body", "body": chunk, "more_body": not content.at_eof()})
            if not exchange.complete:
                await exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
            answer.release()
        except (aiohttp.ClientError, ConnectionError) as error:
            logging.get(__name__).warning("answer broke off", base=self._base, reason=repr(error))
        finally:
            answer.close()


def _headers(scope: Scope) -> CIMultiDict[str]:
    """Host is the service's own; the length of a body passes, its framing is ours."""
    return CIMultiDict(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
        if name not in HOP_BY_HOP and name != b"host"
    )


async def _body(exchange: Exchange) -> bytes | AsyncIterator[bytes] | None:
    """None without a body, the bytes when all of them are here already, else a stream."""
    if not exchange.has_body:
        return None
    first = await exchange.receive()
    body: bytes = first.get("body", b"")
    return _rest(first, exchange) if first.get("more_body", False) else body


async def _rest(message: Mapping[str, object], exchange: Exchange) -> AsyncIterator[bytes]:
    while True:
        body = message.get("body", b"")
        if isinstance(body, bytes) and body:
            yield body
        if not message.get("more_body", False):
            break
        message = await exchange.receive()
    if exchange.ended is not None:  # never let a body that was cut short pass for a whole one
        raise ConnectionAbortedError


def connect(base_urls: Mapping[str, str], *, connect_seconds: float) -> dict[str, OverHttp]:
    """The services at their base URLs."""
    return {name: OverHttp(url, connect_seconds=connect_seconds) for name, url in base_urls.items()}
