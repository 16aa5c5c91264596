"""How every service speaks HTTP: context, strict parameters, problem documents, metrics, health."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import context, health, idempotency, logging, problems, telemetry, tracing
from chassis.auth import Guard, IdentityVerifier, security_schemes
from chassis.db import Database
from chassis.keyset import is_storable

CORRELATION = "x-correlation-id"
_SUSPICIOUS = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\0")
"""JSON that may hold text no database takes: escaped, as raw bytes, or in another encoding than UTF-8."""

Place = tuple[str | int, ...]

LOGGED_ELSEWHERE = "peiyu.logged"
"""ASGI extension: the gateway in the same process writes this request's line in the access log."""


class Route(APIRoute):
    """Every route of ours: refuses unknown query parameters and text that cannot be stored, replays keyed requests."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handler = super().get_route_handler()
        known = _query_names(self.dependant)

        async def handle(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in known]
            if unknown:
                raise RequestValidationError(
                    [
                        {
                            "type": "extra_forbidden",
                            "loc": ("query", name),
                            "msg": "可用参数：" + ("、".join(sorted(known)) or "无"),
                            "input": request.query_params[name],
                        }
                        for name in unknown
                    ]
                )
            if wrong := await _unstorable(request):
                raise RequestValidationError(wrong)
            return await idempotency.replayed_or(handler, request)

        return handle


async def _unstorable(request: Request) -> list[dict[str, Any]]:
    """What in query, path or JSON body no database takes; a body that is no JSON is refused by the handler."""
    found: list[tuple[Place, str]] = []
    named = [("query", *pair) for pair in request.query_params.multi_items()]
    named += [("path", name, value) for name, value in request.path_params.items() if isinstance(value, str)]
    found += [((where, name), value) for where, name, value in named if not is_storable(value)]
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.endswith(("/json", "+json")) and _SUSPICIOUS.search(await request.body()):
        with suppress(ValueError, RecursionError):
            found += [(("body", *place), value) for place, value in _unstorable_in(await request.json())]
    return [
        {"type": "text_unstorable", "loc": place, "msg": problems.UNSTORABLE, "input": value} for place, value in found
    ]


def _unstorable_in(value: Any) -> Iterator[tuple[Place, str]]:
    """Where in parsed JSON such text stands, and the text; for a key, where its object stands."""
    waiting: list[tuple[Place, Any]] = [((), value)]
    while waiting:
        place, each = waiting.pop()
        if isinstance(each, str):
            if not is_storable(each):
                yield place, each
        elif isinstance(each, list):
            waiting.extend(((*place, index), item) for index, item in reversed([*enumerate(each)]))
        elif isinstance(each, dict):
            for name, item in reversed(each.items()):
                if is_storable(name):
                    waiting.append(((*place, name), item))
                else:
                    yield place, name


def _query_names(dependant: Any) -> frozenset[str]:
    names: set[str] = set()
    stack = [dependant]
    while stack:
        each = stack.pop()
        for parameter in each.query_params:
            fields = getattr(parameter.field_info.annotation, "model_fields", None)
            if fields:
                names |= {field.alias or name for name, field in fields.items()}
            else:
                names.add(parameter.alias)
        stack.extend(each.dependencies)
    return frozenset(names)


class _Service(FastAPI):
    """Makes the routes of included routers ours: FastAPI keeps the class with which a router made them."""

    def include_router(self, router: APIRouter, **options: Any) -> None:
        _adopt(router)
        super().include_router(router, **options)

    def openapi(self) -> dict[str, Any]:
        """The document, in which each operation says what its guard demands."""
        document = super().openapi()
        scopes: set[str] = set()
        for found in iter_route_contexts(self.routes):
            guard = next(_guards_of(getattr(found.route, "dependant", None)), None)
            for method in found.methods or ():
                operation = document["paths"].get(found.path, {}).get(method.lower())
                if operation is not None and guard is not None:
                    operation.setdefault("security", guard.requirement)
                    scopes |= {guard.scope} if guard.scope else set()
        document.setdefault("components", {})["securitySchemes"] = security_schemes(scopes)
        return document


def _guards_of(dependant: Any) -> Iterator[Guard]:
    if dependant is not None:
        if isinstance(dependant.call, Guard):
            yield dependant.call
        for each in dependant.dependencies:
            yield from _guards_of(each)


def _adopt(router: APIRouter) -> None:
    for route in router.routes:
        if type(route) is APIRoute:
            route.__class__ = Route
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            _adopt(included)


class ContextMiddleware:
    """Continues the caller's trace, measures and logs each request. Raw ASGI: it never buffers."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service
        self.log = logging.get("http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        here = context.from_headers(headers.get(CORRELATION), headers.get("traceparent"))
        span = None
        if tracing.on() and scope["path"] not in tracing.QUIET:
            with context.serving(self.service):
                span = _begin(here, scope)
            here = span.context
        started = time.perf_counter()
        status = 500

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[CORRELATION] = here.correlation_id
            await send(message)

        with context.serving(self.service), context.using(here):
            try:
                await self.app(scope, receive, answering)
            finally:
                self._measure(scope, status, time.perf_counter() - started)
                if span is not None:
                    _end(span, scope, status)

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope) or "unmatched"
        method = tracing.method(scope["method"])
        telemetry.HTTP_REQUESTS.labels(self.service, method, route, str(status)).inc()
        telemetry.HTTP_SECONDS.labels(self.service, method, route).observe(seconds)
        if LOGGED_ELSEWHERE in (scope.get("extensions") or {}):
            return
        self.log.info(
            "request answered",
            service=self.service,
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _route(scope: Scope) -> str | None:
    """The template of the route that answered, whole: a router that was included knows only its own part of it."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    found: str | None = getattr(included, "path", None) or getattr(scope.get("route"), "path", None)
    return found


def _begin(here: context.Context, scope: Scope) -> tracing.Span:
    method = tracing.method(scope["method"])
    attributes = {"http.request.method": method, "url.scheme": scope["scheme"], "url.path": scope["path"]}
    return tracing.begin(here, method, "server", attributes)


def _end(span: tracing.Span, scope: Scope, status: int) -> None:
    if route := _route(scope):
        span.rename(f"{tracing.method(scope['method'])} {route}")
        span.set({"http.route": route})
    span.set({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))
    span.end()


def create(
    *,
    service: str,
    title: str,
    description: str,
    version: str,
    db: Database,
    identity: IdentityVerifier,
    checks: Mapping[str, health.Check] | None = None,
) -> FastAPI:
    """The bare application of one service, with everything that all services share; routers are added to it.

    Args are the service's own: `checks` are named readiness checks beside the database's.
    """
    app = _Service(
        title=title,
        description=description,
        version=version,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        # Its own spans would have ids that no log line and no traceparent of ours knows (ADR-0009)
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=lambda route: route.name,
    )
    app.router.route_class = Route
    app.state.service = service
    app.state.db = db
    telemetry.watch(service, db)
    app.state.identity = identity
    problems.install(app)
    app.add_middleware(ContextMiddleware, service=service)
    health.install(app, service, {"database": db.check, **(checks or {})})
    return app
