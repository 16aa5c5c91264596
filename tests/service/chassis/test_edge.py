"""The edge: one transaction per request, committed before the answer leaves; refusals as problem documents."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient
from starlette.types import Message

from chassis import clock, idempotency
from chassis.db import Database
from tests.fixtures.identity import Identities
from tests.service.chassis import app as notes

WRITE = {"scopes": ["notes:write", "notes:read"]}


@pytest.fixture
def app(db: Database, identities: Identities) -> FastAPI:
    return notes.create(db, identities.verifier("registry"))


@pytest.fixture
def client(app: FastAPI, identities: Identities) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, headers=identities.headers(**WRITE)) as found:
        yield found


def count(db: Database, table: str = "notes") -> int:
    with db.reading() as tx:
        return int(tx.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def test_the_commit_has_happened_when_the_status_line_leaves(
    app: FastAPI, db: Database, identities: Identities
) -> None:
    """Raw ASGI: at `http.response.start` another connection already sees the row."""
    seen: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b'{"text": "a"}', "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(await asyncio.to_thread(count, db))
            seen.append(message["status"])

    headers = {**identities.headers(**WRITE), "content-type": "application/json"}
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/notes", "raw_path": b"/notes",
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("t", 80), "client": ("t", 1),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert seen == [1, 201]


def test_a_commit_that_fails_is_not_answered_with_success(client: TestClient, db: Database) -> None:
    """The unique constraint is deferred: only the commit finds the second row, and the client must hear of it."""
    answer = client.post("/notes", json={"text": "twice", "times": 2})
    assert answer.status_code == 500
    assert count(db) == 0
    assert count(db, "audit_log") == 1, "the row that opens the log"


def test_a_refusal_rolls_back_and_is_a_problem_document(client: TestClient, db: Database) -> None:
    answer = client.post("/refused", headers={"X-Correlation-Id": "case-7"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "note-taken"
    assert body["detail"] == "已有同名记录"
    assert body["correlation_id"] == "case-7" == answer.headers["x-correlation-id"]
    assert count(db) == 0


def test_an_unexpected_error_tells_the_caller_nothing_internal(client: TestClient) -> None:
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"
    assert "secret detail" not in answer.text


def test_an_unknown_query_parameter_is_refused_and_the_known_ones_are_named(client: TestClient) -> None:
    answer = client.get("/notes", params={"prefiks": "a"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "prefiks"
    assert "prefix" in answer.json()["errors"][0]["expected"]


def test_an_unknown_body_field_is_refused_with_its_path(client: TestClient, db: Database) -> None:
    answer = client.post("/notes", json={"text": "a", "colour": "red"})
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json()["errors"]] == ["colour"]
    assert count(db) == 0


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "identity-missing"),
        ({"Peiyu-Identity": "forged"}, 401, "identity-invalid"),
        ("no-scope", 403, "scope-missing"),
        ("bank", 403, "role-refused"),
        ("other-audience", 401, "identity-invalid"),
        ("expired", 401, "identity-invalid"),
    ],
)
def test_who_may_not_is_refused(app: FastAPI, identities: Identities, headers: Any, status: int, code: str) -> None:
    from chassis.auth import Actor

    officer = Actor("o", "o", roles=frozenset(["officer"]), scopes=frozenset(["notes:write"]))
    made = {
        "no-scope": identities.headers(scopes=["notes:read"]),
        "bank": identities.headers(roles=["bank"], scopes=["notes:write"]),
        "other-audience": {"Peiyu-Identity": identities.token(officer, audience=["finance"])},
        "expired": {"Peiyu-Identity": identities.token(officer, lifetime_seconds=-60)},
    }
    client = TestClient(
        app, raise_server_exceptions=False, headers=made.get(headers, headers) if isinstance(headers, str) else headers
    )
    answer = client.post("/notes", json={"text": "a"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_is_wrong_with_a_value_is_said_in_chinese(client: TestClient) -> None:
    [item] = client.post("/notes", json={"text": "a", "times": "many"}).json()["errors"]
    assert (item["field"], item["message"], item["expected"]) == ("times", "应为整数", "整数")
    [item] = client.post("/notes", json={"text": "a", "times": 1000}).json()["errors"]
    assert (item["field"], item["message"], item["expected"]) == ("times", "超过允许的最大值", "不大于 100")
    [item] = client.post("/notes", json={}).json()["errors"]
    assert (item["field"], item["message"], item["expected"]) == ("text", "缺少必填项", "填写此项")


def test_the_same_key_gives_the_same_answer_and_one_effect(client: TestClient, db: Database) -> None:
    key = {"Idempotency-Key": "k1"}
    first = client.post("/notes", json={"text": "a"}, headers=key)
    again = client.post("/notes", json={"text": "a"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert count(db) == 1


def test_the_same_key_with_another_body_is_refused(client: TestClient, db: Database) -> None:
    key = {"Idempotency-Key": "k1"}
    client.post("/notes", json={"text": "a"}, headers=key)
    other = client.post("/notes", json={"text": "b"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert count(db) == 1


def test_a_refused_request_leaves_its_key_free(client: TestClient, db: Database) -> None:
    key = {"Idempotency-Key": "k1"}
    assert client.post("/notes", json={"text": "a", "times": 2}, headers=key).status_code == 500
    assert client.post("/notes", json={"text": "a", "times": 1}, headers=key).status_code == 201
    assert count(db) == 1


def test_two_clients_may_use_the_same_key(app: FastAPI, identities: Identities, db: Database) -> None:
    for subject in ("one", "two"):
        client = TestClient(app, headers=identities.headers(**WRITE, subject=subject))
        assert client.post("/notes", json={"text": subject}, headers={"Idempotency-Key": "k"}).status_code == 201
    assert count(db) == 2


def test_ten_at_once_with_one_key_have_one_effect(app: FastAPI, identities: Identities, db: Database) -> None:
    answers: list[tuple[int, bytes]] = []

    def call() -> None:
        client = TestClient(app, headers=identities.headers(**WRITE))
        answer = client.post("/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
        answers.append((answer.status_code, answer.content))

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [answers[0]] * 10
    assert answers[0][0] == 201
    assert count(db) == 1


def test_the_audit_row_names_the_caller_and_the_thread_of_events(client: TestClient, db: Database) -> None:
    client.post("/notes", json={"text": "a"}, headers={"X-Correlation-Id": "case-9"})
    with db.reading() as tx:
        row = tx.session.execute(
            text("SELECT actor, action, correlation_id FROM audit_log WHERE action <> 'audit-log-opened'")
        ).one()
    assert tuple(row) == ("test-officer", "note-added", "case-9")


def test_readiness_is_false_when_the_database_is_gone(identities: Identities) -> None:
    absent = Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1)
    client = TestClient(notes.create(absent, identities.verifier("registry")), headers=identities.headers(**WRITE))
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["checks"]["database"]["status"] == "failed"
    assert client.get("/health/live").status_code == 200
    gone = client.get("/notes")
    assert (gone.status_code, gone.json()["code"]) == (503, "database-unavailable")
    assert "retry-after" in gone.headers
    absent.close()


def test_keys_are_kept_for_seven_days_and_then_forgotten(client: TestClient, db: Database) -> None:
    client.post("/notes", json={"text": "a"}, headers={"Idempotency-Key": "k"})
    with db.transaction() as tx:
        idempotency.purge(tx, clock.now() - idempotency.RETENTION)
    assert count(db, "idempotency_keys") == 1
    with db.transaction() as tx:
        tx.session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '7 days 1 second'"))
        idempotency.purge(tx, clock.now() - idempotency.RETENTION)
    assert count(db, "idempotency_keys") == 0
