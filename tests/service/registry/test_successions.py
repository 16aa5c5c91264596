"""Mergers and divisions: the file is closed and not lost, titles go on by document only, and everybody is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from chassis import clock
from services.registry.use_cases.adjust_pool import adjust_pool
from services.registry.use_cases.announce_expiring_titles import announce_expiring_titles
from services.registry.use_cases.expire_titles import expire_titles
from tests.service.registry.conftest import Registry, xlsx

EFFECTIVE = "2026-03-01"
GIANT = {
    "title": "little_giant",
    "batch": "第五批",
    "document_number": "工信部企业函〔2023〕1号",
    "valid_from": "2023-07-01",
    "valid_to": "2099-06-30",
}
LOCAL = {
    "title": "specialized_sme",
    "document_number": "皖经信〔2024〕7号",
    "valid_from": "2024-01-01",
    "valid_to": "2026-12-31",
}


def two(registry: Registry) -> tuple[str, str]:
    """The one that goes, with two titles and a place in the pool; the one that stays."""
    gone, stays = (
        registry.register(1, name="甲并入有限公司", status="active"),
        registry.register(2, name="乙承继有限公司"),
    )
    for title in (GIANT, LOCAL):
        assert registry.post(f"/enterprises/{gone}/titles", title).status_code == 201
    entry = {"uscc": gone, "pool": "cultivation", "tier": "reserve", "source_list": "recommended", "reason": "推荐"}
    assert registry.post("/pool/entries", entry).status_code == 201
    return gone, stays


def title_of(registry: Registry, code: str, title: str) -> dict[str, Any]:
    return next(
        each for each in registry.get(f"/enterprises/{code}").json()["titles"] if each["title"]["code"] == title
    )


def ask(registry: Registry, code: str, **act: Any) -> Any:
    return registry.ask(code, {}, effective_on=EFFECTIVE, **act)


def approve(registry: Registry, filed: Any) -> Any:
    assert filed.status_code == 201, filed.text
    return registry.post(f"/change-requests/{filed.json()['request_id']}/approve", {}, as_={"subject": "clerk-2"})


def merge(registry: Registry, gone: str, stays: str) -> dict[str, Any]:
    carried = {
        "title_id": title_of(registry, gone, "little_giant")["title_id"],
        "successor": stays,
        "document_number": "工信部企业函〔2026〕3号",
    }
    answer = approve(registry, ask(registry, gone, merge={"successor": stays, "titles": [carried]}))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_merged_enterprise_names_its_successor_and_keeps_its_past(registry: Registry) -> None:
    gone, stays = two(registry)
    before = registry.get(f"/enterprises/{gone}").json()
    moment = clock.now()
    merge(registry, gone, stays)
    closed = registry.get(f"/enterprises/{gone}")
    assert (closed.status_code, closed.json()["code"], closed.json()["successors"]) == (
        410, "enterprise-dissolved", [stays],
    )  # fmt: skip
    assert stays in closed.json()["detail"]
    then = registry.get(f"/enterprises/{gone}", params={"as_of": moment.isoformat()})
    assert then.status_code == 200
    telling = {"as_of": None, "version": 0, "changed_at": ""}  # of the asking, and of the instant within a transaction
    assert then.json() | telling == before | telling
    after = registry.get(f"/enterprises/{gone}", params={"as_of": clock.now().isoformat()}).json()
    assert (after["status"]["code"], after["successors"][0]["uscc"]) == ("deregistered", stays)
    (entry, *_) = registry.get(f"/enterprises/{gone}/history").json()["items"]
    assert [(each["field"], each["before"], each["after"]) for each in entry["changes"]] == [
        ("status", "active", "deregistered")
    ]
    assert registry.get(f"/enterprises/{gone}/reads").status_code == 200
    carries_on = registry.get(f"/enterprises/{stays}").json()
    assert [(each["kind"]["code"], each["name"]) for each in carries_on["predecessors"]] == [
        ("merge", "甲并入有限公司")
    ]


def test_titles_go_on_by_document_and_all_others_stay(registry: Registry) -> None:
    gone, stays = two(registry)
    merge(registry, gone, stays)
    (carried,) = registry.get(f"/enterprises/{stays}").json()["titles"]
    assert (carried["title"]["code"], carried["document_number"], carried["state"]["code"]) == (
        "little_giant", "工信部企业函〔2026〕3号", "valid",
    )  # fmt: skip
    assert (carried["valid_from"], carried["valid_to"], carried["batch"]) == (EFFECTIVE, "2099-06-30", "第五批")
    old = registry.get(f"/enterprises/{gone}", params={"as_of": clock.now().isoformat()}).json()["titles"]
    assert {each["title"]["code"]: (each["state"]["code"], each["valid_to"]) for each in old} == {
        "little_giant": ("expired", "2026-02-28"), "specialized_sme": ("valid", "2026-12-31"),
    }  # fmt: skip
    acts = registry.rows("SELECT act, document_number FROM title_acts ORDER BY id")
    assert [row.act for row in acts[-2:]] == ["transfer_out", "transfer_in"]
    assert {row.document_number for row in acts[-2:]} == {"工信部企业函〔2026〕3号"}


def test_one_event_closes_the_file_and_the_versions_of_both_rise_by_one_each(registry: Registry) -> None:
    gone, stays = two(registry)
    merge(registry, gone, stays)
    (event,) = registry.events("enterprise-merged")
    assert event["successor"] == {"uscc": stays, "name": "乙承继有限公司"}
    assert (event["enterprise"]["status"], event["effective_on"], event["document"]) == (
        "deregistered", EFFECTIVE, "登记通知书",
    )  # fmt: skip
    for code in (gone, stays):
        versions = [each["version"] for each in registry.events() if each["uscc"] == code]
        assert versions == list(range(1, len(versions) + 1))
        assert registry.scalar("SELECT version FROM enterprises WHERE uscc = :code", code=code) == versions[-1]
    (left,) = registry.events("pool-left")
    assert (left["uscc"], left["reason_code"]) == (gone, "struck_off")
    registry.number_changes()
    feed = registry.get("/changes").json()["items"]
    assert [each["changed"] for each in feed if each["type"].startswith("registry.enterprise-merged")] == [
        ["status", "successors"]
    ]


def test_nothing_is_written_to_a_closed_file_and_no_list_or_search_finds_it(registry: Registry) -> None:
    gone, stays = two(registry)
    waiting = registry.ask(gone, {"name": "改名有限公司"}).json()
    merge(registry, gone, stays)
    lapsed = registry.get(f"/change-requests/{waiting['request_id']}").json()
    assert (lapsed["state"]["code"], stays in lapsed["decision_reason"]) == ("lapsed", True)
    fact = {"fact": "lead_product", "value": "轴承", "source": "self_declared"}
    for answer in (
        registry.call("PUT", f"/enterprises/{gone}/facts", json={"facts": [fact]}),
        registry.call("PATCH", f"/enterprises/{gone}", json={"status": "active"}),
        registry.ask(gone, {"name": "改名有限公司"}),
        registry.post(f"/enterprises/{gone}/change-requests/preview", {"fields": {"name": "x"}, "reason": "x"}),
        registry.get(f"/enterprises/{gone}/profile"),
        registry.post(f"/enterprises/{gone}/titles", {**GIANT, "batch": "第六批"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (410, "enterprise-dissolved"), answer.text
    rows = [["统一社会信用代码", "企业名称", "所属区县"], [gone, "甲并入有限公司", "341302"]]
    done = registry.run("enterprises", xlsx(rows))
    assert done["counts"]["rejected"] == 1
    assert registry.problems(done)[0]["code"] == "enterprise-dissolved"
    assert [each["uscc"] for each in registry.get("/enterprises").json()["items"]] == [stays]
    registry.index_names()
    assert registry.get("/enterprises/search", params={"q": "甲并入"}).json()["items"] == []
    listed = [["企业名称", "称号", "文号", "所属区县"], ["甲并入有限公司", "高新技术企业", "国科〔2026〕1号", "埇桥区"]]
    assert registry.run("titles", xlsx(listed))["counts"]["created"] == 0, "a list that names it waits for a person"


def test_a_list_that_says_what_a_closed_file_says_is_rejected_all_the_same(registry: Registry) -> None:
    gone, stays = two(registry)
    figures = [["统一社会信用代码", "年度", "从业人员数"], [gone, "2024", "80"], [stays, "2024", "90"]]
    assert registry.run("facts", xlsx(figures))["counts"]["created"] == 2
    merge(registry, gone, stays)
    before = len(registry.events())
    known = registry.rows("SELECT uscc, name, district_code FROM enterprises ORDER BY uscc")
    identities = [["统一社会信用代码", "企业名称", "所属区县"], *([*each] for each in known)]
    for kind, sheet in (("facts", figures), ("enterprises", identities)):
        done = registry.run(kind, xlsx(sheet), mode="per_row")
        assert (done["counts"]["rejected"], done["counts"]["unchanged"]) == (1, 1), kind
        (problem,) = registry.problems(done)
        assert (problem["row"], problem["code"], problem["found"]) == (2, "enterprise-dissolved", gone)
        assert stays in problem["message"]
    assert len(registry.events()) == before


def test_the_calendar_goes_on_for_titles_that_stayed(registry: Registry) -> None:
    gone, stays = two(registry)
    merge(registry, gone, stays)
    pool_rules = registry.client.app.state.pool_rules  # type: ignore[attr-defined]
    life_cycles = registry.client.app.state.life_cycles  # type: ignore[attr-defined]
    with clock.frozen(dt.datetime(2027, 1, 1, 4, tzinfo=dt.UTC)), registry.db.transaction() as tx:
        assert expire_titles(tx) == 1
    with clock.frozen(dt.datetime(2026, 12, 20, 4, tzinfo=dt.UTC)), registry.db.transaction() as tx:
        assert announce_expiring_titles(tx, life_cycles) == 0, "nobody is told of the end of a closed file's titles"
    with registry.db.transaction() as tx:
        adjust_pool(tx, pool_rules)
    assert registry.scalar("SELECT count(*) FROM pool_proposals WHERE uscc = :code", code=gone) == 0
    title = next(
        each
        for each in registry.get(f"/enterprises/{gone}", params={"as_of": clock.now().isoformat()}).json()["titles"]
        if each["title"]["code"] == "specialized_sme"
    )
    cancelled = registry.post(
        f"/enterprises/{gone}/titles/{title['title_id']}/cancel",
        {"kind": "cancelled", "reason": "企业合并", "document_number": "皖经信〔2026〕8号"},
    )
    assert cancelled.status_code == 200, "the authority can still cancel what stayed"


def test_what_stands_in_the_way_of_a_merger_is_told_at_once(registry: Registry) -> None:
    gone, stays = two(registry)
    registry.post(f"/enterprises/{stays}/titles", {**GIANT, "batch": "第四批"})
    giant, local = (title_of(registry, gone, each)["title_id"] for each in ("little_giant", "specialized_sme"))
    titles = [
        {"title_id": giant, "successor": stays, "document_number": "x"},
        {"title_id": local, "successor": stays},
        {"title_id": local, "successor": stays, "document_number": "x"},
    ]
    answer = ask(registry, gone, merge={"successor": stays, "titles": titles})
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
        ("merge.titles[0]", "title-held-already"),
        ("merge.titles[1].document_number", "document-missing"),
        ("merge.titles[2].title_id", "title-not-held"),
    ]
    unknown = ask(registry, gone, merge={"successor": "91341302000000099" + "X"})
    assert unknown.status_code == 422
    itself = ask(registry, gone, merge={"successor": gone})
    assert itself.json()["errors"][0]["code"] == "successor-repeated"
    undated = registry.ask(gone, {}, merge={"successor": stays})
    assert [each["field"] for each in undated.json()["errors"]] == ["effective_on"]
    both = ask(registry, gone, merge={"successor": stays}, split={"successors": [stays], "continues": True})
    assert both.json()["errors"][0]["code"] == "two-acts"
    mixed = registry.ask(gone, {"status": "active"}, effective_on=EFFECTIVE, merge={"successor": stays})
    assert mixed.status_code in (201, 422)
    own: dict[str, Any] = {"roles": ("enterprise",), "areas": (), "uscc": gone}
    assert ask(registry, gone, as_=own, merge={"successor": stays}).json()["errors"][0]["code"] == "asker-not-allowed"


def test_a_merger_across_areas_needs_the_successors_area_too(registry: Registry) -> None:
    gone, stays = registry.register(1), registry.register(2, district_code="340102")
    filed = registry.ask(
        gone, {}, effective_on=EFFECTIVE, merge={"successor": stays}, as_={"areas": ("3413",), "subject": "clerk-1"}
    )
    path = f"/change-requests/{filed.json()['request_id']}/approve"
    half = registry.post(path, {}, as_={"areas": ("3413",), "subject": "clerk-2"})
    assert half.json()["state"]["code"] == "open"
    done = registry.post(path, {}, as_={"areas": ("3401",), "subject": "hefei"})
    assert done.json()["state"]["code"] == "approved"
    assert registry.get(f"/enterprises/{gone}").status_code == 410


def test_a_divided_enterprise_goes_on_or_ends_as_the_act_says(registry: Registry) -> None:
    gone, stays = two(registry)
    third = registry.register(3)
    carried = {
        "title_id": title_of(registry, gone, "specialized_sme")["title_id"],
        "successor": third,
        "decision_reference": "皖经信函〔2026〕5号",
    }
    split = {"successors": [stays, third], "continues": True, "titles": [carried]}
    assert approve(registry, ask(registry, gone, split=split)).status_code == 200
    found = registry.get(f"/enterprises/{gone}").json()
    assert found["status"]["code"] == "active"
    assert [each["uscc"] for each in found["successors"]] == sorted([stays, third]), "of one act: by code"
    assert title_of(registry, third, "specialized_sme")["decision_reference"] == "皖经信函〔2026〕5号"
    assert title_of(registry, gone, "little_giant")["state"]["code"] == "valid"
    assert registry.events("enterprise-split")[0]["continues"] is True
    assert registry.events("pool-left") == []
    ends = {"successors": [stays, third], "continues": False}
    assert approve(registry, ask(registry, gone, split=ends)).status_code == 200
    closed = registry.get(f"/enterprises/{gone}")
    assert (closed.status_code, closed.json()["successors"]) == (410, sorted([stays, third]))
