"""Commissioners, assignments, coverage and figures over HTTP, each within the caller's jurisdiction."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.plumbing import AuditRow
from chassis.worker import beat
from services.notification.app import create_app
from services.notification.settings import EXPECTED
from services.notification.store.repositories import Assignments
from tests.fixtures.identity import Identities
from tests.service.notification.conftest import PREFIX, Suite, assessed, registered, uscc, whitelisted

NEW = {"code": "zhang", "display_name": "张三", "areas": ["341302"], "weight": "0.5"}


def create(suite: Suite, *areas: str, **changed: Any) -> Any:
    response = suite.http.post(f"{PREFIX}/commissioners", json=NEW | changed, headers=suite.officer(*areas))
    suite.run_jobs()
    return response


def test_an_officer_registers_a_commissioner_and_enterprises_are_assigned(suite: Suite) -> None:
    suite.tell(registered(uscc(1)))
    response = create(suite, "3413", areas=["341302", "341321"])
    assert response.status_code == 201
    assert response.json()["areas"] == ["341302", "341321"]
    assert response.json()["weight"] == "0.5"
    assert suite.holders() == {uscc(1): "zhang"}
    found = suite.http.get(f"{PREFIX}/commissioners/zhang", headers=suite.officer("3413")).json()
    assert (found["load"], found["display_name"]) == (1, "张三")


def test_the_audit_log_has_no_name_of_a_person(suite: Suite) -> None:
    create(suite)
    suite.http.patch(f"{PREFIX}/commissioners/zhang", json={"display_name": "李四"}, headers=suite.officer())
    with suite.db.reading() as tx:
        rows = [(row.action, str(row.details), row.actor) for row in tx.session.scalars(select(AuditRow))][1:]
    assert [action for action, _, _ in rows] == ["commissioner.registered", "commissioner.changed"]
    assert {actor for _, _, actor in rows} == {"officer"}
    assert "张三" not in str(rows)
    assert "李四" not in str(rows)


def test_a_code_is_used_once_and_a_keyed_request_is_replayed(suite: Suite) -> None:
    headers = suite.officer() | {"Idempotency-Key": "k1"}
    first = suite.http.post(f"{PREFIX}/commissioners", json=NEW, headers=headers)
    again = suite.http.post(f"{PREFIX}/commissioners", json=NEW, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    duplicate = create(suite)
    assert (duplicate.status_code, duplicate.json()["code"]) == (409, "commissioner-exists")


def test_wrong_areas_are_named(suite: Suite) -> None:
    response = create(suite, areas=["341302", "宿州"])
    assert (response.status_code, response.json()["code"]) == (422, "area-invalid")
    assert response.json()["errors"][0]["field"] == "areas[1]"


@pytest.mark.parametrize(
    "wrong",
    [{"weight": "0"}, {"weight": "11"}, {"areas": []}, {"code": "张"}, {"display_name": ""}, {"phone": "139"}],
)
def test_input_outside_the_rules_is_refused(suite: Suite, wrong: dict[str, Any]) -> None:
    assert create(suite, **wrong).status_code == 422


def test_a_commissioner_is_managed_only_from_above_every_area(suite: Suite) -> None:
    assert create(suite, "341302", areas=["3413"]).json()["code"] == "outside-jurisdiction"
    assert create(suite, "3211").status_code == 403
    assert create(suite, "3413", areas=["3413"]).status_code == 201
    path = f"{PREFIX}/commissioners/zhang"
    below = suite.http.patch(path, json={"active": False}, headers=suite.officer("341302"))
    assert (below.status_code, below.json()["code"]) == (403, "outside-jurisdiction")
    beyond = suite.http.patch(path, json={"areas": ["3211"]}, headers=suite.officer("3413"))
    assert beyond.status_code == 403
    elsewhere = suite.http.patch(path, json={"active": False}, headers=suite.officer("3211"))
    assert elsewhere.status_code == 404
    assert suite.http.get(path, headers=suite.officer("341302")).json()["active"] is True


def test_a_stale_copy_cannot_be_written(suite: Suite) -> None:
    create(suite)
    path = f"{PREFIX}/commissioners/zhang"
    first = suite.http.patch(path, json={"weight": "2"}, headers=suite.officer() | {"If-Match": '"1"'})
    assert (first.status_code, first.headers["etag"], first.json()["version"]) == (200, '"2"', 2)
    second = suite.http.patch(path, json={"weight": "3"}, headers=suite.officer() | {"If-Match": '"1"'})
    assert (second.status_code, second.json()["code"]) == (412, "stale-write")
    assert suite.http.patch(path, json={"active": None}, headers=suite.officer()).status_code == 422
    assert suite.http.patch(f"{PREFIX}/commissioners/x", json={}, headers=suite.officer()).status_code == 404


def test_lists_show_who_serves_any_part_of_the_jurisdiction(suite: Suite) -> None:
    for code, areas in {"anhui": ["34"], "suzhou": ["3413"], "yong": ["341302"], "jiangsu": ["3211"]}.items():
        create(suite, code=code, areas=areas)

    def codes(*areas: str, **query: Any) -> list[str]:
        found = suite.http.get(f"{PREFIX}/commissioners", params=query, headers=suite.officer(*areas)).json()
        return [item["code"] for item in found["items"]]

    assert codes() == ["anhui", "jiangsu", "suzhou", "yong"]
    assert codes("341302") == ["anhui", "suzhou", "yong"]
    assert codes("341321") == ["anhui", "suzhou"]
    assert codes("32") == ["jiangsu"]
    assert codes(area="341300") == ["anhui", "suzhou", "yong"]
    assert codes("none") == []
    suite.http.patch(f"{PREFIX}/commissioners/anhui", json={"active": False}, headers=suite.officer())
    assert codes(active=False) == ["anhui"]
    first = suite.http.get(f"{PREFIX}/commissioners", params={"limit": 3}, headers=suite.officer()).json()
    assert codes(limit=3, cursor=first["next_cursor"]) == ["yong"]


def test_an_officer_assigns_by_hand_within_the_jurisdiction(suite: Suite) -> None:
    create(suite, code="a", areas=["341302"])
    create(suite, code="b", areas=["3413"])
    create(suite, code="c", areas=["3211"])
    suite.tell(registered(uscc(1)))
    body = {"uscc": uscc(1), "commissioner": "b", "reason": "企业希望由市级专员服务"}

    def assign(*areas: str, **changed: str) -> tuple[int, Any]:
        response = suite.http.post(f"{PREFIX}/assignments", json=body | changed, headers=suite.officer(*areas))
        return response.status_code, response.json().get("code")

    assert assign("3211") == (403, "outside-jurisdiction")
    assert assign(uscc=uscc(7)) == (404, "enterprise-unknown")
    assert assign(commissioner="x") == (404, "commissioner-not-found")
    assert assign(commissioner="c") == (409, "commissioner-not-serving")
    assert assign(commissioner="a") == (409, "already-assigned")
    assert assign(uscc="123") == (422, "validation-failed")
    assert suite.holders() == {uscc(1): "a"}
    assert assign("3413")[0] == 201
    assert suite.holders() == {uscc(1): "b"}
    suite.http.patch(f"{PREFIX}/commissioners/a", json={"active": False}, headers=suite.officer())
    assert assign(commissioner="a") == (409, "commissioner-inactive")


def test_a_message_alone_does_not_make_an_enterprise_assignable(suite: Suite) -> None:
    create(suite)
    suite.tell(assessed(uscc(1)))
    body = {"uscc": uscc(1), "commissioner": "zhang", "reason": "试"}
    response = suite.http.post(f"{PREFIX}/assignments", json=body, headers=suite.officer())
    assert response.json()["code"] == "enterprise-unknown"


def test_assignments_are_listed_with_their_history(suite: Suite) -> None:
    create(suite, code="a", areas=["341302"])
    create(suite, code="b", areas=["3413"])
    for number in range(3):
        suite.tell(registered(uscc(number)))
    suite.tell(registered(uscc(9), "341321"))
    body = {"uscc": uscc(1), "commissioner": "b", "reason": "试"}
    suite.http.post(f"{PREFIX}/assignments", json=body, headers=suite.officer())

    def listed(*areas: str, **query: Any) -> list[tuple[str, str]]:
        found = suite.http.get(f"{PREFIX}/assignments", params=query, headers=suite.officer(*areas)).json()
        return [(item["enterprise"]["uscc"], item["commissioner"]) for item in found["items"]]

    assert listed(uscc=uscc(1)) == [(uscc(1), "b")]
    assert listed(uscc=uscc(1), state="all") == [(uscc(1), "b"), (uscc(1), "a")]
    assert listed(commissioner="a") == [(uscc(2), "a"), (uscc(0), "a")]
    assert listed("341321") == [(uscc(9), "b")]
    assert listed("3211") == []
    found = suite.http.get(f"{PREFIX}/assignments", params={"uscc": uscc(1)}, headers=suite.officer()).json()
    assert found["items"][0]["reason"] == {"code": "by_hand", "label": "人工指定"}
    assert found["items"][0]["note"] == "试"
    first = suite.http.get(f"{PREFIX}/assignments", params={"limit": 3}, headers=suite.officer()).json()
    assert listed(limit=3, cursor=first["next_cursor"]) == [(uscc(0), "a")]
    empty = suite.http.get(f"{PREFIX}/assignments", headers=suite.officer("3211")).json()
    assert "coverage" in empty["notice"]


def test_coverage_counts_by_district_within_the_jurisdiction(suite: Suite) -> None:
    path = f"{PREFIX}/coverage"
    assert suite.http.get(path, headers=suite.officer()).json()["notice"].startswith("还没有企业")
    create(suite, areas=["3413"])
    for number, district in enumerate(["341302", "341302", "321102", None]):
        suite.tell(registered(uscc(number), district))
    suite.tell(whitelisted(uscc(2)))
    found = suite.http.get(path, headers=suite.officer())
    body = found.json()
    assert (body["enterprises"], body["unassigned"], body["pending_messages"]) == (4, 2, 1)
    rows = {row["district_code"]: row for row in body["districts"]}
    assert (rows["341302"]["unassigned"], rows["341302"]["commissioners"]) == (0, 1)
    assert (rows["321102"]["unassigned"], rows["321102"]["pending_messages"]) == (1, 1)
    assert rows[None]["district_name"] == "（未填区县）"
    assert "有 2 户企业还没有服务专员" in body["notice"]
    assert "补填区县" in body["notice"]
    own = suite.http.get(path, headers=suite.officer("3413")).json()
    assert (own["enterprises"], own["unassigned"], own["notice"]) == (2, 0, "每户企业都有服务专员。")
    again = suite.http.get(path, headers=suite.officer() | {"If-None-Match": found.headers["etag"]})
    assert again.status_code == 304


def test_statistics_count_messages_by_kind_and_state(suite: Suite) -> None:
    create(suite, code="a", areas=["341302"])
    suite.tell(registered(uscc(1)))
    suite.tell(registered(uscc(2), "321102"))
    suite.tell(assessed(uscc(1)))
    suite.tell(assessed(uscc(1), "eligible", "unknown"))
    suite.tell(assessed(uscc(2)))
    read = suite.inbox("a")["items"][0]["id"]
    suite.http.post(f"{PREFIX}/inbox/{read}/read", headers=suite.as_commissioner("a"))
    path = f"{PREFIX}/messages/statistics"
    body = suite.http.get(path, headers=suite.officer()).json()
    assert {name: body[name] for name in ("pending", "delivered", "read", "total")} == {
        "pending": 1,
        "delivered": 1,
        "read": 1,
        "total": 3,
    }
    kinds = {each["kind"]["code"]: each["total"] for each in body["kinds"]}
    assert kinds == {
        "enterprise_eligible": 3,
        "title_recorded": 0,
        "title_expiring": 0,
        "whitelist_entered": 0,
        "finding_requested": 0,
    }
    assert suite.http.get(path, headers=suite.officer("3413")).json()["total"] == 2


@pytest.mark.parametrize("path", ["commissioners", "assignments", "coverage", "messages/statistics"])
def test_each_list_is_for_officers_and_leaders_only(suite: Suite, identities: Identities, path: str) -> None:
    def status(role: str, *scopes: str) -> int:
        headers = identities.headers(roles=[role], scopes=scopes, areas=["*"])
        return suite.http.get(f"{PREFIX}/{path}", headers=headers).status_code

    assert suite.http.get(f"{PREFIX}/{path}").status_code == 401
    assert status("officer") == 403
    for role in ("bank", "platform", "commissioner", "enterprise", "department", "admin"):
        assert status(role, "commissioners:read") == 403
    for role in ("officer", "leader", "system"):
        assert status(role, "commissioners:read") == 200


def test_a_leader_looks_and_does_not_touch(suite: Suite, identities: Identities) -> None:
    headers = identities.headers(roles=["leader"], scopes=["commissioners:read", "commissioners:write"])
    assert suite.http.post(f"{PREFIX}/commissioners", json=NEW, headers=headers).status_code == 403
    assert suite.http.patch(f"{PREFIX}/commissioners/a", json={}, headers=headers).status_code == 403
    body = {"uscc": uscc(1), "commissioner": "a", "reason": "试"}
    assert suite.http.post(f"{PREFIX}/assignments", json=body, headers=headers).status_code == 403


def test_readiness_asks_for_every_loop(suite: Suite) -> None:
    silent = suite.http.get("/health/ready")
    assert silent.status_code == 503
    assert silent.json()["checks"]["migrations"]["status"] == "ok"
    for name in EXPECTED:
        beat(suite.db, name)
    assert suite.http.get("/health/ready").status_code == 200


def test_a_request_that_waits_too_long_for_the_lock_is_told_to_come_back(suite: Suite) -> None:
    hurried = Database(suite.db.url, lock_timeout_seconds=1)
    client = TestClient(create_app(suite.settings, hurried), raise_server_exceptions=False)
    with suite.db.transaction() as tx:
        Assignments(tx).lock()
        response = client.post(f"{PREFIX}/commissioners", json=NEW, headers=suite.officer())
    hurried.close()
    assert (response.status_code, response.json()["code"]) == (503, "assignments-busy")
    assert response.headers["retry-after"] == "5"
    assert create(suite).status_code == 201
