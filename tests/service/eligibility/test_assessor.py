"""The assessor at work: who waits, who works at the same time, and what cannot be read."""

import threading

from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from services.eligibility.app import PREFIX
from services.eligibility.handlers import remember_facts
from services.eligibility.use_cases.assess_pending import assess_pending
from tests.service.eligibility.conftest import (
    INNOVATIVE,
    USCC,
    YEAR,
    Eligibility,
    events,
    facts,
    registered,
    rows,
    titles_with_rules,
)


def test_facts_that_are_still_being_written_are_not_assessed_without(eligibility: Eligibility, db: Database) -> None:
    """The enterprise waits already; its facts arrive in a transaction that is still open when the assessor comes."""
    eligibility.tell(registered())
    with db.transaction() as arriving:
        remember_facts(arriving, facts(INNOVATIVE))
        arriving.flush()
        assert eligibility.assess() == 0, "taken now, it would be assessed without them and not again"
    assert eligibility.assess() == 1
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"] == ["eligible"]


def test_a_request_and_the_worker_may_assess_the_same_enterprise_at_once(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    answers: list[int] = []

    def ask() -> None:
        wanted = {"uscc": USCC, "title": "innovative_sme"}
        answers.append(client.post(f"{PREFIX}/assessments", json=wanted).status_code)

    asking = threading.Thread(target=ask)
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 10) == 1
        asking.start()
        asking.join(0.5)
        assert answers == [], "it waits for the worker instead of writing a second current assessment"
    asking.join()
    assert answers == [201]
    assert rows(db) == len(titles_with_rules())
    assert len([e for e in events(db) if e["title"] == "innovative_sme"]) == 1


def test_two_assessors_share_the_work(eligibility: Eligibility, db: Database) -> None:
    """One holds its batch uncommitted; the other takes the rest and neither takes the same enterprise."""
    eligibility.tell(*(registered(f"91341302MA2N0C3K{n}X") for n in range(4)))
    with db.transaction() as one:
        assert assess_pending(one, eligibility.catalog, eligibility.sizes, 2) == 2
        with db.transaction() as two:
            assert assess_pending(two, eligibility.catalog, eligibility.sizes, 10) == 2
    assert rows(db, "pending_assessments") == 0
    assert rows(db) == 4 * len(titles_with_rules())


def test_who_waits_longest_is_assessed_first(eligibility: Eligibility, db: Database) -> None:
    first, second = "91341302MA2N0C3K3X", "91341302MA2N0C3K0X"
    eligibility.tell(registered(first), registered(second), facts(INNOVATIVE, uscc=first))
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 1) == 1
    with db.reading() as tx:
        assert tx.session.scalars(text("SELECT uscc FROM pending_assessments")).all() == [second]


def test_a_change_during_the_assessment_is_assessed_too(eligibility: Eligibility, db: Database) -> None:
    """An event that arrives while the enterprise is being assessed marks it again."""
    eligibility.tell(registered())
    arrived = threading.Thread(target=lambda: eligibility.tell(facts(INNOVATIVE)))
    with db.transaction() as tx:
        assert assess_pending(tx, eligibility.catalog, eligibility.sizes, 10) == 1
        arrived.start()
        arrived.join(0.3)
    arrived.join()
    assert rows(db, "pending_assessments") == 1
    eligibility.assess()
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"][-1] == "eligible"


def test_a_date_to_come_in_an_event_is_kept_and_does_not_count_yet(
    eligibility: Eligibility, client: TestClient
) -> None:
    """Registry refuses it today; what it told before, or a neighbour tells, must not stop the consumer."""
    told = {year: dict(values) for year, values in INNOVATIVE.items()}
    told[0]["science_awards"] = [{"level": "national", "rank": 1, "awarded_on": "2999-01-01"}]
    told[0]["established_on"] = "2999-01-01"
    eligibility.tell(registered(), facts(told))
    assert eligibility.assess() == 1
    found = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"}).json()
    assert [each["status"]["code"] for each in found["conditions"] if each["id"] == "CX-D1"] == ["unmet"]


def test_a_stored_value_that_cannot_be_read_holds_up_nobody(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    """However it came there: its enterprise keeps what it has, the others go on, and what is told anew mends it."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    before = client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"]
    broken = facts(INNOVATIVE, version=3)
    for period in broken.periods:
        if period.fiscal_year == YEAR:
            period.facts["revenue_yuan"]["value"] = "三千万"
    other = "91341302MA2N0C3K5Y"
    eligibility.tell(broken, registered(other), facts(INNOVATIVE, uscc=other))
    assert eligibility.assess() == 2
    assert len(client.get(f"{PREFIX}/assessments", params={"uscc": other}).json()["items"]) == len(before)
    assert client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"] == before
    for path, wanted in (
        ("assessments", {}),
        ("gap-plans", {}),
        ("what-if", {"facts": [{"fact": "headcount", "value": 9, "fiscal_year": YEAR}]}),
    ):
        answer = client.post(f"{PREFIX}/{path}", json={"uscc": USCC, "title": "innovative_sme"} | wanted)
        assert (answer.status_code, answer.json()["code"]) == (409, "stored-fact-unreadable"), path
        assert "三千万" in answer.json()["detail"]
    run = client.post(f"{PREFIX}/batch-runs", json={}).json()
    eligibility.assess()
    assert client.get(f"{PREFIX}/batch-runs/{run['id']}").json()["finished"]
    eligibility.tell(facts(INNOVATIVE, version=4))
    eligibility.assess()
    assert client.get(f"{PREFIX}/assessments", params={"uscc": USCC}).json()["items"] != before
