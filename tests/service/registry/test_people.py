"""What belongs to a file beside the enterprise itself: contacts, relations, risk flags with their grounds."""

from __future__ import annotations

from typing import Any

from tests.service.registry.conftest import ALL_SCOPES, Registry, xlsx

WANG = {
    "role": "liaison",
    "name": "王小明",
    "phone": "13812345678",
    "email": "wang@example.com",
    "position": "办公室主任",
}
MAY_SEE: dict[str, Any] = {"scopes": (*ALL_SCOPES, "contacts:read"), "subject": "visitor"}


def own(code: str) -> dict[str, Any]:
    return {"roles": ("enterprise",), "areas": (), "uscc": code, "subject": "liaison"}


def test_contacts_are_masked_unless_the_scope_allows_and_then_the_reading_is_logged(registry: Registry) -> None:
    code = registry.register(1)
    assert registry.post(f"/enterprises/{code}/contacts", WANG, as_=own(code)).status_code == 201
    (masked,) = registry.get(f"/enterprises/{code}/contacts").json()["items"]
    assert (masked["name"], masked["phone"], masked["email"], masked["masked"]) == (
        "王**", "138****5678", "w***@example.com", True,
    )  # fmt: skip
    assert registry.get(f"/enterprises/{code}/reads").json()["items"] == []
    (whole,) = registry.get(f"/enterprises/{code}/contacts", as_=MAY_SEE, params={"purpose": "走访"}).json()["items"]
    assert (whole["name"], whole["phone"], whole["masked"]) == ("王小明", "13812345678", False)
    (read,) = registry.get(f"/enterprises/{code}/reads", as_=own(code)).json()["items"]
    assert (read["reader"], read["part"]["code"], read["purpose"]) == ("visitor", "contacts", "走访")
    (mine,) = registry.get(f"/enterprises/{code}/contacts", as_=own(code)).json()["items"]
    assert mine["phone"] == "13812345678"
    told = registry.rows("SELECT details::text AS said FROM audit_log UNION ALL SELECT payload::text FROM outbox")
    assert not [row for row in told if "13812345678" in row.said or "王小明" in row.said], "no person leaves the file"


def test_a_contact_ends_and_is_kept(registry: Registry) -> None:
    code = registry.register(1)
    empty = registry.post(f"/enterprises/{code}/contacts", {"role": "liaison", "name": "王小明"})
    assert (empty.status_code, empty.json()["code"]) == (422, "contact-invalid")
    added = registry.post(f"/enterprises/{code}/contacts", WANG).json()
    path = f"/enterprises/{code}/contacts/{added['contact_id']}/end"
    assert registry.post(path).status_code == 200
    assert registry.post(path).json()["code"] == "contact-not-found"
    assert registry.get(f"/enterprises/{code}/contacts").json()["items"] == []
    (kept,) = registry.get(f"/enterprises/{code}/contacts", params={"ended": True}).json()["items"]
    assert kept["ended_at"]
    assert registry.get(f"/enterprises/{code}/contacts", as_={"areas": ("11",)}).status_code == 403


def test_relations_are_seen_from_both_sides_with_shares_and_days(registry: Registry) -> None:
    parent, child = registry.register(1, name="母公司"), registry.register(2, name="子公司")
    held = {
        "kind": "controls", "holder": "enterprise", "holder_uscc": parent, "holder_name": "母公司", "share": "0.67",
        "valid_from": "2020-01-01", "source": "2025 年度报告",
    }  # fmt: skip
    added = registry.post(f"/enterprises/{child}/relations", held)
    assert added.status_code == 201, added.text
    person = {"kind": "holds", "holder": "person", "holder_name": "赵一二", "share": "0.33", "source": "章程"}
    assert registry.post(f"/enterprises/{child}/relations", person).status_code == 201
    found = registry.get(f"/enterprises/{child}/relations").json()
    assert [(each["kind"]["label"], each["holder_name"], each["share"]) for each in found["held_by"]] == [
        ("控股", "母公司", "0.67"), ("参股", "赵**", "0.33"),
    ]  # fmt: skip
    assert [each["uscc"] for each in registry.get(f"/enterprises/{parent}/relations").json()["holds"]] == [child]
    path = f"/enterprises/{child}/relations/{added.json()['relation_id']}/end"
    early = registry.post(path, {"valid_to": "2019-01-01"})
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "valid_to")
    assert registry.post(path, {"valid_to": "2026-01-31"}).json()["valid_to"] == "2026-01-31"
    assert registry.get(f"/enterprises/{parent}/relations").json()["holds"] == []
    wrong = registry.post(
        f"/enterprises/{child}/relations",
        {"kind": "holds", "holder": "person", "holder_uscc": child, "holder_name": "x", "share": "1.2", "source": "x"},
    )
    assert [each["code"] for each in wrong.json()["errors"]] == ["own-holder", "person-with-code", "share-out-of-range"]


