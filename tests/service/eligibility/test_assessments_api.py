"""Assessments over HTTP: answers with their grounds, stated facts, lists, figures."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from chassis.db import Database
from services.eligibility.app import PREFIX, create_app
from services.eligibility.settings import Settings
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import (
    INNOVATIVE,
    USCC,
    YEAR,
    Eligibility,
    facts,
    registered,
    rows,
    titles_with_rules,
)


def test_the_answer_gives_value_threshold_points_clause_and_quotation(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    body = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"}).json()
    assert body["verdict"] == {"code": "eligible", "label": "测算符合条件"}
    assert body["route"] == "score"
    assert "不作为认定依据" in body["disclaimer"]
    assert body["synthetic"] is True
    rd = next(each for each in body["conditions"] if each["id"] == "CX-2")
    assert rd["points"] == {"low": "20", "high": "20", "max": "20"}, "5% exactly is on the upper band (A-02)"
    assert "5" in rd["value"]
    assert rd["clause"]
    assert rd["quote"]
    assert rd["document"]["number"] == "工信部企业〔2022〕63号"
    assert {(each["fact"], each["fiscal_year"]) for each in rd["inputs"]} == {
        ("rd_expense_yuan", YEAR),
        ("revenue_yuan", YEAR),
    }
    assert all(each["source"]["code"] == "audit_report" for each in rd["inputs"])
    again = client.get(f"{PREFIX}/assessments/{body['id']}").json()
    for part in ("verdict", "conditions", "routes", "score", "reasons", "pack"):
        assert again[part] == body[part], f"{part} is explained differently the second time"


def test_facts_in_the_body_are_assessed_and_nothing_is_stored(client: TestClient, db: Database) -> None:
    stated = [
        {"fact": name, "value": value, **({"fiscal_year": year} if year else {})}
        for year, values in INNOVATIVE.items()
        for name, value in values.items()
    ]
    wanted = {"title": "innovative_sme", "facts": stated, "titles": [], "industry_code": "3484"}
    answer = client.post(f"{PREFIX}/assessments", json=wanted)
    assert (answer.status_code, answer.json()["verdict"]["code"]) == (200, "eligible")
    assert answer.json()["id"] is None
    assert (rows(db), rows(db, "outbox")) == (0, 0)


def test_a_fact_stated_twice_is_refused(client: TestClient) -> None:
    twice = [{"fact": "revenue_yuan", "value": value, "fiscal_year": YEAR} for value in ("1", "2")]
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": twice})
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [("facts[1].fact", "repeated")]


def test_money_may_be_stated_in_wan_yuan(client: TestClient) -> None:
    facts_given = [
        {"fact": "revenue_yuan", "value": "3200", "unit": "万元", "fiscal_year": YEAR},
        {"fact": "rd_expense_yuan", "value": "1600000", "fiscal_year": YEAR},
    ]
    body = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": facts_given}).json()
    rd = next(each for each in body["conditions"] if each["id"] == "CX-2")
    assert rd["points"]["low"] == "20"


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"fact": "no_such_fact", "value": 1}, "facts[0].fact", "unknown-fact"),
        ({"fact": "revenue_yuan", "value": "1"}, "facts[0].fiscal_year", "missing"),
        ({"fact": "legal_person", "value": True, "fiscal_year": 2025}, "facts[0].fiscal_year", "unexpected"),
        ({"fact": "revenue_yuan", "value": "many", "fiscal_year": 2025}, "facts[0].value", "wrong-value"),
    ],
)
def test_a_stated_fact_that_cannot_be_read_is_named(
    client: TestClient, given: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": [given]})
    assert answer.status_code == 422
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [(field, code)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": "innovative_sme"}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": USCC, "facts": []}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": "not-a-code"}, 422, "validation-failed"),
        ({"title": "innovative_sme", "uscc": USCC}, 404, "enterprise-not-known"),
        ({"title": "unicorn", "facts": []}, 422, "stated-facts-invalid"),
        ({"title": "suzhou_growing_micro", "facts": []}, 422, "no-pack-in-force"),
        ({"title": "suzhou_growing_micro", "facts": [], "district_code": "370102"}, 422, "no-pack-in-force"),
        ({"title": "suzhou_growing_micro", "facts": [], "district_code": "宿州"}, 422, "validation-failed"),
        ({"title": "suzhou_growing_micro", "uscc": USCC, "district_code": "341302"}, 422, "validation-failed"),
        ({"title": "specialized_sme", "facts": [], "application_date": "2022-06-30"}, 422, "no-pack-in-force"),
    ],
)
def test_what_cannot_be_assessed_is_refused(client: TestClient, body: Any, status: int, code: str) -> None:
    answer = client.post(f"{PREFIX}/assessments", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lists_are_paged_filtered_and_bounded_by_the_callers_areas(
    eligibility: Eligibility, client: TestClient, db: Database, settings: Settings, identities: Identities
) -> None:
    others = ["91341302MA2N0C3K5X", "91341302MA2N0C3K6X", "91500107MA5U0C3K7X"]
    for code, district in zip(others, ["341302", "341302", "500107"], strict=True):
        eligibility.tell(registered(code, district_code=district))
    eligibility.assess()
    made = 2 * len(titles_with_rules("341302")) + len(titles_with_rules("500107"))
    first = client.get(f"{PREFIX}/assessments", params={"limit": made - 2})
    assert len(first.json()["items"]) == made - 2
    assert 'rel="next"' in first.headers["link"]
    following = {"limit": made - 2, "cursor": first.json()["next_cursor"]}
    second = client.get(f"{PREFIX}/assessments", params=following).json()
    assert len(second["items"]) == 2
    assert second["next_cursor"] is None
    seen = [(item["uscc"], item["title"]["code"]) for item in first.json()["items"] + second["items"]]
    assert len(set(seen)) == made
    suzhou = TestClient(
        create_app(settings, db), headers=identities.headers(scopes=["assessments:read"], areas=["3413"])
    )
    assert {item["uscc"] for item in suzhou.get(f"{PREFIX}/assessments").json()["items"]} == set(others[:2])
    answer = suzhou.get(f"{PREFIX}/enterprises/{others[2]}/assessments")
    assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")
    own = TestClient(
        create_app(settings, db),
        headers=identities.headers(roles=["enterprise"], scopes=["assessments:read"], areas=[], uscc=others[2]),
    )
    assert {item["uscc"] for item in own.get(f"{PREFIX}/assessments").json()["items"]} == {others[2]}
    assert own.get(f"{PREFIX}/enterprises/{others[0]}/assessments").status_code == 404


def test_the_figures_add_up(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    before = client.get(f"{PREFIX}/statistics").json()
    assert (before["enterprises"], before["pending"], before["verdicts"]) == (1, 1, [])
    eligibility.assess()
    after = client.get(f"{PREFIX}/statistics").json()
    assert (after["enterprises"], after["pending"]) == (1, 0)
    assert sum(each["count"] for each in after["verdicts"]) == len(titles_with_rules())
