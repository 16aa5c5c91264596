"""The worker as it runs: events come in over the bus, the list is published within seconds, one publisher leads."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.bus import Bus, Envelope, encode, load_topics, open_bus
from chassis.clock import now
from chassis.db import Database
from contracts.events.base import Event
from services.finance.settings import EXPECTED, Settings
from services.finance.store.queries import last_epoch
from services.finance.worker import build_worker, feed_signer
from tests.service.finance.world import Bank, cancelled, deliver, number, publisher, recorded, registered, uscc
from tests.support.postgres import Server

TOPICS = Path(__file__).parents[3] / "deploy" / "topics.yaml"


@pytest.fixture
def bus(postgres: Server) -> Iterator[Bus]:
    name = f"finance_bus_{uuid.uuid4().hex[:8]}"
    postgres.create(name)
    opened = open_bus(postgres.libpq_url(name))
    opened.apply_topics(load_topics(TOPICS))
    yield opened
    opened.close()
    postgres.drop(name)


def send(bus: Bus, *events: Event) -> None:
    producer = bus.producer()
    for event in events:
        envelope = Envelope(
            id=str(uuid.uuid4()),
            type=event.type,
            source="/peiyu/registry",
            subject=event.key,
            time=now(),
            correlation_id="import-7",
            traceparent=None,
        )
        message = encode(event.topic, event.key, envelope, event.model_dump_json().encode())
        assert producer.publish([message, message]) == [None, None]  # each is delivered twice
    producer.close()


def until(what: Callable[[], bool], seconds: float = 20.0) -> float:
    """How long it took until `what` held."""
    started = time.monotonic()
    while not what():
        assert time.monotonic() - started < seconds
        time.sleep(0.05)
    return time.monotonic() - started


def test_an_event_on_the_bus_is_on_the_list_within_seconds(
    settings: Settings, db: Database, bus: Bus, client: TestClient, bank: Bank
) -> None:
    worker = build_worker(settings, db, bus)
    assert {loop.name for loop in worker.loops} == set(EXPECTED)
    stop = threading.Event()
    worker.start(stop)
    try:
        until(lambda: client.get("/health/ready").status_code == 200)
        send(bus, registered(uscc(1)), recorded(uscc(1), "t-1", 2), recorded(uscc(2), "t-2", 1))
        until(lambda: bank.advance() >= 0 and len(bank.rows) == 2)
        assert until(lambda: bank.snapshot() == (bank.after, bank.content())) < 10
        send(bus, cancelled(uscc(1), "t-1", 3))
        assert until(lambda: bank.advance() == 1) < 5
        until(lambda: bank.snapshot() == (bank.after, bank.content()))
        assert set(bank.rows) == {(uscc(2), "t-2")}
        assert bank.seen == [1, 2, 3]
    finally:
        stop.set()
        assert worker.join() == []


def test_two_publishers_do_not_publish_the_same_epoch(db: Database) -> None:
    deliver(db, recorded(uscc(1), "t-1", 1))
    number(db)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.execute(text("SELECT pg_advisory_lock(hashtextextended('whitelist-epochs', 7))"))
        assert publisher(db).publish() is False
        with db.reading() as tx:
            assert last_epoch(tx) is None
        other.execute(text("SELECT pg_advisory_unlock(hashtextextended('whitelist-epochs', 7))"))
    publisher(db).publish()
    with db.reading() as tx:
        found = last_epoch(tx)
        assert found is not None
        assert (found.epoch, found.seq) == (1, 1)


def test_the_local_run_makes_its_own_signing_key_once(settings: Settings) -> None:
    assert feed_signer(settings).kid == feed_signer(settings).kid


def test_production_refuses_to_publish_without_a_key_of_its_own(settings: Settings, tmp_path: Path) -> None:
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(ValueError, match="PEIYU_FEED_KEY_FILE"):
        feed_signer(production)
    with pytest.raises(FileNotFoundError):
        feed_signer(production.model_copy(update={"feed_key_file": tmp_path / "missing.pem"}))
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    assert feed_signer(production.model_copy(update={"feed_key_file": path})).kid
