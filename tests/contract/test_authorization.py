"""Every role against every route of every part: who may call what is one table, and the routes keep to it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from chassis.auth import Actor
from gateway.domain.roles import ROLES, SCOPES
from peiyu import parts
from peiyu.documents.apis import application_of
from tests.contract.allowed import ALLOWED, PUBLIC
from tests.contract.running import NOBODY, applications
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities

BINDINGS = {"institution": "demo-bank-a", "uscc": NOBODY, "commissioner": "C001", "department": "D001"}
UNKNOWN = "01890000-0000-7000-8000-000000000000"
PARAMETERS = {
    "uscc": NOBODY,
    "import_id": UNKNOWN,
    "export_id": UNKNOWN,
    "title_id": UNKNOWN,
    "row_id": UNKNOWN,
    "item_id": UNKNOWN,
    "entry_id": UNKNOWN,
    "proposal_id": UNKNOWN,
    "list_id": UNKNOWN,
    "carrier_id": UNKNOWN,
    "project_id": UNKNOWN,
    "assessment_id": UNKNOWN,
    "request_id": UNKNOWN,
    "contact_id": UNKNOWN,
    "relation_id": UNKNOWN,
    "record_id": UNKNOWN,
    "run_id": UNKNOWN,
    "simulation_id": UNKNOWN,
    "consent_id": UNKNOWN,
    "message_id": UNKNOWN,
    "programme_id": "suzhou-2018-2020",
    "target_id": "T-S1-1",
    "task_id": "TK-S1-1",
    "figure_id": UNKNOWN,
    "assignment_id": UNKNOWN,
    "report_id": UNKNOWN,
    "bulletin_id": UNKNOWN,
    "period": "2020",
    "kind": "enterprises",
    "sha256": "0" * 64,
    "number": "1",
    "code": "C001",
    "client_id": "nobody",
    "key": "sample",
}
QUERY = {
    "GET /api/registry/v1/changes": {"after": "0"},
    "GET /api/registry/v1/enterprises/search": {"q": "恒通"},
    "GET /api/finance/v1/whitelist/changes": {"after": "0"},
    "GET /api/registry/v1/programmes/{programme_id}/assignments": {"year": "2020"},
    "GET /api/registry/v1/programmes/{programme_id}/report": {"year": "2020"},
    "GET /api/registry/v1/programmes/{programme_id}/ranking": {"year": "2020"},
    "GET /api/registry/v1/programmes/{programme_id}/targets/{target_id}/assignments": {"year": "2020"},
    "GET /api/eligibility/v1/consistency": {"uscc": NOBODY},
    "GET /api/eligibility/v1/near-misses": {"title": "innovative_sme"},
    "GET /api/eligibility/v1/packs/{sha256}/differences": {"base": "0" * 64},
}
"""What a route demands, so that the call reaches its body. `wait` is left out: nothing here waits."""

NEEDS_THE_FRONT = {f"gateway {each}" for each in ("GET /health", "GET /.well-known/jwks.json", "POST /oauth/token",
                                                 "GET /openapi.json")}  # fmt: skip
"""Public routes over what the gateway's front puts together; tests/service/gateway calls them there."""

REFUSED = {"scope-missing", "role-refused"}


def _routes() -> Iterator[str]:
    for part in parts.PARTS:
        with application_of(part) as app:
            for context in iter_route_contexts(app.routes):
                if isinstance(context.route, APIRoute):
                    yield from (f"{part} {method} {context.path}" for method in sorted(context.methods or ()))


ROUTES = list(_routes())
GUARDED = [each for each in ROUTES if each not in PUBLIC]


@pytest.fixture(scope="module")
def apps(
    templates: Templates, identities: Identities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, FastAPI]]:
    with applications(templates, identities, tmp_path_factory.mktemp("authorization")) as found:
        yield found


Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(apps: dict[str, FastAPI]) -> Call:
    """Calls a route by its name in the table, with the least that its path and query ask for."""
    clients = {part: TestClient(app, raise_server_exceptions=False) for part, app in apps.items()}

    def called(route: str, headers: dict[str, str]) -> Any:
        part, method, path = route.split(" ")
        body: dict[str, Any] = {} if method in ("GET", "HEAD", "DELETE") else {"json": {}}
        params = QUERY.get(f"{method} {path}")
        return clients[part].request(method, path.format(**PARAMETERS), headers=headers, params=params, **body)

    return called


