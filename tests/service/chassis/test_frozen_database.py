"""A database that is frozen, not dead: nothing closes, nothing answers, and nobody may wait for ever."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import bus_postgres, connections, health
from chassis.bus import BusUnavailable, Consumer, Message, TopicSpec
from chassis.bus_postgres import PostgresBus
from chassis.connections import Connection
from chassis.db import Database, DatabaseUnavailable, OutcomeUnknown, libpq_url
from chassis.wake import Waker
from peiyu import diagnosis, revisions
from peiyu.parts import versions
from tests.conformance.rig import eventually, take
from tests.fixtures.identity import Identities
from tests.service.chassis import app as notes
from tests.service.chassis.conftest import MIGRATIONS
from tests.support.frozen import FrozenServer, server_of_its_own

T = TypeVar("T")
HANG_SECONDS = 60
"""Who has not come back by then hangs: everything here is to be over after a second or two."""


@pytest.fixture(scope="module")
def server() -> Iterator[FrozenServer]:
    with server_of_its_own() as found:
        yield found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(Connection, "patience", 1.0)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 1.0)
    monkeypatch.setattr(health, "READY_SECONDS", 0.5)


@pytest.fixture
def db(server: FrozenServer) -> Iterator[Database]:
    found = Database(server.url, name="test", pool_size=2, statement_timeout_seconds=1)
    MIGRATIONS.upgrade(found)
    yield found
    found.close()


def in_time(call: Callable[[], T]) -> T:
    """What `call` returns or raises; fails when it hangs."""
    outcome: list[T | BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HANG_SECONDS)
    assert outcome, "it hangs"
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def add(db: Database, note: str) -> None:
    with db.transaction() as tx:
        tx.session.execute(text("INSERT INTO notes (text) VALUES (:t)"), {"t": note})


def count(db: Database) -> int:
    with db.reading() as tx:
        return tx.session.scalar(text("SELECT count(*) FROM notes")) or 0


def test_a_statement_without_an_answer_is_given_up(server: FrozenServer, db: Database) -> None:
    def work() -> None:
        with db.transaction() as tx:
            tx.session.execute(text("INSERT INTO notes (text) VALUES ('begun')"))
            with server.frozen():
                tx.session.execute(text("SELECT 1"))

    before = count(db)
    with pytest.raises(DatabaseUnavailable, match="数据库暂时无法访问"):
        in_time(work)
    assert count(db) == before, "the database goes on, and the transaction was not committed"


def test_a_new_transaction_is_refused_and_later_served(server: FrozenServer, db: Database) -> None:
    add(db, "warms the pool")
    before = count(db)
    with server.frozen():
        for _ in range(3):  # a pooled connection, then ones that cannot be made
            with pytest.raises(DatabaseUnavailable):
                in_time(lambda: add(db, "never"))
        with pytest.raises(DatabaseUnavailable):
            in_time(db.check)
    add(db, "again")
    assert count(db) == before + 1


def test_a_commit_without_an_answer_may_have_been_made_and_says_so(server: FrozenServer, db: Database) -> None:
    def work() -> None:
        with server.frozen():
            raise_from_commit()

    def raise_from_commit() -> None:
        ready.__exit__(None, None, None)

    before = count(db)
    ready = db.transaction()
    tx = ready.__enter__()
    tx.session.execute(text("INSERT INTO notes (text) VALUES ('perhaps')"))
    with pytest.raises(OutcomeUnknown, match="是否生效尚不确定"):
        in_time(work)
    assert count(db) in (before, before + 1)


def test_work_without_a_statement_timeout_is_given_its_time(db: Database) -> None:
    def slow(**given: int) -> None:
        with db.transaction(**given) as tx:
            tx.session.execute(text("SELECT pg_sleep(2.5)"))

    slow(timeout_seconds=0)
    with pytest.raises(Exception, match="statement timeout"):
        slow()
    with pytest.raises(Exception, match="statement timeout"), db.transaction() as tx:
        tx.session.execute(text("SELECT pg_sleep(2.5)"))
    add(db, "the patience of long work has not stayed with the connection")


def test_readiness_answers_and_names_what_does_not(server: FrozenServer, db: Database, identities: Identities) -> None:
    app = notes.create(db, identities.verifier("registry"))
    with TestClient(app) as client:
        assert client.get("/health/ready").status_code == 200
        with server.frozen():
            answers = in_time(lambda: [client.get("/health/ready") for _ in range(4)])
            assert {answer.status_code for answer in answers} == {503}
            check = answers[0].json()["checks"]["database"]
            assert check == {"status": "failed", "reason": "0.5 秒内没有回答"}
            assert sum(thread.name == "readiness" for thread in threading.enumerate()) == 1, "one asks for all"
            assert in_time(lambda: client.get("/health/live")).status_code == 200
            metrics = in_time(lambda: client.get("/metrics"))
        assert 'peiyu_database_up{service="notes"} 0.0' in metrics.text
        assert "peiyu_http_requests_total" in metrics.text
        ready = in_time(lambda: _first_ready(client))
        assert ready["checks"]["database"] == {"status": "ok"}


def _first_ready(client: TestClient) -> dict[str, dict[str, object]]:
    while (answer := client.get("/health/ready")).status_code != 200:
        pass
    body: dict[str, dict[str, object]] = answer.json()
    return body


def test_a_request_is_answered(server: FrozenServer, db: Database, identities: Identities) -> None:
    app = notes.create(db, identities.verifier("registry"))
    headers = identities.headers(scopes=["notes:write", "notes:read"])
    with TestClient(app, headers=headers) as client:
        assert client.get("/notes").status_code == 200
        with server.frozen():
            answer = in_time(lambda: client.post("/notes", json={"text": "x"}))
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
        assert client.post("/notes", json={"text": "x"}).status_code == 201


def test_the_embedded_bus_says_that_it_is_away(
    server: FrozenServer, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_postgres, "STATEMENT_SECONDS", 1)
    bus = PostgresBus(db.url, member_timeout=2.0)
    bus.apply_topics([TopicSpec("frozen", partitions=1)])
    consumer, producer = bus.consumer("group", ["frozen"]), bus.producer()
    assert producer.publish([Message("frozen", "k", b"1")]) == [None]
    assert len(take(consumer, 1)) == 1
    with server.frozen():
        with pytest.raises(BusUnavailable):
            in_time(lambda: [consumer.poll(0.1, 10) for _ in range(100)])
        outcomes = in_time(lambda: producer.publish([Message("frozen", "k", b"2")]))
        assert isinstance(outcomes[0], BusUnavailable)
    assert eventually(lambda: producer.publish([Message("frozen", "k", b"3")]) == [None])
    assert eventually(lambda: b"3" in _polled(consumer))
    consumer.close()
    producer.close()


def _polled(consumer: Consumer) -> list[bytes]:
    try:
        return [each.value for each in consumer.poll(0.2, 10)]
    except BusUnavailable:
        return []


def test_waiting_for_a_notification_ends(server: FrozenServer, db: Database) -> None:
    waker = Waker(db, "channel")
    waker.wait(threading.Event(), 0.1)
    with server.frozen():
        in_time(lambda: waker.wait(threading.Event(), 1.0))
        waker.close()
        in_time(lambda: waker.wait(threading.Event(), 1.0))
    waker.close()


def test_what_looks_at_a_database_before_the_suite_gives_up_too(server: FrozenServer, db: Database) -> None:
    url = libpq_url(db.url)
    with server.frozen():
        assert not in_time(lambda: revisions.at_head(url, versions("registry")))
        [found] = in_time(lambda: list(diagnosis._database("registry", url)))
    assert "数据库没有应答" in found.found