def test_a_risk_flag_has_a_source_and_days_and_goes_to_everybody_at_once(registry: Registry) -> None:
    code = registry.register(1)
    listed = {"flag": "abnormal_operation", "source": "gsxt", "listed_on": "2026-02-01", "reason": "未按期公示年报"}
    record = registry.post(f"/enterprises/{code}/risk-flags", listed)
    assert record.status_code == 201, record.text
    assert registry.events("enterprise-updated")[-1]["enterprise"]["risk_flags"] == ["abnormal_operation"]
    again = registry.post(f"/enterprises/{code}/risk-flags", listed)
    assert (again.status_code, again.json()["code"]) == (409, "risk-record-open")
    (shown,) = registry.get(f"/enterprises/{code}/risk-flags").json()["items"]
    assert (shown["flag"]["label"], shown["source"]["label"], shown["in_force"]) == (
        "经营异常", "国家企业信用信息公示系统", True,
    )  # fmt: skip
    path = f"/enterprises/{code}/risk-flags/{record.json()['record_id']}/lift"
    assert (
        registry.post(path, {"lifted_on": "2026-01-01", "reason": "补报"}).json()["errors"][0]["code"]
        == "dates-reversed"
    )
    lifted = registry.post(path, {"lifted_on": "2026-03-01", "reason": "补报年报后移出"})
    assert (lifted.status_code, lifted.json()["in_force"]) == (200, False)
    assert registry.get(f"/enterprises/{code}").json()["risk_flags"] == []
    ahead = registry.post(f"/enterprises/{code}/risk-flags", {**listed, "listed_on": "2999-01-01"})
    assert ahead.json()["errors"][0]["code"] == "date-in-future"


def test_flags_of_lists_are_told_without_a_ground_and_take_grounds_out_of_force(registry: Registry) -> None:
    code = registry.register(1, risk_flags=["stopped"])
    (bare,) = registry.get(f"/enterprises/{code}/risk-flags").json()["items"]
    assert (bare["record_id"], bare["source"], bare["in_force"]) == (None, None, True)
    visit = {"flag": "stopped", "source": "visit", "listed_on": "2026-01-05", "reason": "走访时停产"}
    registry.post(f"/enterprises/{code}/risk-flags", visit)
    assert registry.events("enterprise-updated") == [], "it bore the flag already"
    rows = [["统一社会信用代码", "企业名称", "所属区县", "风险标识"], [code, "测试企业1有限公司", "341302", "无"]]
    assert registry.run("enterprises", xlsx(rows))["counts"]["updated"] == 1
    (past,) = registry.get(f"/enterprises/{code}/risk-flags").json()["items"]
    assert (past["in_force"], past["lifted_on"]) == (False, None)
    assert registry.post(f"/enterprises/{code}/risk-flags", visit).status_code == 201, "it may come back"


def test_completeness_names_what_is_missing_and_addresses_name_their_district(registry: Registry) -> None:
    code = registry.register(1, registered_address="安徽省宿州市砀山县芒砀路2号")
    fact = {"fact": "headcount", "value": 5, "fiscal_year": 2025, "source": "self_declared"}
    registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": [fact]})
    found = registry.get(f"/enterprises/{code}").json()
    counted = found["completeness"]
    assert counted["present"] + len(counted["missing"]) == counted["expected"]
    assert ("headcount" in {each["fact"] for each in counted["missing"]}) is False
    assert (counted["present"], counted["score"]) == (1, "0.00"), "rounded down: only the whole is 1"
    assert found["registered_place"]["district"]["code"] == "341321"
    assert found["district"]["code"] == "341302"
    assert "请核对" in found["registered_place"]["remark"]
    assert found["actual_place"]["how"]["code"] == "missing"
