"""Judgements asked of officials: opened, told when nothing else is missing, closed by the answer, asked again."""

import copy
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from services.eligibility.app import PREFIX, create_app
from services.eligibility.settings import Settings
from services.eligibility.store.pending import Pending
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import SPECIALIZED, USCC, YEAR, Eligibility, facts, registered, title

FINDING = "market_position_leading"
MIDSUMMER = dt.datetime(YEAR + 1, 6, 30, 4, 0, tzinfo=dt.UTC)
"""Away from the turn of a year, whenever the tests run."""


@pytest.fixture(autouse=True)
def summer() -> Iterator[None]:
    with clock.frozen(MIDSUMMER):
        yield


def judged(decision: str, until: dt.date | None = None) -> dict[int, dict[str, Any]]:
    value = {"decision": decision, "reason": "省内同类产品前三", "evidence": "行业协会证明",
             "valid_until": until.isoformat() if until else None}  # fmt: skip
    known = copy.deepcopy(SPECIALIZED)
    known[0][FINDING] = value
    return known


def told(db: Database) -> list[dict[str, Any]]:
    query = "SELECT payload FROM outbox WHERE type = 'eligibility.finding-requested.v1' ORDER BY id"
    with db.reading() as tx:
        return [row[0] for row in tx.session.execute(text(query))]


def requests(client: TestClient, **filters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(
        f"{PREFIX}/findings-requests", params={"finding": FINDING} | filters
    ).json()["items"]
    return found


def new_day(eligibility: Eligibility) -> None:
    with eligibility.db.transaction() as tx:
        Pending(tx).add_all()
    eligibility.assess()


@pytest.fixture
def waiting(eligibility: Eligibility) -> Eligibility:
    """An enterprise that lacks the finding alone."""
    eligibility.tell(registered(), title("innovative_sme"), facts(SPECIALIZED))
    eligibility.assess()
    return eligibility


def test_the_last_thing_missing_is_asked_for_with_clause_and_evidence_and_told_once(
    waiting: Eligibility, client: TestClient, db: Database
) -> None:
    [request] = requests(client)
    assert (request["finding"]["code"], request["state"]["code"], request["decisive"]) == (FINDING, "open", True)
    assert request["evidence"] == ["企业说明", "行业协会或第三方材料"]
    [asking] = request["titles"]
    assert asking["title"] == {"code": "specialized_sme", "label": "专精特新中小企业"}
    [rule] = asking["conditions"]
    assert (rule["document"], rule["clause"]) == ("工信部企业〔2026〕2号", "附件1 第五项")
    assert "知名度" in rule["quote"]
    assert request["answer_at"] == f"/api/registry/v1/enterprises/{USCC}/findings"
    [event] = told(db)
    assert (event["uscc"], event["request_id"], event["opening"]) == (USCC, request["id"], 1)
    assert event["document"] == "工信部企业〔2026〕2号 附件1 第五项"
    assert event["title_labels"] == ["专精特新中小企业"]
    waiting.tell(facts(SPECIALIZED, version=3))
    waiting.assess()
    new_day(waiting)
    assert len(told(db)) == 1, "it still waits; that is no news"


def test_a_finding_among_other_gaps_is_listed_and_tells_nobody(
    eligibility: Eligibility, client: TestClient, db: Database
) -> None:
    eligibility.tell(registered())
    eligibility.assess()
    [request] = requests(client, state="open")
    assert (request["decisive"], request["announced_at"]) == (False, None)
    assert told(db) == []
    eligibility.tell(title("innovative_sme"), facts(SPECIALIZED))
    eligibility.assess()
    [later] = requests(client, decisive=True)
    assert later["id"] == request["id"], "the same request, now the last thing missing"
    assert len(told(db)) == 1


def test_the_answer_closes_it_and_its_end_opens_it_again(
    waiting: Eligibility, client: TestClient, db: Database
) -> None:
    until = dt.date(YEAR + 1, 7, 10)
    waiting.tell(facts(judged("met", until), version=4))
    waiting.assess()
    [request] = requests(client)
    assert (request["state"]["code"], request["closed_because"]["code"]) == ("closed", "answered")
    with clock.frozen(MIDSUMMER + dt.timedelta(days=10)):
        new_day(waiting)
    assert requests(client, state="open") == [], "the last day counts"
    with clock.frozen(MIDSUMMER + dt.timedelta(days=11)):
        new_day(waiting)
    [again] = requests(client, state="open")
    assert (again["id"], again["openings"], again["closed_at"]) == (request["id"], 2, None)
    assert [event["opening"] for event in told(db)] == [1, 2]


@pytest.mark.parametrize("decision", ["met", "unmet"])
def test_an_answer_either_way_is_an_answer(waiting: Eligibility, client: TestClient, decision: str) -> None:
    waiting.tell(facts(judged(decision), version=4))
    waiting.assess()
    [request] = requests(client)
    assert request["closed_because"] == {"code": "answered", "label": "已认定"}
    verdict = client.get(f"{PREFIX}/assessments", params={"title": "specialized_sme"}).json()["items"][0]["verdict"]
    assert verdict["code"] == {"met": "eligible", "unmet": "not_eligible"}[decision]


def test_where_something_else_fails_nobody_is_asked_any_more(waiting: Eligibility, client: TestClient) -> None:
    worse = copy.deepcopy(SPECIALIZED)
    worse[0]["abnormal_list"] = True
    waiting.tell(facts(worse, version=4))
    waiting.assess()
    [request] = requests(client)
    assert (request["state"]["code"], request["closed_because"]["code"]) == ("closed", "not_needed")


def test_assessing_again_without_news_writes_no_request(waiting: Eligibility, db: Database) -> None:
    def version() -> Any:
        with db.reading() as tx:
            return tx.session.scalar(text("SELECT xmin::text FROM findings_requests"))

    before = version()
    new_day(waiting)
    assert version() == before


def test_requests_are_paged_filtered_and_bounded_by_areas(
    eligibility: Eligibility, client: TestClient, db: Database, settings: Settings, identities: Identities
) -> None:
    codes = ["91341302MA2N0C3K5X", "91341302MA2N0C3K6X", "91500107MA5U0C3K7X"]
    for code, district in zip(codes, ["341302", "341302", "500107"], strict=True):
        eligibility.tell(registered(code, district_code=district))
    eligibility.assess()
    first = client.get(f"{PREFIX}/findings-requests", params={"limit": 2, "finding": FINDING})
    assert 'rel="next"' in first.headers["link"]
    rest = client.get(
        f"{PREFIX}/findings-requests", params={"limit": 2, "finding": FINDING, "cursor": first.json()["next_cursor"]}
    ).json()
    assert rest["next_cursor"] is None
    assert {each["uscc"] for each in first.json()["items"] + rest["items"]} == set(codes)
    assert {each["uscc"] for each in requests(client, district="3413")} == set(codes[:2])
    assert len(requests(client, finding=FINDING, title="specialized_sme", state="open")) == 3
    assert requests(client, title="innovative_sme") == []
    assert requests(client, decisive=True) == []
    assert client.get(f"{PREFIX}/findings-requests", params={"state": "lost"}).status_code == 422
    suzhou = TestClient(
        create_app(settings, db), headers=identities.headers(scopes=["assessments:read"], areas=["3413"])
    )
    assert {each["uscc"] for each in requests(suzhou)} == set(codes[:2])
    [far] = requests(client, uscc=codes[2])
    answer = suzhou.get(f"{PREFIX}/findings-requests/{far['id']}")
    assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")
    assert client.get(f"{PREFIX}/findings-requests/{far['id']}").json() == far
