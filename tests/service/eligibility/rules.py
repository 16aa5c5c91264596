"""Drafts of shipped packs with other figures, and the way from a draft to a pack in use."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from chassis.jobs import JobRunner
from peiyu.parts import ROOT
from services.eligibility.app import PREFIX
from services.eligibility.jobs import simulation_job
from services.eligibility.use_cases.activate_packs import activate_packs

if TYPE_CHECKING:
    from tests.service.eligibility.conftest import Eligibility

POLICIES: Path = ROOT / "services" / "eligibility" / "policies"
PACK = "miit-63-2022-innovative"
TITLE = "innovative_sme"
SHIPPED = (POLICIES / f"{PACK}.yaml").read_text("utf-8")
TOTAL = 'total: ">= 60 分"'
CASES = f"""\
pack: {PACK}
cases:
  - name: 没有资料时不下结论
    application_date: 2026-06-30
    expect: {{verdict: unknown}}
"""


def stricter(points: int = 99) -> str:
    """The shipped pack with another total: the enterprise of these tests loses at 99 points."""
    assert TOTAL in SHIPPED
    return SHIPPED.replace(TOTAL, f'total: ">= {points} 分"')


class Office:
    """What an official does with packs, through the API, and what the worker does then."""

    def __init__(self, client: TestClient, eligibility: Eligibility) -> None:
        self.client = client
        self.eligibility = eligibility

    @property
    def db(self) -> Database:
        return self.eligibility.db

    def post(self, source: str, cases: str | None = CASES) -> str:
        answer = self.client.post(f"{PREFIX}/packs", json={"source": source, "cases": cases})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["sha256"])

    def read(self, sha256: str) -> dict[str, Any]:
        answer = self.client.get(f"{PREFIX}/packs/{sha256}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def test(self, sha256: str) -> dict[str, Any]:
        answer = self.client.post(f"{PREFIX}/packs/{sha256}/tests")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def simulate(self, sha256: str, **wanted: Any) -> dict[str, Any]:
        """Ask, let the worker compute, and read the result."""
        answer = self.client.post(f"{PREFIX}/simulations", json={"pack": sha256, **wanted})
        assert answer.status_code == 202, answer.text
        self.work()
        found: dict[str, Any] = self.client.get(answer.headers["location"]).json()
        return found

    def work(self) -> None:
        job = simulation_job(self.eligibility.catalog, self.eligibility.sizes, self.eligibility.codes)
        while JobRunner(self.db, {job.name: job}).run_once():
            pass

    def schedule(self, sha256: str, day: dt.date | None = None, *, without_cases: bool = True) -> Any:
        """The drafts of these tests bring one case where the shipped version has more than a hundred."""
        wanted = {"activates_on": (day or clock.today()).isoformat(), "without_cases": without_cases}
        return self.client.post(f"{PREFIX}/packs/{sha256}/schedule", json=wanted)

    def turn(self) -> int:
        """One turn of the worker's schedule."""
        with self.db.transaction() as tx:
            return activate_packs(tx, self.eligibility.catalog, self.eligibility.sizes)

    def ready(self, source: str) -> str:
        """A draft that may be scheduled: its cases passed, its simulation done."""
        sha256 = self.post(source)
        assert self.test(sha256)["green"]
        assert self.simulate(sha256)["state"]["code"] == "done"
        return sha256

    def use(self, source: str) -> str:
        """The draft in use from today on."""
        sha256 = self.ready(source)
        assert self.schedule(sha256).status_code == 200
        assert self.turn() == 1
        return sha256


def shipped_hash(office: Office) -> str:
    """Of the version in use."""
    found = office.client.get(f"{PREFIX}/packs", params={"pack_id": PACK, "state": "active"}).json()
    assert len(found) == 1
    return str(found[0]["sha256"])
