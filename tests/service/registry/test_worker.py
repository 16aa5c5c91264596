"""What the registry does without being asked, and what it needs to be ready."""

from __future__ import annotations

import datetime as dt
import threading

from sqlalchemy import text

from chassis import clock
from chassis.bus import open_bus
from chassis.db import Database
from chassis.worker import beat
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare
from services.registry.settings import EXPECTED, Settings
from services.registry.store.reference import reference
from services.registry.use_cases.expire_titles import expire_titles
from services.registry.worker import build_worker
from tests.fixtures.database import Templates
from tests.service.registry.conftest import Registry


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []


def test_the_worker_has_every_loop_that_readiness_asks_for(settings: Settings, db: Database) -> None:
    bus = open_bus("postgresql://nobody@localhost:1/bus")
    names = {loop.name for loop in build_worker(settings, db, bus).loops}
    bus.close()
    assert set(EXPECTED) <= names


def test_ready_means_migrated_loaded_and_worked_for(registry: Registry) -> None:
    answer = registry.client.get("/health/ready")
    assert answer.status_code == 503
    assert {name: check["status"] for name, check in answer.json()["checks"].items()} == {
        "database": "ok",
        "migrations": "ok",
        "reference": "ok",
        "search": "ok",
        "worker": "failed",
    }
    for name in EXPECTED:
        beat(registry.db, name)
    assert registry.client.get("/health/ready").status_code == 200


def test_reference_tables_are_loaded_once_and_replaced_when_they_differ(templates: Templates) -> None:
    with templates.copy("registry-empty", MIGRATIONS) as db:
        several = [threading.Thread(target=prepare, args=(db,)) for _ in range(3)]
        for thread in several:
            thread.start()
        for thread in several:
            thread.join()
        with db.reading() as tx:
            known = reference(tx)
            assert len(known.places.divisions.current) == 3225
            assert len(known.industries.by_code) == 1972
        with db.transaction() as tx:
            assert tx.session.scalar(text("SELECT count(*) FROM audit_log WHERE action = 'reference-loaded'")) == 1
            tx.session.execute(text("UPDATE reference_loads SET sha256 = 'older'"))
            tx.session.execute(text("DELETE FROM regions WHERE code = '341302'"))
        prepare(db)
        with db.reading() as tx:
            assert reference(tx).places.name_of("341302") == "安徽省宿州市埇桥区"


def test_titles_expire_the_day_after_their_last_and_reviews_do_not(registry: Registry) -> None:
    one, two, three = (registry.register(number) for number in (1, 2, 3))
    last = clock.today() + dt.timedelta(days=10)
    for code, state in ((one, "valid"), (two, "under_review")):
        title = {"title": "high_tech", "document_number": "测〔2026〕1号", "valid_to": last.isoformat(), "state": state}
        assert registry.post(f"/enterprises/{code}/titles", title).status_code == 201
    registry.post(f"/enterprises/{three}/titles", {"title": "high_tech", "document_number": "测〔2026〕2号"})
    for days, expired in ((0, 0), (1, 1), (2, 0)):
        noon = dt.datetime.combine(last + dt.timedelta(days=days), dt.time(4), dt.UTC)
        with clock.frozen(noon), registry.db.transaction() as tx:
            assert expire_titles(tx) == expired, days
    event = registry.events("title-recorded")[-1]
    assert (event["uscc"], event["record"]["state"], event["version"]) == (one, "expired", 3)
    assert registry.get("/enterprises", params={"title": "high_tech"}).json()["items"][0]["uscc"] in (two, three)
    assert len(registry.get("/enterprises", params={"title": "high_tech"}).json()["items"]) == 2


def test_midnight_is_that_of_shanghai(registry: Registry) -> None:
    code = registry.register(1)
    last = clock.today() + dt.timedelta(days=10)
    title = {"title": "high_tech", "document_number": "测〔2026〕1号", "valid_to": last.isoformat()}
    registry.post(f"/enterprises/{code}/titles", title)
    midnight = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), clock.SHANGHAI)
    with registry.db.transaction() as tx:
        with clock.frozen(midnight - dt.timedelta(seconds=1)):
            assert expire_titles(tx) == 0
        with clock.frozen(midnight):
            assert expire_titles(tx) == 1
