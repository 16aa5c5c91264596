"""Change requests: who may ask, what is told before, what stands in the way, who decides, what is left behind."""

from __future__ import annotations

from typing import Any

import pytest

from services.registry.domain.change_rules_file import ChangeRulesInvalid, parse_change_rules
from services.registry.settings import Settings
from tests.service.registry.conftest import Registry, uscc, xlsx

CLERK: dict[str, Any] = {"subject": "clerk-1"}
OTHER: dict[str, Any] = {"subject": "clerk-2"}
TITLE = {
    "title": "little_giant",
    "batch": "第五批",
    "document_number": "工信部企业函〔2023〕1号",
    "announced_on": "2023-07-14",
    "valid_from": "2023-07-01",
    "valid_to": "2099-06-30",
}


def own(code: str) -> dict[str, Any]:
    return {"roles": ("enterprise",), "areas": (), "uscc": code, "subject": f"liaison-{code}"}


def act(
    registry: Registry, request: dict[str, Any], step: str, *, as_: dict[str, Any] | None = None, **body: Any
) -> Any:
    return registry.post(f"/change-requests/{request['request_id']}/{step}", body, as_=as_ or OTHER)


def filed(registry: Registry, code: str, fields: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = registry.ask(code, fields, **options)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_rename_takes_two_officials_and_leaves_its_ground_behind(registry: Registry) -> None:
    code = registry.register(1, name="宿州老名有限公司")
    request = filed(registry, code, {"name": "宿州新名有限公司"}, effective_on="2026-03-01")
    assert (request["state"]["label"], request["kind"]["code"]) == ("待审批", "amend")
    assert registry.get(f"/enterprises/{code}").json()["name"] == "宿州老名有限公司"
    alone = act(registry, request, "approve", as_=CLERK)
    assert (alone.status_code, alone.json()["code"]) == (403, "second-person-needed")
    done = act(registry, request, "approve", reason="已核对登记通知书").json()
    assert (done["state"]["code"], done["decided_by"], done["applied_version"]) == ("approved", "clerk-2", 2)
    found = registry.get(f"/enterprises/{code}").json()
    assert found["name"] == "宿州新名有限公司"
    (former,) = found["former_names"]
    assert (former["name"], former["valid_to"], former["document"]) == ("宿州老名有限公司", "2026-02-28", "登记通知书")
    (entry,) = registry.get(f"/enterprises/{code}/history").json()["items"]
    assert (entry["request_id"], entry["recorded_by"]) == (request["request_id"], "clerk-2")
    (event,) = registry.events("enterprise-updated")
    assert (event["changed"], event["version"]) == (["name"], 2)
    again = act(registry, request, "approve")
    assert (again.status_code, again.json()["code"]) == (409, "change-request-decided")
    actions = [row.action for row in registry.rows("SELECT action FROM audit_log ORDER BY id")]
    assert actions[-3:] == ["change-requested", "enterprise-updated", "change-approved"]


def test_what_an_official_may_decide_alone_takes_effect_with_the_request(registry: Registry) -> None:
    code = registry.register(1)
    request = filed(registry, code, {"actual_address": "测试路9号"})
    assert (request["state"]["code"], request["decided_by"]) == ("approved", "clerk-1")
    assert registry.get(f"/enterprises/{code}").json()["actual_address"] == "测试路9号"
    mine = filed(registry, code, {"actual_address": "自报路8号"}, as_=own(code))
    assert mine["state"]["code"] == "open", "an enterprise's request is always decided by an official"
    assert act(registry, mine, "approve", as_=CLERK).json()["state"]["code"] == "approved"
    assert registry.get(f"/enterprises/{code}").json()["actual_address"] == "自报路8号"


def test_amending_directly_is_for_what_one_official_may_decide(registry: Registry) -> None:
    code = registry.register(1)
    for fields in ({"name": "改名有限公司"}, {"district_code": "340102"}, {"name": "改名有限公司", "status": "active"}):
        answer = registry.call("PATCH", f"/enterprises/{code}", json=fields)
        assert (answer.status_code, answer.json()["code"]) == (409, "change-request-required")
        assert answer.json()["errors"][0]["field"] in ("name", "district_code")
    assert registry.get(f"/enterprises/{code}").json()["version"] == 1, "nothing was changed"
    assert registry.call("PATCH", f"/enterprises/{code}", json={"status": "active"}).status_code == 200
    (kept,) = registry.get("/change-requests", params={"uscc": code}).json()["items"]
    assert (kept["fields"][0]["field"], kept["state"]["code"]) == ("status", "approved")


def test_who_may_ask_for_what_and_by_which_document_is_told_field_by_field(registry: Registry) -> None:
    code = registry.register(1)
    body = {"fields": {"status": "deregistered", "registered_address": "新址1号"}, "reason": "搬了"}
    answer = registry.post(f"/enterprises/{code}/change-requests", body, as_=own(code))
    assert (answer.status_code, answer.json()["code"]) == (422, "change-request-invalid")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("evidence", "evidence-missing"),
        ("fields.status", "asker-not-allowed"),
    ]
    same = registry.ask(code, {"name": "测试企业1有限公司"})
    assert same.json()["errors"][0]["code"] == "nothing-changes"
    ahead = registry.ask(code, {"name": "新名"}, effective_on="2999-01-01")
    assert ahead.json()["errors"][0]["field"] == "effective_on"
    other = registry.ask(uscc(1), {"name": "新名"}, as_=own(uscc(2)))
    assert other.json()["code"] == "own-enterprise-only"
    wrong = registry.ask(code, {"industry_code": "Z99"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "industry_code")


def test_a_preview_tells_what_changes_who_decides_and_what_follows_and_writes_nothing(registry: Registry) -> None:
    code = registry.register(1, industry_code="3911")
    registry.post(f"/enterprises/{code}/titles", TITLE)
    facts = [
        {"fact": name, "value": value, "fiscal_year": 2025, "source": "audit_report"}
        for name, value in (("headcount", 250), ("revenue_yuan", "90000000"), ("total_assets_yuan", "80000000"))
    ]
    assert registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": facts}).status_code == 200
    body = {
        "fields": {"name": "新名有限公司", "industry_code": "6513"},
        "reason": "更名",
        "evidence": [{"title": "登记通知书"}],
        "effective_on": "2026-01-31",
    }
    path = f"/enterprises/{code}/change-requests/preview"
    told = registry.post(path, body).json()
    assert [(each["field"], each["base"], each["wanted"]) for each in told["fields"]] == [
        ("name", "测试企业1有限公司", "新名有限公司"),
        ("industry_code", "3911", "6513"),
    ]
    assert told["at_once"] is False
    assert [(rule["code"], rule["decide"]["code"]) for rule in told["rules"]] == [
        ("name", "other"), ("industry_code", "self"),
    ]  # fmt: skip
    follows = {each["code"]: each["text"] for each in told["consequences"]}
    assert set(follows) == {
        "former-name-kept", "whitelist-renamed", "size-class-changes", "assessed-again", "change-report-due",
    }  # fmt: skip
    assert "小型变为中型" in follows["size-class-changes"]
    assert "2026-04-30" in follows["change-report-due"]
    assert "63号" in follows["change-report-due"]
    assert registry.get("/change-requests").json()["items"] == []
    move = {**body, "fields": {"district_code": "340102"}}
    codes = [each["code"] for each in registry.post(path, move).json()["consequences"]]
    assert codes == ["feed-tombstone", "commissioner-settled", "whitelist-moved", "pool-stays", "change-report-due"]


def test_a_field_has_one_open_request_at_a_time(registry: Registry) -> None:
    code = registry.register(1)
    first = filed(registry, code, {"name": "甲名有限公司"}, as_=own(code))
    second = registry.ask(code, {"name": "乙名有限公司", "status": "active"})
    assert (second.status_code, second.json()["code"]) == (409, "change-request-open")
    assert second.json()["request_id"] == first["request_id"]
    assert filed(registry, code, {"status": "active"})["state"]["code"] == "approved"
    stranger = act(registry, first, "withdraw", as_=OTHER)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "not-the-asker")
    back = act(registry, first, "withdraw", as_=own(code), reason="填错了").json()
    assert (back["state"]["code"], back["decision_reason"]) == ("withdrawn", "填错了")
    assert filed(registry, code, {"name": "乙名有限公司"})["state"]["code"] == "open"


