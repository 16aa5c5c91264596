"""The front of the gateway: raw ASGI, one pass per request, nothing buffered."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from starlette.types import Message, Receive, Scope, Send

from chassis import context, logging, tracing
from chassis.context import Context
from chassis.errors import DomainError
from gateway.domain.errors import BodyTooLarge, GatewayFailed, UpstreamFailed, UpstreamTimeout
from gateway.proxy.accounting import CLIENT_CLOSED, Accounting
from gateway.proxy.admission import Admission, Admitted, Trace
from gateway.proxy.exchange import Ended, Exchange
from gateway.proxy.headers import RawHeaders, find
from gateway.proxy.limits import InHand
from gateway.proxy.origin import Network, seen_from
from gateway.proxy.refusal import drain, refusal
from gateway.proxy.routes import OWN
from gateway.proxy.usage import UsageCounter

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


class Front:
    """The gateway's ASGI application. `lifespan` holds open everything that stands behind it."""

    def __init__(
        self,
        *,
        admission: Admission,
        in_hand: InHand,
        usage: UsageCounter,
        lifespan: Lifespan,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self._admission = admission
        self._in_hand = in_hand
        self._usage = usage
        self._lifespan = lifespan
        self._trusted = trusted_proxies
        self._accounting = Accounting()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(seen_from(scope, self._trusted), receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:  # no service of ours speaks WebSocket
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers = scope["headers"]
        here = context.from_headers(_text(find(headers, b"x-correlation-id")), _text(find(headers, b"traceparent")))
        span = _begin(here, scope) if tracing.on() and scope["path"] not in tracing.QUIET else None
        if span is not None:
            here = span.context
        visit = _Visit(scope, receive, send, here)
        with context.using(here):
            try:
                admitted = await self._admission.admit(scope, here, visit.trace)
                budget = admitted.where.kind.budget
                self._in_hand.enter(budget)
                try:
                    await visit.carry(admitted)
                finally:
                    visit.when_over(partial(self._in_hand.leave, budget))
            except DomainError as error:
                await visit.refuse(error)
            except Exception as error:
                logging.get(__name__).error("gateway failed", path=scope["path"], exc_info=error)
                await visit.refuse(GatewayFailed("网关内部错误，已记录；请凭 correlation_id 联系平台管理员"))
            finally:
                seconds = time.perf_counter() - started
                self._accounting.record(visit.trace, scope["method"], scope["path"], visit.status, seconds, visit.sent)
                if visit.trace.client_id:
                    self._usage.count(visit.trace.client_id, visit.trace.service)
                if span is not None:
                    _end(span, scope["method"], visit)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        started = False
        try:
            async with self._lifespan():
                started = True
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            logging.get(__name__).error("gateway cannot start" if not started else "gateway cannot end", exc_info=error)
            await send({"type": f"lifespan.{'shutdown' if started else 'startup'}.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})


class _Visit:
    """One request at the door."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, here: Context) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._here = here
        self._exchange: Exchange | None = None
        self.trace = Trace()
        self.status = 500

    @property
    def sent(self) -> int:
        return self._exchange.sent if self._exchange is not None else 0

    async def carry(self, admitted: Admitted) -> None:
        """Let the upstream answer; what it cannot is raised as a refusal while nothing has been answered."""
        kind = admitted.where.kind
        exchange = self._exchange = Exchange(
            self._receive,
            self._send,
            max_body=admitted.max_body,
            answer_seconds=kind.answer_seconds,
            total_seconds=kind.total_seconds,
            has_body=admitted.has_body,
        )
        exchange.answer_headers = self._headers()
        exchange.begin()
        try:
            await admitted.upstream.forward({**self._scope, "headers": admitted.headers}, exchange)
        finally:
            exchange.finish()
            self.status = exchange.status or self.status
        if exchange.ended is Ended.CLIENT_GONE:
            self.status = CLIENT_CLOSED
        elif not exchange.started:
            raise self._failure(exchange, admitted.max_body)
        # An answer that broke off is left incomplete: the server closes the connection, so the client knows

    def when_over(self, call: Callable[[], None]) -> None:
        """Call back when nothing works for this request any more, which may be after its client has been answered."""
        lingering = self._exchange.lingering if self._exchange is not None else None
        if lingering is None:
            call()
        else:
            lingering.add_done_callback(lambda _: call())

    async def refuse(self, error: DomainError) -> None:
        """Answer with a problem document."""
        if self._exchange is not None and (self._exchange.started or self._exchange.ended is Ended.CLIENT_GONE):
            return
        answer = refusal(error, self._scope, self._headers())
        self.status = answer.status
        await self._send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        final: Message = {"type": "http.response.body", "body": answer.body, "more_body": False}
        if answer.closes:
            await self._send({**final, "more_body": True})
            await drain(self._receive)
            final = {**final, "body": b""}
        await self._send(final)

    def _headers(self) -> RawHeaders:
        headers = [
            (b"x-correlation-id", self._here.correlation_id.encode("ascii")),
            (b"x-content-type-options", b"nosniff"),
        ]
        return headers + self.trace.allowance.headers() if self.trace.allowance is not None else headers

    @staticmethod
    def _failure(exchange: Exchange, max_body: int) -> DomainError:
        if exchange.ended is Ended.TOO_LARGE:
            return BodyTooLarge(f"请求内容过大：此接口最多接收 {max_body // 1024} KB")
        if exchange.ended is Ended.TOO_SLOW:
            return UpstreamTimeout("后端服务没有在规定时间内响应；请稍后重试，或缩小查询范围")
        return UpstreamFailed("后端服务没有给出完整的回答，请稍后重试")


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value is not None else None


def _begin(here: Context, scope: Scope) -> tracing.Span:
    method = tracing.method(scope["method"])
    attributes = {"http.request.method": method, "url.scheme": scope["scheme"], "url.path": scope["path"]}
    with context.serving(OWN):
        return tracing.begin(here, method, "server", attributes)


def _end(span: tracing.Span, method: str, visit: _Visit) -> None:
    """The route is the service's prefix: which of its own routes it was, its own span says."""
    trace = visit.trace
    if trace.service not in ("-", OWN):
        route = f"/api/{trace.service}/{{path}}"
        span.rename(f"{tracing.method(method)} {route}")
        span.set({"http.route": route})
    span.set({"http.response.status_code": visit.status, "peiyu.client_id": trace.client_id})
    if visit.status >= 500:
        span.fail(str(visit.status))
    span.end()
