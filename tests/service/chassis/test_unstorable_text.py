"""Text that PostgreSQL cannot store (NUL, half of a surrogate pair) is a fault of the input, never of the service."""

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI, Form
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.dependencies import ReadTx
from tests.fixtures.identity import Identities
from tests.service.chassis import app as notes

JSON = {"content-type": "application/json"}


@pytest.fixture
def client(db: Database, identities: Identities) -> Iterator[TestClient]:
    app: FastAPI = notes.create(db, identities.verifier("registry"))

    @app.get("/notes/{name}")
    def get_note(actor: notes.Reader, tx: ReadTx, name: str) -> int:
        return tx.session.scalar(text("SELECT count(*) FROM notes WHERE text = :t"), {"t": name}) or 0

    @app.post("/form")
    def post_form(actor: notes.Writer, tx: ReadTx, name: Annotated[str, Form()]) -> int:
        return tx.session.scalar(text("SELECT count(*) FROM notes WHERE text = :t"), {"t": name}) or 0

    @app.post("/json-value")
    def post_json(actor: notes.Writer, tx: ReadTx) -> None:
        tx.session.execute(text("""SELECT '{"a": "\\u0000"}'::jsonb"""))

    @app.post("/division")
    def divide(actor: notes.Writer, tx: ReadTx) -> None:
        tx.session.execute(text("SELECT 1 / 0"))

    headers = identities.headers(scopes=["notes:write", "notes:read"])
    with TestClient(app, raise_server_exceptions=False, headers=headers) as found:
        yield found


def refused(response: object, field: str | None) -> None:
    assert response.status_code == 422, response.text  # type: ignore[attr-defined]
    body = response.json()  # type: ignore[attr-defined]
    assert body["code"] == "validation-failed"
    assert [error["field"] for error in body["errors"]] == ([field] if field else [])


def test_in_the_query(client: TestClient) -> None:
    refused(client.get("/notes?prefix=a%00b"), "prefix")
    assert client.get("/notes?prefix=%ED%A0%80").status_code == 200, "bytes that are no UTF-8 arrive as U+FFFD"


def test_in_the_path(client: TestClient) -> None:
    refused(client.get("/notes/a%00b"), "name")


@pytest.mark.parametrize("bad", ["a\\u0000b", "a\\ud800", "\\udc00\\ud800"])
def test_in_a_json_body(client: TestClient, bad: str) -> None:
    refused(client.post("/notes", content=f'{{"text": "{bad}"}}', headers=JSON), "text")
    refused(client.post("/notes", content=f'{{"text": "a", "x": [1, {{"y": "{bad}"}}]}}', headers=JSON), "x[1].y")
    refused(client.post("/notes", content=f'{{"text": "a", "{bad}": 1}}', headers=JSON), "body")


def test_what_looks_alike_is_taken(client: TestClient) -> None:
    taken = client.post("/notes", content='{"text": "\\ud83d\\ude00 \\\\u0000"}', headers=JSON)
    assert taken.status_code == 201, taken.text
    assert taken.json() == {"text": "😀 \\u0000"}


def test_what_came_another_way_is_caught_where_the_database_refuses_it(client: TestClient) -> None:
    refused(client.post("/form", data={"name": "a\0b"}), None)
    refused(client.post("/json-value"), None)
    assert client.post("/division").status_code == 500, "other faults stay faults"
