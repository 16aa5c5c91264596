"""Every route says who may call it, runs as the caller, and documents itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response

from chassis.auth import Guard
from chassis.dependencies import reading, transaction
from chassis.http import Route
from chassis.idempotency import begin
from peiyu import parts
from peiyu.documents.apis import application_of

SCOPES = {
    "registry": {
        "enterprises:read", "enterprises:write", "requests:write", "requests:decide", "facts:write", "findings:write",
        "titles:write", "items:write",
        "pool:read", "pool:write", "imports:write", "imports:read", "changes:read",
        "programmes:read", "programmes:write", "programmes:report",
    },
    "eligibility": {"assessments:read", "assessments:run", "policies:write"},
    "finance": {"whitelist:read", "consents:write", "consents:read"},
    "notification": {"inbox:read", "commissioners:read", "commissioners:write"},
    "gateway": {"clients:admin", "installation:write"},
}  # fmt: skip
"""The whole vocabulary of scopes: a typing error on a route is a route nobody may call."""

OAUTH = "POST /oauth/token"
"""It refuses in the words of RFC 6749, from a route class of its own."""

OUTSIDE_THE_API = {
    OAUTH,
    "GET /.well-known/jwks.json",
    "GET /health",
}
"""What the gateway documents at an address of its own: the standards give it, or whoever watches the suite knows it."""

SHOWS_A_SECRET = {"POST /api/gateway/v1/clients", "POST /api/gateway/v1/clients/{client_id}/secrets"}
"""Creations that are not replayed: a kept answer would be a kept secret."""

WITHOUT_A_GUARD = {
    ("registry", "Route /openapi.json"),
    ("eligibility", "Route /openapi.json"),
    ("finance", "Route /openapi.json"),
    ("notification", "Route /openapi.json"),
}
"""FastAPI's own: a service's document, which the gateway merges; it says nothing that is not in contracts/."""

Found = tuple[str, str, Any]


def _routes() -> Iterator[Found]:
    for service in parts.PARTS:
        with application_of(service) as app:
            for context in iter_route_contexts(app.routes):
                if isinstance(context.route, APIRoute):
                    yield service, f"{sorted(context.methods or ())[0]} {context.path}", context


def _other_routes(app: FastAPI) -> set[str]:
    """What answers without being an APIRoute: nothing above it guards, checks or documents."""
    return {
        f"{type(context.route).__name__} {context.path}"
        for context in iter_route_contexts(app.routes)
        if not isinstance(context.route, APIRoute)
    }


ROUTES = list(_routes())
NAMES = [f"{service} {name}" for service, name, _ in ROUTES]


def guards_of(dependant: Any) -> list[Guard]:
    return [each for each in calls_of(dependant) if isinstance(each, Guard)]


def calls_of(dependant: Any) -> list[Any]:
    """What a request runs before the endpoint, in that order."""
    found: list[Any] = []
    for each in dependant.dependencies:
        found += [*calls_of(each), each.call]
    return found


@pytest.mark.parametrize(("service", "name", "route"), ROUTES, ids=NAMES)
def test_every_route_says_who_may_call_it(service: str, name: str, route: Any) -> None:
    guards = guards_of(route.dependant)
    assert len(guards) == 1, "exactly one guard: Annotated[Actor, Depends(guard(...))], or Depends(PUBLIC)"
    guard = guards[0]
    if guard.public:
        return
    assert guard.scope in SCOPES[service]


@pytest.mark.parametrize("service", parts.PARTS)
def test_the_document_says_of_every_operation_which_scope_it_demands(service: str) -> None:
    with application_of(service) as app:
        document = app.openapi()
        guarded = [each for each in iter_route_contexts(app.routes) if getattr(each, "include_in_schema", False)]
    known = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    assert set(known) == SCOPES[service]
    assert guarded
    for route in guarded:
        (guard,) = guards_of(route.dependant)
        for method in sorted(route.methods or ()):
            stated = document["paths"][route.path][method.lower()]["security"]
            demanded = [{"oauth2": [guard.scope]}, {"bearer": [guard.scope]}]
            assert stated == demanded or (guard.public and {} in (stated or [{}])), f"{method} {route.path}"


@pytest.mark.parametrize(("service", "name", "route"), ROUTES, ids=NAMES)
def test_the_guard_comes_before_the_transaction(service: str, name: str, route: Any) -> None:
    calls = calls_of(route.dependant)
    opened = [calls.index(each) for each in (transaction, reading) if each in calls]
    guarded = [place for place, each in enumerate(calls) if isinstance(each, Guard)]
    assert all(guarded[0] < place for place in opened), "put the actor before tx: the transaction runs as the caller"


@pytest.mark.parametrize(("service", "name", "route"), ROUTES, ids=NAMES)
def test_every_route_is_of_our_class_and_documented(service: str, name: str, route: Any) -> None:
    assert isinstance(route.original_route, Route) or name == OAUTH
    if not route.include_in_schema:
        return
    assert route.description.strip(), "the docstring of a route is its documentation"
    assert name in OUTSIDE_THE_API or name.split(" ", 1)[1].startswith(f"/api/{service}/v1/")


def test_nothing_answers_that_is_not_a_route_of_the_api() -> None:
    found = set()
    for service in parts.PARTS:
        with application_of(service) as app:
            found |= {(service, name) for name in _other_routes(app)}
    assert found == WITHOUT_A_GUARD, "declare it with @router.get(...) and a guard, or name it above with the reason"


def test_a_planted_route_without_a_guard_is_found() -> None:
    async def leak(request: Request) -> Response:
        return Response()

    async def listen(socket: WebSocket) -> None:
        await socket.accept()

    inner = APIRouter()
    inner.add_route("/inner", leak)
    inner.add_api_websocket_route("/listen", listen)
    with application_of("registry") as app:
        before = _other_routes(app)
        app.add_route("/api/registry/v1/leak", leak)
        app.mount("/api/registry/v1/mounted", FastAPI())
        app.include_router(inner, prefix="/api/registry/v1")
        assert _other_routes(app) - before == {
            "Route /api/registry/v1/leak",
            "Mount /api/registry/v1/mounted",
            "Route /api/registry/v1/inner",
            "APIWebSocketRoute /api/registry/v1/listen",
        }


def test_every_post_that_creates_takes_an_idempotency_key() -> None:
    creating = [
        (service, name, route)
        for service, name, route in ROUTES
        if name.startswith("POST ") and route.status_code in (201, 202)
    ]
    assert creating
    assert {name for _, name, route in creating if begin not in calls_of(route.dependant)} == SHOWS_A_SECRET


def test_every_scope_of_the_vocabulary_is_asked_for_somewhere() -> None:
    asked = {
        service: {guard.scope for found, _, route in ROUTES if found == service for guard in guards_of(route.dependant)}
        for service in parts.PARTS
    }
    assert {service: scopes - asked[service] for service, scopes in SCOPES.items() if scopes - asked[service]} == {}


def test_the_data_endpoints_a_bank_may_call_are_the_whitelist_and_nothing_else() -> None:
    open_to_banks = {
        name
        for _, name, route in ROUTES
        for guard in guards_of(route.dependant)
        if not guard.public and (not guard.roles or "bank" in guard.roles) and guard.scope == "whitelist:read"
    }
    assert open_to_banks
    assert all("/whitelist/" in name for name in open_to_banks)
    others = {
        name
        for _, name, route in ROUTES
        for guard in guards_of(route.dependant)
        if "bank" in guard.roles and guard.scope != "whitelist:read"
    }
    assert others == set()
