"""What a bank follows: changes, segments, long poll; who may look what up; when the service is ready."""

import hashlib
import json
import threading
import time

import zstandard
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.plumbing import HeartbeatRow
from chassis.worker import beat
from services.finance.settings import EXPECTED
from services.finance.use_cases.prune_content import forget_changes
from services.finance.worker import Publisher
from tests.fixtures.identity import Identities
from tests.service.finance.conftest import problem
from tests.service.finance.world import (
    PREFIX,
    Bank,
    cancelled,
    card,
    deliver,
    get,
    number,
    publisher,
    raw,
    recorded,
    uscc,
)

SNAPSHOT = f"{PREFIX}/whitelist/snapshot"
MANIFEST = f"{PREFIX}/whitelist/manifest"
CHANGES = f"{PREFIX}/whitelist/changes"
SEGMENTS = f"{PREFIX}/whitelist/segments"


def test_changes_have_the_shared_shape(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    deliver(db, cancelled(uscc(1), "t-1", 2))
    number(db)
    page = client.get(f"{CHANGES}?after=2", headers=bank_headers).json()
    assert (page["next_after"], page["latest_seq"]) == (4, 4)
    entered, left = page["items"]
    assert (entered["type"], entered["data"]["title_id"], entered["tombstone"]) == ("entered", "t-2", False)
    assert {name: left[name] for name in ("seq", "type", "subject", "title", "title_id", "reason", "changed")} == {
        "seq": 4,
        "type": "left",
        "subject": uscc(1),
        "title": "specialized_sme",
        "title_id": "t-1",
        "reason": "title_cancelled",
        "changed": [],
    }
    assert (left["data"], left["tombstone"], left["reason_label"]) == (None, True, "称号取消")


def test_changes_come_as_lines_too(press: Publisher, client: TestClient, bank_headers: dict[str, str]) -> None:
    items = client.get(CHANGES, headers=bank_headers).json()["items"]
    lines = client.get(f"{CHANGES}?format=ndjson&limit=2", headers=bank_headers)
    assert [json.loads(line) for line in lines.content.splitlines()] == items[:2]
    assert (lines.headers["Peiyu-Next-After"], lines.headers["Peiyu-Latest-Seq"]) == ("2", "3")
    table = client.get(f"{CHANGES}?format=csv", headers=bank_headers).text.splitlines()
    assert len(table) == 4
    assert len({line.count(",") for line in table}) == 1


def test_polling_without_change_costs_a_304(press: Publisher, client: TestClient, bank_headers: dict[str, str]) -> None:
    etag = client.get(f"{CHANGES}?after=3", headers=bank_headers).headers["ETag"]
    again = client.get(f"{CHANGES}?after=3", headers={**bank_headers, "If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_position_that_cannot_be_is_refused_with_advice(
    press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    ahead = client.get(f"{CHANGES}?after=4", headers=bank_headers)
    assert problem(ahead) == (409, "whitelist-position-ahead")
    assert "快照" in ahead.json()["detail"]
    assert ahead.json()["latest_seq"] == 3
    for query in ("after=-1", f"after={2**63}", "limit=0", "limit=1001", "wait=31", "format=xml", "since=1"):
        answer = client.get(f"{CHANGES}?{query}", headers=bank_headers)
        assert problem(answer) == (422, "validation-failed"), query


def test_forgotten_changes_are_gone_and_segments_hold_them(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    for version in range(2, 16):
        deliver(db, recorded(uscc(1), "t-1", version, batch=f"第{version}批"))
    number(db)
    with db.transaction() as tx:
        assert forget_changes(tx, 0) == 0  # no segment holds them yet
    press.publish()
    with db.transaction() as tx:
        assert forget_changes(tx, None) == 0
        assert forget_changes(tx, 0) == 10  # the closed segment, never more
    assert problem(client.get(f"{CHANGES}?after=9", headers=bank_headers)) == (410, "whitelist-position-forgotten")
    assert client.get(f"{CHANGES}?after=10", headers=bank_headers).json()["items"][0]["seq"] == 11
    held = get(client, bank_headers, f"{SEGMENTS}/1").content.splitlines()
    assert [json.loads(line)["seq"] for line in held] == list(range(1, 11))


def test_closed_segments_are_the_feed_and_never_change(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str], bank: Bank
) -> None:
    for version in range(2, 25):
        deliver(db, recorded(uscc(1), "t-1", version, batch=f"第{version}批"))
    number(db)
    press.publish()
    listing = get(client, bank_headers, f"{SEGMENTS}?after=0").json()
    assert [(each["first_seq"], each["last_seq"]) for each in listing["items"]] == [(1, 10), (11, 20)]
    assert listing["next_after"] == 20
    assert listing["items"][1]["previous"]["segment"] == 1
    follower = Bank(client, bank_headers)
    for each in listing["items"]:
        answer, body = raw(client, bank_headers, f"{SEGMENTS}/{each['segment']}", "zstd")
        content = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert "immutable" in answer.headers["Cache-Control"]
        for line in content.splitlines():
            follower.apply(json.loads(line))
    follower.advance()  # the open end
    bank.advance()
    assert follower.rows == bank.rows
    assert get(client, bank_headers, f"{SEGMENTS}?after=20").json() == {"items": [], "next_after": 20}
    assert problem(get(client, bank_headers, f"{SEGMENTS}/3")) == (404, "whitelist-segment-not-found")


def test_a_waiting_bank_hears_of_a_change_at_once(
    db: Database, press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    def change() -> None:
        time.sleep(0.3)
        deliver(db, recorded(uscc(4), "t-4", 1))
        number(db)

    writer = threading.Thread(target=change)
    writer.start()
    started = time.monotonic()
    page = client.get(f"{CHANGES}?after=3&wait=20", headers=bank_headers).json()
    writer.join()
    assert [item["title_id"] for item in page["items"]] == ["t-4"]
    assert 0.2 < time.monotonic() - started < 10


def test_a_bank_that_waits_in_vain_gets_an_empty_page(
    press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    page = client.get(f"{CHANGES}?after=3&wait=1", headers=bank_headers).json()
    assert page == {"items": [], "next_after": 3, "latest_seq": 3}


def test_officials_look_titles_up(
    db: Database, press: Publisher, client: TestClient, officer_headers: dict[str, str]
) -> None:
    elsewhere = card(uscc(4), district_code="321102")
    deliver(db, recorded(uscc(4), "t-4", 1, elsewhere), recorded(uscc(1), "t-5", 2, title="innovative_sme"))
    number(db)

    def found(query: str) -> list[str]:
        answer = client.get(f"{PREFIX}/whitelist/entries?{query}", headers=officer_headers)
        assert answer.status_code == 200, answer.text
        return [item["title_id"] for item in answer.json()["items"]]

    assert found("") == ["t-5", "t-1", "t-2", "t-3", "t-4"]
    assert found(f"uscc={uscc(1)}") == ["t-5", "t-1"]
    assert found("title=innovative_sme") == ["t-5"]
    assert found("district=3211") == ["t-4"]
    first = client.get(f"{PREFIX}/whitelist/entries?limit=2", headers=officer_headers)
    assert 'rel="next"' in first.headers["Link"]
    assert found(f"limit=200&cursor={first.json()['next_cursor']}") == ["t-2", "t-3", "t-4"]


def test_a_look_up_that_makes_no_sense_is_refused(
    press: Publisher, client: TestClient, officer_headers: dict[str, str]
) -> None:
    for query in ("district=34%25", "uscc=short", "title=%00", "name=x", "cursor=nonsense", "limit=201"):
        answer = client.get(f"{PREFIX}/whitelist/entries?{query}", headers=officer_headers)
        assert answer.status_code == 422, query


def test_a_bank_reads_the_whitelist_and_nothing_else(
    press: Publisher, client: TestClient, bank_headers: dict[str, str]
) -> None:
    allowed = {"/whitelist/snapshot", "/whitelist/manifest", "/whitelist/changes", "/whitelist/segments"}
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            url = path.replace("{number}", "1").replace("{consent_id}", "0192aa00-0000-7000-8000-000000000000")
            answer = client.request(method, url, headers=bank_headers)
            name = path.removeprefix(PREFIX)
            if name in allowed or name in ("/whitelist/segments/{number}", "/whitelist/jwks.json"):
                assert answer.status_code in (200, 404), path
            else:
                assert answer.status_code == 403, path


def test_without_the_scope_or_an_identity_nothing_is_read(
    press: Publisher, client: TestClient, identities: Identities
) -> None:
    officer = identities.headers(roles=["officer"], scopes=["enterprises:read"])
    for path in (SNAPSHOT, MANIFEST, CHANGES, SEGMENTS, f"{SEGMENTS}/1", f"{PREFIX}/whitelist/entries"):
        assert problem(client.get(path, headers=officer)) == (403, "scope-missing")
        assert problem(client.get(path)) == (401, "identity-missing")


def test_readiness_needs_the_first_epoch_and_every_loop(db: Database, client: TestClient) -> None:
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["whitelist"]["status"] == "failed"
    assert answer.json()["checks"]["worker"]["status"] == "failed"
    publisher(db).publish()
    for name in EXPECTED:
        beat(db, name)
    answer = client.get("/health/ready")
    assert answer.status_code == 200, answer.text
    assert answer.json()["checks"]["whitelist"] == {"status": "ok", "epoch": 1, "seq": 0, "count": 0}
    with db.reading() as tx:
        assert tx.session.query(HeartbeatRow).count() == len(EXPECTED)
