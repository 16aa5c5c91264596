"""A router that a service includes obeys the same rules as a route of the application itself."""

from typing import Annotated

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.dependencies import Tx
from chassis.idempotency import Idempotent
from tests.fixtures.identity import Identities
from tests.service.chassis import app as notes


@pytest.fixture
def client(db: Database, identities: Identities) -> TestClient:
    app = notes.create(db, identities.verifier("registry"))
    outer, inner = APIRouter(prefix="/outer"), APIRouter(prefix="/inner")

    @inner.post("/ids")
    def add(tx: Tx, _: Annotated[None, Idempotent] = None) -> dict[str, str]:
        return {"id": tx.context.correlation_id}

    outer.include_router(inner)
    app.include_router(outer, prefix="/api")
    return TestClient(app, raise_server_exceptions=False)


def test_an_unknown_query_parameter_is_refused(client: TestClient) -> None:
    answer = client.post("/api/outer/inner/ids?colour=red")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "colour"


def test_a_keyed_request_is_replayed(client: TestClient) -> None:
    first, second = (client.post("/api/outer/inner/ids", headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.status_code == 200
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