def code_of(answer: Any) -> str | None:
    """The code of a problem document; a HEAD has none to show."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json") or not answer.content:
        return None
    return str(answer.json()["code"])


def identity(identities: Identities, role: str, **changes: Any) -> dict[str, str]:
    binding = ROLES[role].binding
    given: dict[str, Any] = {"roles": [role], "scopes": ROLES[role].scopes, "subject": f"test-{role}"}
    if binding is not None:
        given[binding] = BINDINGS[binding]
    return signed(identities, **(given | changes))


def signed(
    identities: Identities, *, lifetime_seconds: int = 60, audience: Any = parts.PARTS, **who: Any
) -> dict[str, str]:
    actor = Actor(
        subject=who.pop("subject"),
        client_id="test",
        roles=frozenset(who.pop("roles")),
        scopes=frozenset(who.pop("scopes")),
        areas=tuple(who.pop("areas", ("*",))),
        **who,
    )
    return {"Peiyu-Identity": identities.token(actor, lifetime_seconds=lifetime_seconds, audience=audience)}


def test_the_table_knows_every_route_and_no_other() -> None:
    known = PUBLIC.union(*ALLOWED.values())
    assert sorted(set(ROUTES) - known) == [], "say in tests/contract/allowed.py who may call it"
    assert sorted(known - set(ROUTES)) == [], "gone: take it out of tests/contract/allowed.py"
    assert PUBLIC.isdisjoint(frozenset().union(*ALLOWED.values()))


def test_the_table_knows_every_role() -> None:
    assert set(ALLOWED) == set(ROLES)


@pytest.mark.parametrize("route", sorted(PUBLIC - NEEDS_THE_FRONT))
def test_what_is_public_asks_for_no_identity(call: Call, route: str) -> None:
    answer = call(route, {})
    if route.endswith("/health/ready"):
        assert answer.status_code in (200, 503)
    else:
        assert answer.status_code in (200, 404), answer.text


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    """Signs with a key that is not the gateway's."""
    return Identities(tmp_path_factory.mktemp("forger"))


@pytest.mark.parametrize("route", GUARDED)
def test_nobody_comes_in_without_a_valid_identity(
    call: Call, identities: Identities, forger: Identities, route: str
) -> None:
    everything: dict[str, Any] = {"roles": ROLES, "scopes": SCOPES, "subject": "test"}
    elsewhere = [each for each in parts.PARTS if each != route.split(" ")[0]]
    attempts = {
        "none": ({}, "identity-missing"),
        "expired": (signed(identities, lifetime_seconds=-60, **everything), "identity-invalid"),
        "for another": (signed(identities, audience=elsewhere, **everything), "identity-invalid"),
        "forged": (signed(forger, **everything), "identity-invalid"),
    }
    for name, (headers, code) in attempts.items():
        answer = call(route, headers)
        assert (answer.status_code, code_of(answer) or code) == (401, code), name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", GUARDED)
def test_a_route_lets_in_whom_the_table_names(call: Call, identities: Identities, route: str, role: str) -> None:
    answers = [call(route, identity(identities, role, areas=areas)) for areas in (["*"], ["11"], [])]
    for answer in answers:
        assert answer.status_code < 500, answer.text
        refused = answer.status_code == 403 and code_of(answer) in {*REFUSED, None}
        assert answer.status_code != 401
        assert refused != (route in ALLOWED[role]), f"{role}: {answer.status_code} {code_of(answer)}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_without_its_scopes_may_do_nothing(call: Call, identities: Identities, role: str) -> None:
    answers = {route: call(route, identity(identities, role, scopes=[])) for route in ALLOWED[role]}
    assert {route: answer.status_code for route, answer in answers.items() if answer.status_code != 403} == {}
    assert {code_of(answer) for answer in answers.values()} <= {"scope-missing", None}
