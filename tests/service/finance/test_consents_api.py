"""Consents: given by the enterprise or recorded from a stamped 授权书, withdrawn, expired; each announced once."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from chassis.plumbing import AuditRow, OutboxRow
from services.finance.use_cases.expire_consents import expire_consents
from tests.fixtures.identity import Identities
from tests.service.finance.conftest import problem
from tests.service.finance.world import PREFIX, deliver, registered, uscc

CONSENTS = f"{PREFIX}/consents"
OURS, OTHERS, UNKNOWN = uscc(1), uscc(2), uscc(3)


@pytest.fixture(autouse=True)
def enterprises(db: Database) -> None:
    deliver(db, registered(OURS), registered(OTHERS, district_code="321102"))


@pytest.fixture
def own_headers(identities: Identities) -> dict[str, str]:
    return identities.headers(
        roles=["enterprise"], scopes=["consents:read", "consents:write"], areas=[], uscc=OURS, subject="ours"
    )


def terms(code: str = OURS, **changes: Any) -> dict[str, Any]:
    expires = clock.today() + dt.timedelta(days=365)
    values = {
        "uscc": code,
        "institution": "demo-bank-a",
        "purpose": "credit_assessment",
        "expires_on": expires.isoformat(),
        "document_reference": "合成授权书-00001-1",
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def announced(db: Database) -> list[str]:
    with db.reading() as tx:
        query = select(OutboxRow).where(OutboxRow.type == "finance.consent-changed.v1").order_by(OutboxRow.id)
        return [row.payload["state"] for row in tx.session.scalars(query)]


def test_an_enterprise_gives_and_withdraws(db: Database, client: TestClient, own_headers: dict[str, str]) -> None:
    given = client.post(CONSENTS, json=terms(document_reference=None), headers=own_headers)
    assert given.status_code == 201
    assert given.json()["state"] == {"code": "given", "label": "有效"}
    assert given.json()["on_behalf"] is False
    url = f"{CONSENTS}/{given.json()['id']}/withdraw"
    for _ in range(2):  # withdrawn again, nothing happens
        withdrawn = client.post(url, headers=own_headers)
        assert withdrawn.status_code == 200
        assert withdrawn.json()["state"]["code"] == "withdrawn"
    assert announced(db) == ["given", "withdrawn"]
    with db.reading() as tx:
        query = select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == OURS).order_by(AuditRow.id)
        assert tx.session.execute(query).all() == [("consent.given", "ours"), ("consent.withdrawn", "ours")]


def test_a_keyed_consent_is_recorded_once(db: Database, client: TestClient, own_headers: dict[str, str]) -> None:
    keyed = {**own_headers, "Idempotency-Key": "once"}
    first, second = (client.post(CONSENTS, json=terms(), headers=keyed) for _ in range(2))
    assert first.json() == second.json()
    assert announced(db) == ["given"]


def test_the_same_consent_is_not_given_twice(client: TestClient, own_headers: dict[str, str]) -> None:
    assert client.post(CONSENTS, json=terms(), headers=own_headers).status_code == 201
    assert problem(client.post(CONSENTS, json=terms(), headers=own_headers)) == (409, "consent-already-given")
    assert client.post(CONSENTS, json=terms(purpose="matching"), headers=own_headers).status_code == 201


def test_an_enterprise_acts_for_itself_only(
    client: TestClient, own_headers: dict[str, str], identities: Identities
) -> None:
    theirs = identities.headers(roles=["enterprise"], scopes=["consents:read", "consents:write"], areas=[], uscc=OTHERS)
    consent = client.post(CONSENTS, json=terms(), headers=own_headers).json()["id"]
    assert problem(client.post(CONSENTS, json=terms(OTHERS), headers=own_headers)) == (
        403,
        "consent-for-another-enterprise",
    )
    assert problem(client.post(f"{CONSENTS}/{consent}/withdraw", headers=theirs)) == (404, "consent-not-found")
    assert client.get(CONSENTS, headers=theirs).json()["items"] == []
    assert problem(client.get(f"{CONSENTS}?uscc={OURS}", headers=theirs))[0] == 403
    assert [item["id"] for item in client.get(CONSENTS, headers=own_headers).json()["items"]] == [consent]


def test_an_enterprise_client_without_a_credit_code_sees_nothing(client: TestClient, identities: Identities) -> None:
    nobody = identities.headers(roles=["enterprise"], scopes=["consents:read", "consents:write"], areas=["*"])
    assert client.get(CONSENTS, headers=nobody).json()["items"] == []
    assert client.post(CONSENTS, json=terms(), headers=nobody).status_code == 403


def test_an_officer_records_from_the_document(
    db: Database, client: TestClient, officer_headers: dict[str, str]
) -> None:
    missing = client.post(CONSENTS, json=terms(document_reference=None), headers=officer_headers)
    assert problem(missing) == (422, "consent-terms-invalid")
    assert [item["field"] for item in missing.json()["errors"]] == ["document_reference"]
    given = client.post(CONSENTS, json=terms(), headers=officer_headers)
    assert given.json()["on_behalf"] is True
    outside = client.post(CONSENTS, json=terms(OTHERS), headers=officer_headers)
    assert problem(outside) == (403, "outside-jurisdiction")
    assert problem(client.post(CONSENTS, json=terms(UNKNOWN), headers=officer_headers)) == (
        404,
        "consent-enterprise-unknown",
    )
    assert announced(db) == ["given"]


def test_officers_list_the_consents_of_their_areas(
    client: TestClient, officer_headers: dict[str, str], identities: Identities
) -> None:
    everywhere = identities.headers(roles=["system"], scopes=["consents:read", "consents:write"], areas=["*"])
    for code in (OURS, OTHERS):
        for institution in ("demo-bank-a", "demo-bank-b"):
            assert client.post(CONSENTS, json=terms(code, institution=institution), headers=everywhere).is_success

    def found(headers: dict[str, str], query: str = "") -> list[tuple[str, str]]:
        items = client.get(f"{CONSENTS}?{query}", headers=headers).json()["items"]
        return [(item["uscc"], item["institution"]) for item in items]

    assert found(everywhere) == [
        (OTHERS, "demo-bank-b"),
        (OTHERS, "demo-bank-a"),
        (OURS, "demo-bank-b"),
        (OURS, "demo-bank-a"),
    ]
    assert found(officer_headers) == [(OURS, "demo-bank-b"), (OURS, "demo-bank-a")]
    assert found(everywhere, f"uscc={OTHERS}&institution=demo-bank-a") == [(OTHERS, "demo-bank-a")]
    assert found(everywhere, "state=withdrawn") == []
    first = client.get(f"{CONSENTS}?limit=3", headers=everywhere).json()
    assert found(everywhere, f"cursor={first['next_cursor']}") == [(OURS, "demo-bank-a")]
    nowhere = identities.headers(roles=["officer"], scopes=["consents:read"], areas=[])
    assert found(nowhere) == []


def test_a_consent_expires_after_its_last_day(db: Database, client: TestClient, own_headers: dict[str, str]) -> None:
    today = clock.today()
    consent = client.post(CONSENTS, json=terms(expires_on=today.isoformat()), headers=own_headers).json()["id"]
    with db.transaction() as tx:
        assert expire_consents(tx) == 0
    with clock.frozen(clock.now() + dt.timedelta(days=1)), db.transaction() as tx:
        assert expire_consents(tx) == 1
    assert client.get(CONSENTS, headers=own_headers).json()["items"][0]["state"]["label"] == "已到期"
    assert problem(client.post(f"{CONSENTS}/{consent}/withdraw", headers=own_headers)) == (409, "consent-expired")
    assert announced(db) == ["given", "expired"]


def test_terms_that_make_no_sense_are_refused(client: TestClient, own_headers: dict[str, str]) -> None:
    for change in (
        {"uscc": "91341300MA000000"},
        {"institution": ""},
        {"institution": "a\u0000b"},
        {"purpose": " "},
        {"purpose": "x" * 201},
        {"expires_on": "2020-01-01"},
        {"expires_on": "tomorrow"},
        {"amount": 5},
    ):
        answer = client.post(CONSENTS, json=terms(**change), headers=own_headers)  # type: ignore[arg-type]
        assert answer.status_code == 422, change
        assert [item["field"] for item in answer.json()["errors"]] == list(change)


def test_the_default_scopes_of_an_officer_do_not_write_consents(client: TestClient, identities: Identities) -> None:
    reader = identities.headers(roles=["officer"], scopes=["consents:read"])
    assert problem(client.post(CONSENTS, json=terms(), headers=reader)) == (403, "scope-missing")
