"""Whether a request may go on, where to, and with which headers: everything decided before its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from chassis.context import Context
from chassis.errors import Unauthenticated
from gateway.domain.errors import BodyTooLarge, MethodRefused, NoSuchService, RateLimited
from gateway.proxy.headers import RawHeaders, check_path, find, towards_service
from gateway.proxy.limits import Allowance, RateLimits
from gateway.proxy.routes import OWN, Destination, destination
from gateway.proxy.upstream import Upstream
from gateway.settings import Settings
from gateway.tokens.doorkeeper import Doorkeeper, Session

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SMALL_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go on."""

    upstream: Upstream
    where: Destination
    headers: RawHeaders
    """What the service shall see."""
    max_body: int
    has_body: bool


@dataclass(slots=True)
class Trace:
    """What is known of a request so far, for its answer's headers and its line in the log."""

    service: str = "-"
    route: str = "-"
    client_id: str = ""
    role: str = "-"
    allowance: Allowance | None = None


class Admission:
    """Decides; keeps nothing of a request."""

    def __init__(
        self, settings: Settings, services: Mapping[str, Upstream], doorkeeper: Doorkeeper, anonymous: RateLimits
    ) -> None:
        self._settings = settings
        self._metrics_here = settings.environment == "local"
        self._services = services
        self._doorkeeper = doorkeeper
        self._anonymous = anonymous
        self._clients = RateLimits("client")
        self._bodies = {
            "small": SMALL_BYTES,
            "normal": settings.max_body_bytes,
            "import": settings.max_import_bytes,
        }

    async def admit(self, scope: Scope, here: Context, trace: Trace) -> Admitted:
        """The way of the request, or a refusal."""
        headers: RawHeaders = list(scope["headers"])
        raw_path = scope.get("raw_path") or scope["path"].encode()
        check_path(raw_path)
        if scope["method"] not in METHODS:
            raise MethodRefused(f"不支持 {scope['method'][:20]} 方法，请查看 /docs")
        where = destination(scope["method"], raw_path.decode("ascii"), scope["query_string"])
        if where.service == OWN and scope["path"].rstrip("/") == "/metrics" and not self._metrics_here:
            raise NoSuchService("运行指标不在公共入口提供；请在内部网络读取各进程的 /metrics")
        upstream = self._services.get(where.service)
        if upstream is None:
            raise NoSuchService("没有这个服务，请查看 /docs 中的接口列表")
        trace.service, trace.route = where.service, where.kind.name
        ours = [
            (b"x-correlation-id", here.correlation_id.encode("ascii")),
            (b"traceparent", here.traceparent.encode("ascii")),
        ]
        if where.authenticated:
            session = await self._authenticated(scope, headers, trace)
            ours.append((b"peiyu-identity", self._doorkeeper.identity(session, where.service).encode("ascii")))
        passed = towards_service(
            headers, ours, max_bytes=self._settings.max_header_bytes, credentials=not where.authenticated
        )
        max_body = self._bodies[where.kind.body]
        return Admitted(upstream, where, passed, max_body, _has_body(headers, max_body))

    async def _authenticated(self, scope: Scope, headers: RawHeaders, trace: Trace) -> Session:
        try:
            session = await self._doorkeeper.admit(find(headers, b"authorization"))
        except Unauthenticated:
            address = scope["client"][0] if scope.get("client") else "unknown"
            trace.allowance = self._anonymous.hit(address, self._settings.anonymous_requests_per_minute)
            _refuse_when_exceeded(trace.allowance)
            raise
        trace.client_id, trace.role = session.client.client_id, session.client.attributes.role
        quota = session.client.attributes.requests_per_minute or self._settings.client_requests_per_minute
        trace.allowance = self._clients.hit(trace.client_id, quota)
        _refuse_when_exceeded(trace.allowance)
        return session


def _refuse_when_exceeded(allowance: Allowance) -> None:
    if allowance.exceeded:
        seconds = max(1, allowance.reset_seconds)
        raise RateLimited(f"每分钟最多 {allowance.quota} 次请求，已用完；请在 {seconds} 秒后重试", retry_after=seconds)


def _has_body(headers: RawHeaders, max_body: int) -> bool:
    """Whether a body follows; refused here when it says itself that it is too large."""
    length = find(headers, b"content-length")
    if length is None:
        return find(headers, b"transfer-encoding") is not None
    if not length.isdigit() or int(length) > max_body:
        raise BodyTooLarge(f"请求内容过大：此接口最多接收 {max_body // 1024} KB")
    return int(length) > 0
