"""The inbox over HTTP: one's own messages only, newest first, polled cheaply."""

import pytest

from chassis import ids
from tests.fixtures.identity import Identities
from tests.service.notification.conftest import PREFIX, Suite, assessed, registered, titled, uscc, whitelisted


@pytest.fixture
def busy(suite: Suite) -> Suite:
    """Two commissioners; `a` has three messages of three kinds, `b` has one."""
    suite.commissioner("a", "341302")
    suite.commissioner("b", "341321")
    suite.tell(registered(uscc(1)))
    suite.tell(registered(uscc(2), "341321"))
    suite.tell(assessed(uscc(1)))
    suite.tell(titled(uscc(1), version=2))
    suite.tell(whitelisted(uscc(1)))
    suite.tell(assessed(uscc(2)))
    return suite


def test_an_empty_inbox_says_so_and_what_will_come(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    inbox = suite.inbox("a")
    assert inbox["items"] == []
    assert inbox["unread"] == 0
    assert inbox["notice"].startswith("没有未读消息。")


def test_the_newest_message_comes_first_and_pages_follow_each_other(busy: Suite) -> None:
    kinds = [item["kind"]["code"] for item in busy.inbox("a")["items"]]
    assert kinds == ["whitelist_entered", "title_recorded", "enterprise_eligible"]
    first = busy.http.get(f"{PREFIX}/inbox", params={"limit": 2}, headers=busy.as_commissioner("a"))
    assert [item["kind"]["code"] for item in first.json()["items"]] == kinds[:2]
    assert 'rel="next"' in first.headers["link"]
    second = busy.inbox("a", limit=2, cursor=first.json()["next_cursor"])
    assert [item["kind"]["code"] for item in second["items"]] == kinds[2:]
    assert second["next_cursor"] is None


def test_filters_by_state_and_kind(busy: Suite) -> None:
    [titles] = busy.inbox("a", kind="title_recorded")["items"]
    busy.http.post(f"{PREFIX}/inbox/{titles['id']}/read", headers=busy.as_commissioner("a"))
    assert busy.inbox("a", kind="title_recorded")["items"] == []
    assert [item["id"] for item in busy.inbox("a", state="read")["items"]] == [titles["id"]]
    assert len(busy.inbox("a", state="all")["items"]) == 3
    assert busy.inbox("a", state="read")["unread"] == 2


def test_another_commissioners_message_is_not_found(busy: Suite) -> None:
    [foreign] = busy.inbox("b")["items"]
    for headers in (busy.as_commissioner("a"),):
        response = busy.http.post(f"{PREFIX}/inbox/{foreign['id']}/read", headers=headers)
        assert response.status_code == 404
        assert response.json()["code"] == "message-not-found"
    response = busy.http.post(
        f"{PREFIX}/inbox/read-all", json={"up_to": foreign["id"]}, headers=busy.as_commissioner("a")
    )
    assert response.status_code == 404
    assert busy.inbox("b")["unread"] == 1
    assert busy.inbox("a")["unread"] == 3
    assert busy.http.post(f"{PREFIX}/inbox/{ids.new_id()}/read", headers=busy.as_commissioner("a")).status_code == 404


def test_reading_twice_keeps_the_first_instant(busy: Suite) -> None:
    [message] = busy.inbox("b")["items"]
    path = f"{PREFIX}/inbox/{message['id']}/read"
    first = busy.http.post(path, headers=busy.as_commissioner("b")).json()
    second = busy.http.post(path, headers=busy.as_commissioner("b")).json()
    assert first["state"] == {"code": "read", "label": "已读"}
    assert first["read_at"] is not None
    assert second == first
    assert busy.inbox("b")["unread"] == 0


def test_read_all_leaves_what_came_after_the_newest_seen(busy: Suite) -> None:
    seen = busy.inbox("a")["items"][1]
    answer = busy.http.post(f"{PREFIX}/inbox/read-all", json={"up_to": seen["id"]}, headers=busy.as_commissioner("a"))
    assert answer.json() == {"read": 2, "unread": 1}
    assert [item["kind"]["code"] for item in busy.inbox("a")["items"]] == ["whitelist_entered"]
    answer = busy.http.post(f"{PREFIX}/inbox/read-all", headers=busy.as_commissioner("a"))
    assert answer.json() == {"read": 1, "unread": 0}
    assert busy.inbox("b")["unread"] == 1


def test_polling_answers_304_until_something_changes(busy: Suite) -> None:
    headers = busy.as_commissioner("a")
    first = busy.http.get(f"{PREFIX}/inbox", headers=headers)
    again = busy.http.get(f"{PREFIX}/inbox", headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    busy.tell(assessed(uscc(1), "eligible", "unknown"))
    changed = busy.http.get(f"{PREFIX}/inbox", headers={**headers, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["unread"] == 4


def test_the_texts_come_in_english_when_asked(busy: Suite) -> None:
    [message] = busy.inbox("b", lang="en")["items"]
    assert message["kind"]["label"] == "Assessed as eligible"
    assert "not a basis for recognition" in message["body"]
    assert message["why"].startswith("You look after")


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "WyJ4IiwieSJd"])
def test_a_made_up_cursor_is_refused(busy: Suite, cursor: str) -> None:
    response = busy.http.get(f"{PREFIX}/inbox", params={"cursor": cursor}, headers=busy.as_commissioner("a"))
    assert (response.status_code, response.json()["code"]) == (422, "cursor-invalid")


@pytest.mark.parametrize("query", [{"state": "open"}, {"kind": "x"}, {"limit": 0}, {"limit": 201}, {"sort": "id"}])
def test_an_unknown_filter_is_refused(busy: Suite, query: dict[str, str]) -> None:
    response = busy.http.get(f"{PREFIX}/inbox", params=query, headers=busy.as_commissioner("a"))
    assert response.status_code == 422


def test_only_a_commissioner_who_is_registered_has_an_inbox(busy: Suite, identities: Identities) -> None:
    assert busy.http.get(f"{PREFIX}/inbox").status_code == 401
    for code in (None, "nobody"):
        response = busy.http.get(f"{PREFIX}/inbox", headers=busy.as_commissioner(code))
        assert (response.status_code, response.json()["code"]) == (403, "no-inbox")
    for role in ("officer", "leader", "bank", "enterprise", "system"):
        headers = identities.headers(roles=[role], scopes=["inbox:read"], commissioner="a")
        assert busy.http.get(f"{PREFIX}/inbox", headers=headers).json()["code"] == "role-refused"
    headers = identities.headers(roles=["commissioner"], scopes=[], commissioner="a")
    assert busy.http.get(f"{PREFIX}/inbox", headers=headers).json()["code"] == "scope-missing"
