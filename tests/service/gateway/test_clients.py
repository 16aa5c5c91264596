"""Administration of clients, and how soon the data path knows."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from chassis.plumbing import AuditRow
from gateway.bootstrap import Credentials
from gateway.store.tables import SecretRow, UsageRow
from tests.service.gateway.conftest import Make, basic, bearer, token_of

CLIENTS = "/api/gateway/v1/clients"


@pytest.fixture
def admin(client: TestClient, demo: dict[str, Credentials]) -> TestClient:
    client.headers.update(bearer(client, demo["demo-admin"]))
    return client


def new(**changes: Any) -> dict[str, Any]:
    return {"client_id": "bank-a", "name": "甲银行", "role": "bank", "institution": "bank-a"} | changes


def credentials(answer: Any) -> Credentials:
    body = answer.json()
    return Credentials(body["client_id"], body["client_secret"])


def within_two_seconds(client: TestClient, headers: dict[str, str], path: str, status: int) -> float:
    """Seconds until `path` answers with `status`."""
    started = time.monotonic()
    while client.get(path, headers=headers).status_code != status:
        assert time.monotonic() - started < 2, "the gateway must know within two seconds"
        time.sleep(0.02)
    return time.monotonic() - started


def test_a_new_client_can_work_at_once_and_its_secret_is_shown_once(admin: TestClient, db: Database) -> None:
    created = admin.post(CLIENTS, json=new())
    assert created.status_code == 201
    assert created.headers["location"] == f"{CLIENTS}/bank-a"
    assert created.headers["cache-control"] == "no-store"
    body = created.json()
    assert body["role"] == {"code": "bank", "label": "金融机构"}
    assert body["scopes"] == ["whitelist:read"]
    assert token_of(admin, credentials(created)), "without waiting for the next look at the database"
    shown = admin.get(f"{CLIENTS}/bank-a")
    assert "client_secret" not in shown.json()
    assert shown.json()["secrets"][0]["hint"] == body["client_secret"][-4:]
    with db.reading() as tx:
        stored = tx.session.scalar(select(SecretRow.hash).where(SecretRow.client_id == "bank-a")) or ""
        audited = tx.session.execute(select(AuditRow.action, AuditRow.actor).where(AuditRow.subject == "bank-a")).one()
    assert stored.startswith("$argon2id$")
    assert body["client_secret"] not in stored
    assert tuple(audited) == ("client-created", "demo-admin")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"scopes": ["whitelist:read", "clients:admin"]}, "scopes", "scope-beyond-role"),
        ({"role": "emperor"}, "role", "invalid"),
        ({"institution": None}, "institution", "missing"),
        ({"areas": ["34x"]}, "areas", "invalid"),
        ({"areas": ["341"]}, "areas", "invalid"),
        ({"areas": ["341302001"]}, "areas", "invalid"),
        ({"role": "enterprise", "uscc": "123"}, "uscc", "invalid"),
        ({"client_id": "Bad Id"}, "client_id", "string-pattern-mismatch"),
        ({"colour": "red"}, "colour", "extra-forbidden"),
    ],
)
def test_what_does_not_fit_together_is_named(admin: TestClient, changes: Any, field: str, code: str) -> None:
    answer = admin.post(CLIENTS, json=new(**changes))
    assert answer.status_code == 422
    assert [(item["field"], item["code"]) for item in answer.json()["errors"]] == [(field, code)]


def test_an_id_is_given_once(admin: TestClient) -> None:
    assert admin.post(CLIENTS, json=new()).status_code == 201
    again = admin.post(CLIENTS, json=new())
    assert (again.status_code, again.json()["code"]) == (409, "client-taken")
    assert admin.delete(f"{CLIENTS}/bank-a").json()["code"] == "client-still-enabled"
    assert admin.post(f"{CLIENTS}/bank-a/disable").status_code == 200
    assert admin.delete(f"{CLIENTS}/bank-a").status_code == 204
    assert admin.get(f"{CLIENTS}/bank-a").json()["code"] == "client-not-found"
    assert admin.post(CLIENTS, json=new()).json()["code"] == "client-taken"


def test_two_creations_at_once_make_one_client(admin: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: admin.post(CLIENTS, json=new()).status_code, range(4)))
    assert sorted(answers) == [201, 409, 409, 409]


def test_only_an_administrator_may(client: TestClient, demo: dict[str, Credentials]) -> None:
    for name in ("demo-bank", "demo-officer", "demo-leader", "demo-enterprise"):
        headers = bearer(client, demo[name])
        assert client.get(CLIENTS, headers=headers).status_code == 403
        assert client.post(CLIENTS, json=new(), headers=headers).status_code == 403
    assert client.get(CLIENTS).status_code == 401


def test_an_administrator_cannot_become_the_installer(admin: TestClient, installer: Credentials) -> None:
    assert admin.post(CLIENTS, json=new(role="system")).json()["code"] == "system-client-reserved"
    for method, path, body in (
        ("PATCH", "/peiyu-installer", {"name": "x"}),
        ("POST", "/peiyu-installer/secrets", {"grace_seconds": 0}),
        ("POST", "/peiyu-installer/disable", None),
    ):
        assert admin.request(method, CLIENTS + path, json=body).json()["code"] == "system-client-reserved"
    answer = admin.patch(f"{CLIENTS}/demo-admin", json={"areas": ["*"]})
    assert answer.json()["code"] == "client-is-caller"


def test_areas_written_as_whole_codes_are_kept_as_prefixes(admin: TestClient) -> None:
    assert admin.post(CLIENTS, json=new(areas=["341300", "3413"])).json()["areas"] == ["3413"]
    assert admin.patch(f"{CLIENTS}/bank-a", json={"areas": ["340000"]}).json()["areas"] == ["34"]


def test_a_change_needs_the_current_version(admin: TestClient) -> None:
    admin.post(CLIENTS, json=new())
    read = admin.get(f"{CLIENTS}/bank-a")
    etag = read.headers["etag"]
    assert admin.get(f"{CLIENTS}/bank-a", headers={"If-None-Match": etag}).status_code == 304
    changed = admin.patch(f"{CLIENTS}/bank-a", json={"requests_per_minute": 5}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["requests_per_minute"]) == (200, 5)
    stale = admin.patch(f"{CLIENTS}/bank-a", json={"name": "乙银行"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-write")
    cleared = admin.patch(f"{CLIENTS}/bank-a", json={"requests_per_minute": None})
    assert cleared.json()["requests_per_minute"] is None


def test_a_change_that_changes_nothing_leaves_no_trace(admin: TestClient, db: Database) -> None:
    admin.post(CLIENTS, json=new())
    before = admin.get(f"{CLIENTS}/bank-a").json()["version"]
    assert admin.patch(f"{CLIENTS}/bank-a", json={"name": "甲银行"}).json()["version"] == before
    with db.reading() as tx:
        actions = tx.session.scalars(select(AuditRow.action).where(AuditRow.subject == "bank-a")).all()
    assert actions == ["client-created"]


def test_the_list_has_pages_and_filters(admin: TestClient) -> None:
    ids = []
    cursor: str | None = None
    while True:
        page = admin.get(CLIENTS, params={"limit": 4} | ({"cursor": cursor} if cursor else {}))
        ids += [item["client_id"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break
        assert page.headers["link"].endswith('rel="next"')
    assert ids == sorted(ids)
    assert len(ids) == 9
    officers = admin.get(CLIENTS, params={"role": "officer"}).json()["items"]
    assert [item["client_id"] for item in officers] == ["demo-officer", "demo-officer-3413"]
    assert admin.get(CLIENTS, params={"colour": "red"}).status_code == 422
    assert admin.get(CLIENTS, params={"cursor": "x"}).json()["code"] == "cursor-invalid"


def test_a_disabled_client_is_refused_within_two_seconds_also_by_another_gateway(
    admin: TestClient, make: Make, demo: dict[str, Credentials]
) -> None:
    with TestClient(make(), raise_server_exceptions=False) as other:
        leader = bearer(other, demo["demo-leader"])
        path = "/api/gateway/v1/installation"
        for gateway in (admin, other):
            assert gateway.get(path, headers=leader).status_code == 403, "known, but not an administrator"
        assert admin.post(f"{CLIENTS}/demo-leader/disable").status_code == 200
        for gateway in (admin, other):
            within_two_seconds(gateway, leader, path, 401)
        assert other.get(path, headers=leader).json()["code"] == "token-invalid"
        assert admin.post(f"{CLIENTS}/demo-leader/enable").status_code == 200
        fresh = bearer(other, demo["demo-leader"])
        within_two_seconds(other, fresh, path, 403)
        assert other.get(path, headers=leader).status_code == 401, "tokens from before stay refused"


def test_a_secret_that_leaked_is_worthless_at_once(admin: TestClient, demo: dict[str, Credentials]) -> None:
    leader = demo["demo-leader"]
    headers = bearer(admin, leader)
    answer = admin.post(f"{CLIENTS}/demo-leader/secrets", json={"grace_seconds": 0})
    assert answer.status_code == 201
    within_two_seconds(admin, headers, CLIENTS, 401)
    refused = admin.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(leader))
    assert refused.json()["error"] == "invalid_client"
    assert token_of(admin, credentials(answer))


def test_a_rotation_with_grace_refuses_nothing_valid(admin: TestClient, demo: dict[str, Credentials]) -> None:
    leader = demo["demo-leader"]
    headers = bearer(admin, leader)
    answer = admin.post(f"{CLIENTS}/demo-leader/secrets", json={"grace_seconds": 3600})
    assert [secret["expires_at"] is None for secret in answer.json()["secrets"]] == [False, True]
    assert admin.get(CLIENTS, headers=headers).status_code == 403, "the token is still good"
    time.sleep(1.2)
    for each in (leader, credentials(answer)):
        assert admin.get(CLIENTS, headers=bearer(admin, each)).status_code == 403
    assert admin.get(CLIENTS, headers=headers).status_code == 403


def test_the_old_secret_and_its_tokens_end_with_the_grace(admin: TestClient, demo: dict[str, Credentials]) -> None:
    leader = demo["demo-leader"]
    admin.post(f"{CLIENTS}/demo-leader/secrets", json={"grace_seconds": 3})
    time.sleep(1.2)
    answer = admin.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(leader))
    assert answer.json()["expires_in"] <= 3
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    time.sleep(3)
    assert admin.get(CLIENTS, headers=headers).json()["code"] == "token-invalid"
    refused = admin.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic(leader))
    assert refused.status_code == 401


def test_a_scope_taken_away_is_gone_from_tokens_in_use(
    admin: TestClient, installer: Credentials, demo: dict[str, Credentials]
) -> None:
    other = credentials(admin.post(CLIENTS, json={"client_id": "admin-2", "name": "乙", "role": "admin"}))
    headers = bearer(admin, other)
    assert admin.get(CLIENTS, headers=headers).status_code == 200
    admin.patch(f"{CLIENTS}/admin-2", json={"scopes": []})
    within_two_seconds(admin, headers, CLIENTS, 403)


def test_a_directory_that_cannot_be_read_lets_nobody_in(make: Make, db: Database, demo: dict[str, Credentials]) -> None:
    with TestClient(make(directory_grace_seconds=0.5), raise_server_exceptions=False) as client:
        headers = bearer(client, demo["demo-leader"])
        assert client.get(CLIENTS, headers=headers).status_code == 403
        with db.transaction() as tx:
            tx.session.execute(text("LOCK TABLE directory_revision IN ACCESS EXCLUSIVE MODE"))
            time.sleep(2.0)
            answer = client.get(CLIENTS, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "client-directory-stale")


def test_use_is_counted_by_day_and_service(make: Make, db: Database, demo: dict[str, Credentials]) -> None:
    with TestClient(make()) as client:
        admin = bearer(client, demo["demo-admin"])
        for _ in range(3):
            client.get(CLIENTS, headers=admin)
    with TestClient(make()) as client:
        client.get(CLIENTS, headers=admin)
    with db.reading() as tx:
        rows = tx.session.scalars(select(UsageRow)).all()
        assert [(row.client_id, row.service, row.count) for row in rows] == [("demo-admin", "gateway", 4)]
    with TestClient(make()) as client:
        items = client.get(f"{CLIENTS}/demo-admin/usage", headers=admin).json()["items"]
    assert items == [{"day": clock.today().isoformat(), "service": "gateway", "count": 4}]
