"""What eligibility does without being asked: its loops are those that readiness wants, and do their work."""

import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from chassis.bus import open_bus
from chassis.db import Database
from services.eligibility.app import PREFIX
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.settings import EXPECTED, Settings
from services.eligibility.worker import build_worker
from tests.service.eligibility.conftest import INNOVATIVE, USCC, facts, registered
from tests.service.eligibility.rules import TITLE, Office, stricter


def test_packs_in_use_before_there_were_periods_serve_since_ever(db: Database) -> None:
    """The statement of migration 0007, on rows as the version before left them."""
    with db.transaction() as tx:
        before = set(tx.session.scalars(text("SELECT hash FROM pack_periods")))
        tx.session.execute(text("DELETE FROM pack_periods"))
        script = (MIGRATIONS.folder / "0007_pack_life_cycle.py").read_text("utf-8")
        statement = next(line.strip().strip('"') for line in script.splitlines() if "INSERT INTO pack_periods" in line)
        tx.session.execute(text(statement))
        after = tx.session.execute(text("SELECT hash, first_on, last_on FROM pack_periods")).all()
    assert {row.hash for row in after} == before
    assert {(row.first_on, row.last_on) for row in after} == {(None, None)}


@pytest.mark.usefixtures("db")
def test_a_worker_simulates_and_activates_by_itself(office: Office, settings: Settings, db: Database) -> None:
    """The jobs, schedules and assess loops of one worker take a draft all the way; nobody calls them."""
    office.eligibility.tell(registered(), facts(INNOVATIVE))
    office.eligibility.assess()
    sha256 = office.post(stricter())
    assert office.test(sha256)["green"]
    made = office.client.post(f"{PREFIX}/simulations", json={"pack": sha256})
    bus = open_bus("postgresql://nobody@localhost:1/bus")
    worker = build_worker(settings, db, bus)
    assert {loop.name for loop in worker.loops} == set(EXPECTED)
    worker.loops = [loop for loop in worker.loops if loop.name in ("jobs", "schedules", "assess")]
    stop = threading.Event()
    worker.start(stop)
    try:
        _until(lambda: office.client.get(made.headers["location"]).json()["state"]["code"] == "done")
        assert office.schedule(sha256).status_code == 200
        _until(lambda: office.read(sha256)["state"] == "active")
        listed = {"title": TITLE, "uscc": USCC}
        _until(
            lambda: (
                office.client.get(f"{PREFIX}/assessments", params=listed).json()["items"][0]["verdict"]["code"]
                == "not_eligible"
            )
        )
    finally:
        stop.set()
        assert worker.join() == []
        bus.close()


def _until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for it: a bound so that a failure ends, no measure of how fast anything is."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.2)