def test_what_changed_since_is_a_conflict_that_the_decision_has_to_name(registry: Registry) -> None:
    code = registry.register(1, registered_address="旧址1号")
    request = filed(registry, code, {"registered_address": "申请址2号", "name": "新名有限公司"})
    # a list of the register comes in between; a request could not, it would be refused
    rows = [
        ["统一社会信用代码", "企业名称", "所属区县", "注册地址"],
        [code, "测试企业1有限公司", "341302", "名单址3号"],
    ]
    assert registry.run("enterprises", xlsx(rows))["counts"]["updated"] == 1
    shown = {each["field"]: each for each in registry.get(f"/change-requests/{request['request_id']}").json()["fields"]}
    assert shown["registered_address"] == {
        "field": "registered_address", "label": "注册地址", "base": "旧址1号", "present": "名单址3号",
        "wanted": "申请址2号", "conflict": True,
    }  # fmt: skip
    assert shown["name"]["conflict"] is False
    refused = act(registry, request, "approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "change-request-conflict")
    assert [each["field"] for each in refused.json()["conflicts"]] == ["registered_address"]
    too_many = act(registry, request, "approve", confirm=["registered_address", "name"])
    assert too_many.status_code == 409
    done = act(registry, request, "approve", confirm=["registered_address"]).json()
    assert (done["state"]["code"], done["confirmed"]) == ("approved", ["registered_address"])
    assert registry.get(f"/enterprises/{code}").json()["registered_address"] == "申请址2号"


def test_a_request_that_came_true_meanwhile_is_no_conflict(registry: Registry) -> None:
    code = registry.register(1)
    request = filed(registry, code, {"name": "新名有限公司"})
    rows = [["统一社会信用代码", "企业名称", "所属区县"], [code, "新名有限公司", "341302"]]
    assert registry.run("enterprises", xlsx(rows))["counts"]["updated"] == 1
    assert act(registry, request, "approve").json()["state"]["code"] == "approved"
    assert len(registry.events("enterprise-updated")) == 1


def test_a_rejection_tells_the_enterprise_why(registry: Registry) -> None:
    code = registry.register(1)
    request = filed(registry, code, {"name": "新名有限公司"}, as_=own(code))
    assert act(registry, request, "reject").status_code == 422, "a refusal needs a reason"
    assert act(registry, request, "reject", reason="通知书上的名称不同").status_code == 200
    seen = registry.get(f"/change-requests/{request['request_id']}", as_=own(code)).json()
    assert (seen["state"]["label"], seen["decision_reason"]) == ("已驳回", "通知书上的名称不同")
    assert seen["consequences"] == []
    assert act(registry, request, "approve", as_=own(code)).json()["code"] == "role-refused"


def test_a_move_needs_both_areas_and_is_told_to_both(registry: Registry) -> None:
    code = registry.register(1)
    here: dict[str, Any] = {"areas": ("3413",)}
    there: dict[str, Any] = {"areas": ("3401",), "subject": "hefei-clerk"}
    registry.number_changes()
    request = filed(registry, code, {"district_code": "340102"}, as_={**here, **CLERK})
    assert (request["kind"]["code"], [side["side"]["code"] for side in request["sides"]]) == (
        "move", ["holding", "receiving"],
    )  # fmt: skip
    path = f"/change-requests/{request['request_id']}"
    elsewhere = {"areas": ("11",), "subject": "beijing-clerk"}
    assert registry.get(path, as_=elsewhere).status_code == 404
    assert act(registry, request, "approve", as_=elsewhere).status_code == 404
    assert [each["request_id"] for each in registry.get("/change-requests", as_=there).json()["items"]] == [
        request["request_id"]
    ]
    half = act(registry, request, "approve", as_={**here, **OTHER}).json()
    assert half["state"]["code"] == "open"
    twice = act(registry, request, "approve", as_={**here, "subject": "clerk-3"})
    assert (twice.status_code, twice.json()["code"]) == (403, "other-side-decides")
    done = act(registry, request, "approve", as_=there).json()
    assert [side["agreed_by"] for side in done["sides"]] == ["clerk-2", "hefei-clerk"]
    assert registry.get(f"/enterprises/{code}", as_=there).json()["district"]["code"] == "340102"
    registry.number_changes()
    platform: dict[str, Any] = {"roles": ("platform",), "areas": ("3413",)}
    (left,) = registry.get("/changes", params={"after": 1}, as_=platform).json()["items"]
    assert (left["tombstone"], left["data"]) == (True, None)
    (moved,) = registry.events("enterprise-moved")
    assert (moved["from_district"], moved["to_district"], moved["version"]) == ("341302", "340102", 2)
    assert moved["document"] == "登记通知书"


def test_after_a_move_it_is_the_new_area_that_agrees(registry: Registry) -> None:
    code = registry.register(1)
    request = filed(registry, code, {"actual_address": "测试路9号"}, as_=own(code))
    rows = [["统一社会信用代码", "企业名称", "所属区县"], [code, "测试企业1有限公司", "340102"]]
    assert registry.run("enterprises", xlsx(rows))["counts"]["updated"] == 1
    (moved,) = registry.events("enterprise-moved")
    assert (moved["to_district"], moved["document"]) == ("340102", None)
    before = act(registry, request, "approve", as_={"areas": ("3413",), "subject": "clerk-2"})
    assert (before.status_code, before.json()["code"]) == (404, "change-request-not-found")
    done = act(registry, request, "approve", as_={"areas": ("3401",), "subject": "hefei-clerk"}).json()
    assert (done["state"]["code"], done["sides"][0]["districts"]) == ("approved", ["340102"])


def test_requests_are_listed_by_what_they_are_about(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2, district_code="340102")
    renaming = filed(registry, one, {"name": "甲新名"}, as_=own(one))
    filed(registry, two, {"status": "active"})

    def ids(**params: Any) -> list[str]:
        answer = registry.get("/change-requests", params=params)
        assert answer.status_code == 200, answer.text
        return [each["request_id"] for each in answer.json()["items"]]

    assert ids(state="open") == ids(field="name") == ids(requested_as="enterprise") == [renaming["request_id"]]
    assert ids(district="3413") == ids(uscc=one) == [renaming["request_id"]]
    assert len(ids()) == len(ids(since="2026-01-01")) == 2
    assert ids(until="2026-01-01") == ids(kind="merge") == []
    first = registry.get("/change-requests", params={"limit": 1}).json()
    rest = registry.get("/change-requests", params={"cursor": first["next_cursor"]}).json()
    assert [each["uscc"] for each in first["items"] + rest["items"]] == [two, one]
    assert [each["uscc"] for each in registry.get("/change-requests", as_=own(one)).json()["items"]] == [one]
    assert registry.get("/change-requests", params={"colour": "red"}).status_code == 422


def test_the_rules_in_force_are_shown_with_their_reasons(registry: Registry) -> None:
    found = registry.get("/change-rules").json()
    rule = next(each for each in found["fields"] if each["code"] == "name")
    assert (rule["decide"]["code"], rule["ground"]["clause"], rule["grade"]) == ("other", "第十五条", "M(75)")
    assert {each["code"] for each in found["acts"]} == {"merge", "split"}


@pytest.mark.parametrize(
    ("old", "new", "line_of"),
    [
        ("decide: other", "decide: boss", "decide: boss"),
        ("ask: [enterprise, official]", "ask: [bank]", "ask: [bank]"),
        ("  status:\n", "  state:\n", "  state:"),
        ("document: miit-63-2022", "document: none", "document: none"),
    ],
)
def test_a_wrong_rules_file_is_refused_with_its_line(settings: Settings, old: str, new: str, line_of: str) -> None:
    text = settings.change_rules_file.read_text("utf-8").replace(old, new, 1)
    with pytest.raises(ChangeRulesInvalid) as refused:
        parse_change_rules(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if line_of in each)
    assert line in {problem.line for problem in refused.value.problems}
