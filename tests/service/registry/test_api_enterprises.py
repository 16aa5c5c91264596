"""Enterprises by API: registering, reading, amending, listing, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.registry.conftest import Registry, uscc

NEW = {
    "registered_address": "安徽省宿州市埇桥区测试路1号",
    "industry_code": "3911",
    "established_on": "2015-03-20",
    "registered_capital": "5000000",
    "status": "active",
    "risk_flags": ["stopped", "abnormal_operation"],
    "listing_status": "neeq",
}


def test_a_registered_enterprise_can_be_read_with_labels(registry: Registry) -> None:
    code = registry.register(1, **NEW)
    answer = registry.get(f"/enterprises/{code.lower()}")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    found = answer.json()
    assert found["district"] == {"code": "341302", "label": "安徽省宿州市埇桥区"}
    assert found["industry"]["label"] == "计算机整机制造"
    assert found["listing_status"] == {"code": "neeq", "label": "新三板挂牌"}
    assert [flag["label"] for flag in found["risk_flags"]] == ["经营异常", "停产"]
    assert found["registered_capital_currency"] == "CNY"
    assert found["completeness"]["present"] == 0
    assert found["completeness"]["expected"] > 40
    assert (found["titles"], found["facts"]) == ([], [])
    (event,) = registry.events("enterprise-registered")
    assert event["enterprise"]["risk_flags"] == ["abnormal_operation", "stopped"]
    assert registry.scalar("SELECT count(*) FROM audit_log WHERE action = 'enterprise-registered'") == 1
    assert registry.get(f"/enterprises/{code}", headers={"If-None-Match": '"1"'}).status_code == 304


def test_registering_twice_is_a_conflict(registry: Registry) -> None:
    code = registry.register(1)
    answer = registry.post("/enterprises", {"uscc": code, "name": "又一家"})
    assert (answer.status_code, answer.json()["code"]) == (409, "enterprise-already-registered")
    assert len(registry.events()) == 1


def test_a_keyed_post_is_answered_once(registry: Registry) -> None:
    body = {"uscc": uscc(1), "name": "甲有限公司", "district_code": "341302"}
    first = registry.post("/enterprises", body, headers={"Idempotency-Key": "k1"})
    second = registry.post("/enterprises", body, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(registry.events()) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123", "uscc-length"),
        (uscc(1)[:17] + ("1" if uscc(1)[17] != "1" else "2"), "uscc-check-digit"),
        ("O" + uscc(1)[1:], "uscc-forbidden-letter"),
        ("中" + uscc(1)[1:], "uscc-character"),
    ],
)
def test_what_is_wrong_with_a_credit_code_is_said(registry: Registry, text: str, code: str) -> None:
    answer = registry.post("/enterprises", {"uscc": text, "name": "甲"})
    assert (answer.status_code, answer.json()["code"]) == (422, "uscc-invalid")
    (problem,) = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == ("uscc", code)
    assert registry.get(f"/enterprises/{text}").json()["errors"][0]["code"] == code


def test_every_wrong_field_is_named_at_once(registry: Registry) -> None:
    body = {
        "uscc": uscc(1),
        "name": "甲有限公司",
        "district_code": "999999",
        "industry_code": "Z99",
        "established_on": "2999-01-01",
        "registered_capital": "-1",
    }
    answer = registry.post("/enterprises", body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [
        "district_code",
        "industry_code",
        "registered_capital",
        "established_on",
    ]


def test_unknown_body_fields_and_control_characters_are_refused(registry: Registry) -> None:
    unknown = registry.post("/enterprises", {"uscc": uscc(1), "name": "甲", "phone": "1"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "phone")
    nul = registry.post("/enterprises", {"uscc": uscc(1), "name": "甲\u0000乙"})
    assert (nul.status_code, nul.json()["errors"][0]["field"]) == (422, "name")


def test_amending_needs_the_current_version_when_one_is_named(registry: Registry) -> None:
    code = registry.register(1)
    body = {"actual_address": "测试路1号"}
    changed = registry.call("PATCH", f"/enterprises/{code}", json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    stale = registry.call("PATCH", f"/enterprises/{code}", json={"actual_address": "旧址"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-write")
    (event,) = registry.events("enterprise-updated")
    assert (event["changed"], event["version"]) == (["actual_address"], 2)
    same = registry.call("PATCH", f"/enterprises/{code}", json=body)
    assert same.json()["version"] == 2
    assert len(registry.events()) == 2


def test_null_takes_a_field_away_but_not_the_name(registry: Registry) -> None:
    code = registry.register(1, **NEW)
    cleared = registry.call("PATCH", f"/enterprises/{code}", json={"industry_code": None, "registered_capital": None})
    assert cleared.status_code == 200
    assert (cleared.json()["industry"], cleared.json()["registered_capital_currency"]) == (None, None)
    refused = registry.call("PATCH", f"/enterprises/{code}", json={"name": None})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "name")


def test_an_unknown_enterprise_is_not_found(registry: Registry) -> None:
    answer = registry.get(f"/enterprises/{uscc(404)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "enterprise-not-found")
    assert registry.call("PATCH", f"/enterprises/{uscc(404)}", json={"name": "甲"}).status_code == 404


def test_jurisdiction_holds_for_reading_changing_and_listing(registry: Registry) -> None:
    here = registry.register(1)
    there = registry.register(2, district_code="340102")
    nowhere = registry.register(3, district_code=None)
    mine: dict[str, Any] = {"areas": ("3413",)}
    assert registry.get(f"/enterprises/{here}", as_=mine).status_code == 200
    for code in (there, nowhere):
        answer = registry.get(f"/enterprises/{code}", as_=mine)
        assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction")
        assert registry.call("PATCH", f"/enterprises/{code}", as_=mine, json={"name": "抢"}).status_code == 403
    listed = registry.get("/enterprises", as_=mine).json()["items"]
    assert [each["uscc"] for each in listed] == [here]
    assert registry.get("/enterprises", as_={"areas": ()}).json()["items"] == []
    outside = {"uscc": uscc(5), "name": "甲", "district_code": "340102"}
    assert registry.post("/enterprises", outside, as_=mine).status_code == 403


def test_an_enterprise_sees_itself_only(registry: Registry) -> None:
    own, other = registry.register(1), registry.register(2)
    client: dict[str, Any] = {"roles": ("enterprise",), "areas": (), "uscc": own, "scopes": ("enterprises:read",)}
    assert registry.get(f"/enterprises/{own}", as_=client).status_code == 200
    answer = registry.get(f"/enterprises/{other}", as_=client)
    assert (answer.status_code, answer.json()["code"]) == (403, "own-enterprise-only")
    assert [each["uscc"] for each in registry.get("/enterprises", as_=client).json()["items"]] == [own]
    refused = registry.call("PATCH", f"/enterprises/{own}", json={"name": "甲"}, as_=client)
    assert refused.json()["code"] == "scope-missing"


def test_scope_and_role_are_both_asked_for(registry: Registry) -> None:
    code = registry.register(1)
    assert registry.get(f"/enterprises/{code}", as_={"scopes": ("whitelist:read",)}).status_code == 403
    platform: dict[str, Any] = {"roles": ("platform",)}
    assert registry.call("PATCH", f"/enterprises/{code}", json={"name": "甲"}, as_=platform).status_code == 403
    assert registry.client.get("/api/registry/v1/enterprises").status_code == 401


def test_filters_narrow_the_list_and_unknown_ones_are_refused(registry: Registry) -> None:
    one = registry.register(1, name="埇桥精密轴承有限公司", industry_code="3451", status="active")
    two = registry.register(2, name="砀山食品股份有限公司", district_code="341321", industry_code="1432")
    three = registry.register(3, name="合肥软件有限公司", district_code="340102", industry_code="6513", synthetic=True)
    registry.post(f"/enterprises/{two}/titles", {"title": "high_tech", "document_number": "测〔2026〕1号"})

    def found(**filters: Any) -> list[str]:
        answer = registry.get("/enterprises", params=filters)
        assert answer.status_code == 200, answer.text
        return [each["uscc"] for each in answer.json()["items"]]

    assert found() == sorted([one, two, three])
    assert found(q="精密") == [one]
    assert found(q="％") == []
    assert found(q=two[:12]) == sorted([one, two, three])
    assert found(q=two) == [two]
    assert found(district="3413") == found(district="341300") == sorted([one, two])
    assert found(district="341321") == [two]
    assert found(industry="C") == sorted([one, two])
    assert found(industry="C34") == found(industry="345") == [one]
    assert found(title="high_tech") == [two]
    assert found(title="little_giant") == []
    assert found(status="active") == [one]
    assert found(status="unknown") == sorted([two, three])
    assert found(synthetic="true") == [three]
    assert found(size="unknown") == sorted([one, two, three])
    assert found(size="large") == []
    for wrong in ({"colour": "red"}, {"size": "huge"}, {"district": "x"}, {"cursor": "???"}, {"limit": 0}):
        answer = registry.get("/enterprises", params=wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"][0]["field"] == next(iter(wrong))


def test_pages_follow_each_other_without_loss_in_both_orders(registry: Registry) -> None:
    codes = [registry.register(number, name=f"企业{9 - number}有限公司") for number in range(7)]
    for sort, expected in (("uscc", sorted(codes)), ("name", list(reversed(codes)))):
        seen: list[str] = []
        path = f"/enterprises?limit=3&sort={sort}"
        while path:
            answer = registry.get(path)
            seen += [each["uscc"] for each in answer.json()["items"]]
            link = answer.headers.get("Link")
            path = link.split(">")[0].removeprefix("</api/registry/v1") if link else ""
        assert seen == expected
    other = registry.get("/enterprises?limit=3&sort=uscc").json()["next_cursor"]
    assert registry.get("/enterprises", params={"sort": "name", "cursor": other}).json()["code"] == "cursor-invalid"
