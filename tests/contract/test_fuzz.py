"""Generated requests against every operation: no fault of ours, and no answer that the description does not know."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from chassis.auth import Actor
from gateway.domain.roles import SCOPES
from peiyu import parts
from peiyu.documents import apis
from tests.contract.running import applications
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities

pytestmark = pytest.mark.slow

EXAMPLES = 15
SEED = 20261122
NEEDS_THE_FRONT = {("GET", "/health"), ("GET", "/.well-known/jwks.json"), ("POST", "/oauth/token")}
"""Operations over what the gateway's front puts together; tests/service/gateway calls them there."""

UNDESCRIBED = {400, 404, 405}
"""A body that is no JSON, or a path parameter that makes it another path: the same everywhere, so said nowhere."""

OPERATIONS = [
    (part, method.upper(), path)
    for part in parts.PARTS
    for path, methods in apis.openapi_of(part)["paths"].items()
    for method in methods
    if (method.upper(), path) not in NEEDS_THE_FRONT
]


@pytest.fixture(scope="module")
def schemas(
    templates: Templates, identities: Identities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    with applications(templates, identities, tmp_path_factory.mktemp("fuzz")) as apps:
        yield {part: _schema(app) for part, app in apps.items()}


def _schema(app: FastAPI) -> Any:
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    return schema


@pytest.fixture(scope="module")
def token(identities: Identities) -> str:
    """An identity that is refused nowhere for its role, scopes or areas."""
    roles = frozenset({"system", "officer", "commissioner"})
    actor = Actor("fuzz", "fuzz", roles, frozenset(SCOPES), ("*",), commissioner="C001")
    return identities.token(actor, lifetime_seconds=600, audience=parts.PARTS)


@pytest.mark.parametrize(("part", "method", "path"), OPERATIONS, ids=lambda each: str(each))
def test_no_request_is_answered_with_a_fault_or_in_an_unknown_shape(
    schemas: dict[str, Any], token: str, part: str, method: str, path: str
) -> None:
    operation = schemas[part][path][method]

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE))
    def calls(case: Any) -> None:
        if isinstance(case.query, dict):
            case.query.pop("wait", None)  # a long poll has nothing to wait for here
        case.headers = {**(case.headers or {}), "Peiyu-Identity": token}
        answer = case.call()
        described = [] if answer.status_code in UNDESCRIBED else [status_code_conformance, response_schema_conformance]
        case.validate_response(answer, checks=[not_a_server_error, *described])

    calls()
