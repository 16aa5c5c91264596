"""Changes of one enterprise wait for each other, and not for ever."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from services.registry.app import create_app
from services.registry.settings import Settings
from tests.service.registry.conftest import PREFIX, Registry


def test_many_writers_of_one_enterprise_lose_nothing(registry: Registry) -> None:
    code = registry.register(1)
    years = list(range(2010, 2026))
    answers: list[int] = []

    def write(year: int) -> None:
        stated = {"fact": "revenue_yuan", "value": str(year), "fiscal_year": year, "source": "tax"}
        answers.append(registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": [stated]}).status_code)

    threads = [threading.Thread(target=write, args=(year,)) for year in years]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * len(years)
    versions = [each["version"] for each in registry.events("facts-recorded")]
    assert versions == list(range(2, 2 + len(years))), "versions rise in the order of the events"
    periods = registry.get(f"/enterprises/{code}").json()["facts"]
    assert {each["fiscal_year"] for each in periods} == set(years)


def test_of_two_edits_of_the_same_version_one_is_refused(registry: Registry) -> None:
    code = registry.register(1)
    answers: list[int] = []

    def edit(address: str) -> None:
        body = {"actual_address": address}
        answer = registry.call("PATCH", f"/enterprises/{code}", json=body, headers={"If-Match": '"1"'})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=edit, args=(f"测试路{number}号",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412]
    assert len(registry.events("enterprise-updated")) == 1


def test_who_waits_too_long_is_told_to_come_again(registry: Registry, settings: Settings) -> None:
    """A long import holds its rows; an edit of one of them is refused after the lock timeout, not with a 500."""
    code = registry.register(1)
    impatient = Database(registry.db.url, lock_timeout_seconds=1, pool_size=2)
    client = TestClient(create_app(settings, impatient), raise_server_exceptions=False)
    with registry.db.transaction() as tx:
        tx.session.execute(text("SELECT 1 FROM enterprises FOR UPDATE"))
        answer: Any = client.patch(f"{PREFIX}/enterprises/{code}", json={"name": "新名"}, headers=registry.headers())
    impatient.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "database-busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert registry.get(f"/enterprises/{code}").json()["version"] == 1
