"""The cultivation pool: entries, the rules' proposals, exits, and frozen seed lists."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from contracts.events.eligibility import AssessmentChanged, AssessmentEnded, NearMiss
from services.registry.domain.pool import PoolRules
from services.registry.settings import Settings
from services.registry.store.items_file import load_item_kinds
from services.registry.store.pool_file import load_pool_rules
from services.registry.subscriptions import SUBSCRIPTIONS
from services.registry.use_cases.adjust_pool import adjust_pool
from tests.service.registry.conftest import Registry, uscc


@pytest.fixture(scope="session")
def rules(settings: Settings) -> PoolRules:
    return load_pool_rules(settings.pool_rules_file, load_item_kinds(settings.certified_items_file))


def tell(registry: Registry, code: str, verdict: str, **changed: Any) -> None:
    """An event of eligibility, delivered as the bus does."""
    given: dict[str, Any] = {
        "uscc": code,
        "assessment_id": "0192f3a0-7b1e-7c3d-8a51-2f0c6f1b9d02",
        "title": "specialized_sme",
        "title_label": "专精特新中小企业",
        "kind": "new",
        "verdict": verdict,
        "previous": None,
        "pack": "miit-2-2026-specialized@1f2e3d",
        "assessed_on": dt.date(2026, 11, 22),
    }
    deliver(registry, AssessmentChanged(**given | changed))


def deliver(registry: Registry, event: Any) -> None:
    with registry.db.transaction() as tx:
        for handler in SUBSCRIPTIONS[type(event)]:
            handler(tx, event)


def adjust(registry: Registry, rules: PoolRules) -> int:
    with registry.db.transaction() as tx:
        return adjust_pool(tx, rules)


def proposals(registry: Registry, **params: Any) -> list[dict[str, Any]]:
    return list(registry.get("/pool/proposals", params={"state": "open", **params}).json()["items"])


def entries(registry: Registry, **params: Any) -> list[dict[str, Any]]:
    answer = registry.get("/pool/entries", params={"present": "true", **params})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def enter(registry: Registry, code: str, expect: int = 201, **changed: Any) -> dict[str, Any]:
    body = {
        "uscc": code,
        "pool": "cultivation",
        "tier": "reserve",
        "source_list": "recommended",
        "reason": "埇桥区推荐",
        "document": "埇经信〔2026〕7号",
        **changed,
    }
    answer = registry.post("/pool/entries", body)
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


def decide(registry: Registry, proposal: dict[str, Any], decision: str, expect: int = 200) -> dict[str, Any]:
    body = {"decision": decision, "reason": "经走访核实"}
    answer = registry.post(f"/pool/proposals/{proposal['proposal_id']}/decision", body)
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


def test_an_official_takes_in_moves_and_lets_leave(registry: Registry) -> None:
    code = registry.register(1)
    entry = enter(registry, code, entered_on="2026-03-01")
    assert (entry["pool"]["label"], entry["tier"]["label"], entry["source_list"]["label"]) == (
        "梯次培育库",
        "储备",
        "县区、园区、镇街推荐",
    )
    assert enter(registry, code, 409)["code"] == "already-in-pool"
    enter(registry, code, pool="backup", tier="backup")
    path = f"/pool/entries/{entry['entry_id']}"
    moved = registry.post(f"{path}/move", {"tier": "nurture", "reason": "研发投入达标"}).json()
    assert (moved["tier"]["code"], moved["source_list"]["code"]) == ("nurture", "recommended")
    stale = registry.post(f"{path}/leave", {"reason_code": "own_wish", "reason": "x"})
    assert (stale.status_code, stale.json()["code"]) == (409, "not-in-pool")
    path = f"/pool/entries/{moved['entry_id']}"
    left = registry.post(
        f"{path}/leave", {"reason_code": "own_wish", "reason": "企业申请退出", "document": "申请书"}
    ).json()
    assert (left["left_code"]["label"], left["left_reason"], left["left_document"]) == (
        "企业自愿退出",
        "企业申请退出",
        "申请书",
    )
    assert [each["pool"]["code"] for each in entries(registry)] == ["backup"]
    gone = registry.get("/pool/entries", params={"present": "false", "uscc": code}).json()["items"]
    assert [(each["tier"]["code"], each["left_code"]["code"]) for each in gone] == [
        ("reserve", "moved"),
        ("nurture", "own_wish"),
    ]
    told = [(each["pool"], each["tier"], each["version"]) for each in registry.events("pool-entered")]
    assert told == [("cultivation", "reserve", 2), ("backup", "backup", 3), ("cultivation", "nurture", 5)]
    exits = [(each["tier"], each["reason_code"], each["version"]) for each in registry.events("pool-left")]
    assert exits == [("reserve", "moved", 4), ("nurture", "own_wish", 6)]
    assert enter(registry, code)["tier"]["code"] == "reserve", "who left may come again"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pool": "swimming"}, "pool-unknown"),
        ({"tier": "backup"}, "tier-unknown"),
        ({"source_list": "rumours"}, "source-unknown"),
        ({"entered_on": "2099-01-01"}, "date-in-future"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(registry: Registry, changed: dict[str, Any], code: str) -> None:
    refused = enter(registry, registry.register(1), 422, **changed)
    assert [each["code"] for each in refused["errors"]] == [code]
    assert entries(registry) == []


def test_an_exit_names_a_reason_of_the_list_and_a_possible_day(registry: Registry) -> None:
    entry = enter(registry, registry.register(1), entered_on="2026-03-01")
    path = f"/pool/entries/{entry['entry_id']}"
    for body, code in (
        ({"reason_code": "bored", "reason": "x"}, "reason-unknown"),
        ({"reason_code": "moved", "reason": "x"}, "reason-unknown"),
        ({"reason_code": "other", "reason": "x", "on": "2026-02-28"}, "period-reversed"),
        ({"reason_code": "other", "reason": "x", "on": "2099-01-01"}, "date-in-future"),
    ):
        assert registry.post(f"{path}/leave", body).json()["errors"][0]["code"] == code
    same = registry.post(f"{path}/move", {"tier": "reserve", "reason": "x"})
    assert same.json()["errors"][0]["code"] == "tier-unchanged"
    assert len(entries(registry)) == 1


def test_who_is_newly_eligible_is_proposed_and_enters_when_accepted(registry: Registry, rules: PoolRules) -> None:
    code = registry.register(1)
    tell(registry, code, "eligible", previous="not_eligible")
    assert proposals(registry) == [], "the rules look at it in their own time"
    assert adjust(registry, rules) == 1
    assert adjust(registry, rules) == 0, "once"
    (proposal,) = proposals(registry)
    assert (proposal["rule_id"], proposal["tier"]["code"], proposal["act"]["code"]) == (
        "PL-eligible",
        "nurture",
        "enter",
    )
    assert (proposal["ground"]["verdict"], proposal["ground"]["title"]) == ("eligible", "specialized_sme")
    assert entries(registry) == [], "people decide"
    assert decide(registry, proposal, "accept")["state"]["label"] == "已采纳"
    (entry,) = entries(registry)
    assert (entry["rule_id"], entry["reason"], entry["source_list"]["code"]) == (
        "PL-eligible",
        "经走访核实",
        "assessment",
    )
    assert decide(registry, proposal, "refuse", 409)["code"] == "pool-proposal-decided"
    tell(registry, code, "eligible", previous="unknown")
    assert adjust(registry, rules) == 0, "who is in the pool is not proposed for it"


def test_a_refusal_holds_for_as_long_as_the_file_says(registry: Registry, rules: PoolRules) -> None:
    code = registry.register(1)
    tell(registry, code, "eligible")
    adjust(registry, rules)
    assert decide(registry, proposals(registry)[0], "refuse")["decision_reason"] == "经走访核实"
    tell(registry, code, "eligible", previous="unknown")
    assert adjust(registry, rules) == 0
    with clock.frozen(clock.now() + dt.timedelta(days=rules.pause_days + 1)):
        tell(registry, code, "eligible", previous="unknown")
        assert adjust(registry, rules) == 1


def test_who_comes_near_is_proposed_for_the_reserve_and_better_takes_its_place(
    registry: Registry, rules: PoolRules
) -> None:
    code = registry.register(1)
    tell(registry, code, "not_eligible", open_lines=4, open_effort="months")
    assert adjust(registry, rules) == 0
    near = NearMiss(
        uscc=code, assessment_id="x", title="specialized_sme", title_label="专精特新中小企业", kind="new",
        verdict="not_eligible", open_lines=2, open_lines_before=4, open_effort="months", pack="p",
        assessed_on=dt.date(2026, 11, 23),
    )  # fmt: skip
    deliver(registry, near)
    assert adjust(registry, rules) == 1
    (proposal,) = proposals(registry)
    assert (proposal["rule_id"], proposal["tier"]["code"], proposal["ground"]["open_lines"]) == (
        "PL-near",
        "reserve",
        2,
    )
    tell(registry, code, "eligible", previous="not_eligible", open_lines=0)
    adjust(registry, rules)
    (better,) = proposals(registry)
    assert (better["rule_id"], better["tier"]["code"]) == ("PL-eligible", "nurture")
    ended = {"uscc": code, "assessment_id": "x", "title": "specialized_sme", "title_label": "x", "kind": "new",
             "previous": "eligible", "ended_on": dt.date(2026, 11, 24)}  # fmt: skip
    deliver(registry, AssessmentEnded(**ended))
    adjust(registry, rules)
    assert proposals(registry) == [], "its ground is gone"
    withdrawn = registry.get("/pool/proposals", params={"state": "withdrawn"}).json()["items"]
    assert len(withdrawn) == 2
    assert withdrawn[-1]["decision_reason"] == "测算结果已变化，提议的依据不再成立"


def test_a_review_an_unknown_enterprise_and_one_that_is_struck_off_are_no_news(
    registry: Registry, rules: PoolRules
) -> None:
    tell(registry, registry.register(1), "eligible", kind="review")
    tell(registry, uscc(99), "eligible")
    tell(registry, registry.register(2, status="revoked"), "eligible")
    assert adjust(registry, rules) == 0
    assert proposals(registry) == []


def test_a_title_moves_up_and_its_loss_moves_down(registry: Registry, rules: PoolRules) -> None:
    code = registry.register(1)
    enter(registry, code)
    title = {"title": "specialized_sme", "document_number": "测〔2026〕1号", "valid_to": "2099-01-01"}
    title_id = registry.post(f"/enterprises/{code}/titles", title).json()["title_id"]
    assert adjust(registry, rules) == 1
    (up,) = proposals(registry)
    assert (up["rule_id"], up["act"]["code"], up["tier"]["code"]) == ("PL-up", "move", "upgrade")
    decide(registry, up, "accept")
    assert [each["tier"]["code"] for each in entries(registry)] == ["upgrade"]
    assert adjust(registry, rules) == 0
    registry.post(f"/enterprises/{code}/titles/{title_id}/cancel", {"kind": "cancelled", "reason": "数据造假"})
    assert adjust(registry, rules) == 1
    (down,) = proposals(registry)
    assert (down["rule_id"], down["tier"]["code"]) == ("PL-down", "nurture")
    decide(registry, down, "accept")
    assert [each["tier"]["code"] for each in entries(registry)] == ["nurture"]


def test_a_record_made_in_error_is_no_loss(registry: Registry, rules: PoolRules) -> None:
    code = registry.register(1)
    enter(registry, code, tier="upgrade")
    title = {"title": "specialized_sme", "document_number": "测〔2026〕1号"}
    title_id = registry.post(f"/enterprises/{code}/titles", title).json()["title_id"]
    registry.post(f"/enterprises/{code}/titles/{title_id}/cancel", {"kind": "recorded_in_error", "reason": "录错"})
    assert adjust(registry, rules) == 0


def test_who_is_struck_off_leaves_by_the_rule_itself(registry: Registry, rules: PoolRules) -> None:
    code, other = registry.register(1), registry.register(2)
    for each in (code, other):
        enter(registry, each)
        enter(registry, each, pool="backup", tier="backup")
    registry.call("PATCH", f"/enterprises/{code}", json={"status": "deregistered"})
    assert adjust(registry, rules) == 2
    assert {each["enterprise"]["uscc"] for each in entries(registry)} == {other}
    gone = registry.get("/pool/entries", params={"present": "false"}).json()["items"]
    assert {each["left_code"]["code"] for each in gone} == {"struck_off"}
    assert {each["reason_code"] for each in registry.events("pool-left")} == {"struck_off"}
    assert adjust(registry, rules) == 0


def test_the_lists_of_a_city_fill_its_backup_pool(registry: Registry, rules: PoolRules) -> None:
    here = registry.register(1, district_code="321102")
    there = registry.register(2)
    for code in (here, there):
        title = {"title": "high_tech", "document_number": "测〔2026〕1号", "valid_to": "2099-01-01"}
        registry.post(f"/enterprises/{code}/titles", title)
    item = {
        "kind": "ip_advantage",
        "level": "nation",
        "document_number": "国知发〔2026〕1号",
        "certified_on": "2026-01-05",
    }
    third = registry.register(3, district_code="321102")
    assert registry.post("/items", {**item, "uscc": third}).status_code == 201
    struck = registry.register(4, district_code="321102", status="revoked")
    registry.post("/items", {**item, "uscc": struck})
    assert adjust(registry, rules) == 2
    found = {each["enterprise"]["uscc"]: each["source_list"]["code"] for each in proposals(registry)}
    assert found == {here: "high_tech", third: "ip_advantage"}
    assert proposals(registry, district="3413") == []
    outside = registry.get("/pool/proposals", as_={"areas": ["3413"]}).json()["items"]
    assert outside == []
    body = {"decision": "accept", "reason": "x"}
    refused = registry.post(f"/pool/proposals/{proposals(registry)[0]['proposal_id']}/decision", body,
                            as_={"areas": ["3413"]})  # fmt: skip
    assert refused.status_code == 403


def test_a_seed_list_is_frozen_once_and_stays_as_it_was(registry: Registry) -> None:
    year = clock.today().year
    one, two, far = registry.register(1), registry.register(2), registry.register(3, district_code="500107")
    for code, tier in ((one, "reserve"), (two, "nurture"), (far, "reserve")):
        enter(registry, code, tier=tier)
    body = {
        "year": year,
        "area": "341300",
        "pool": "cultivation",
        "name": "宿州市种子企业名单",
        "document": "宿经信〔2026〕9号",
    }
    answer = registry.post("/pool/seed-lists", body)
    assert answer.status_code == 201, answer.text
    frozen = answer.json()
    assert (frozen["count"], frozen["area"]["label"]) == (2, "安徽省宿州市")
    registry.change(one, name="改名有限公司")
    path = f"/pool/seed-lists/{frozen['list_id']}"
    members = registry.get(f"{path}/members", params={"limit": 1}).json()
    assert [each["name"] for each in members["items"]] == ["测试企业1有限公司"], "as it stood on that day"
    rest = registry.get(f"{path}/members", params={"cursor": members["next_cursor"]}).json()["items"]
    assert [(each["uscc"], each["tier"]) for each in rest] == [(two, "nurture")]
    again = registry.post("/pool/seed-lists", body)
    assert (again.status_code, again.json()["list_id"]) == (409, frozen["list_id"])
    assert registry.get(path).json()["intact"] is True
    with registry.db.transaction() as tx:
        tx.session.execute(
            text('UPDATE seed_list_members SET content = content || \'{"tier": "upgrade"}\' WHERE position = 1')
        )
    assert registry.get(path).json()["intact"] is False
    assert registry.get(path, as_={"areas": ["341302"]}).status_code == 403
    listed = registry.get("/pool/seed-lists", params={"year": year}).json()["items"]
    assert [each["sha256"] for each in listed] == [frozen["sha256"]]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"area": "999999"}, "district-unknown"),
        ({"pool": "swimming"}, "pool-unknown"),
        ({"tiers": ["top"]}, "tier-unknown"),
        ({"year": 2001}, "year-impossible"),
        ({"tiers": ["upgrade"]}, "list-empty"),
    ],
)
def test_a_seed_list_that_cannot_be_is_refused(registry: Registry, changed: dict[str, Any], code: str) -> None:
    enter(registry, registry.register(1))
    body = {"year": clock.today().year, "area": "341300", "pool": "cultivation", "name": "名单", **changed}
    answer = registry.post("/pool/seed-lists", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


def test_the_rules_can_be_read(registry: Registry) -> None:
    found = registry.get("/pool/rules").json()
    near = next(each for each in found["rules"] if each["id"] == "PL-near")
    assert (near["open_lines"], near["effort"], near["by"]["label"], near["grounds"]) == (2, "year", "由人决定", None)
    small = next(each for each in found["rules"] if each["id"] == "PL-small-to-above")
    assert small["grounds"]["quote"] == "以上一年度應稅銷售1500-2000萬元企業為重點對象"
    assert [each["label"] for each in found["pools"][0]["tiers"]] == ["储备", "培育", "提升"]
