"""Targets counted in certified items, pool, carriers, projects and cases: the number is its list, the rest says why."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from services.registry.domain.programmes.counting import NO_REGISTER, Window
from services.registry.domain.programmes.vocabulary import known_to
from services.registry.prepare import read_catalog
from services.registry.settings import Settings
from services.registry.store.pool_file import load_pool_rules
from services.registry.store.programme_registers import RegisterOfMetric
from services.registry.store.programmes import Programmes
from tests.service.registry.conftest import Registry
from tests.service.registry.test_items import PROJECT, carrier, item
from tests.service.registry.test_pool import enter
from tests.service.registry.test_programme_targets import record, target

SUZHOU, ZHENJIANG, XINING, JIULONGPO = (
    "suzhou-2018-2020", "zhenjiang-2023-2025", "xining-2022-2024", "jiulongpo-2022-2025",
)  # fmt: skip
CATALOG = read_catalog()


def entries(registry: Registry, programme: str, line: str, **params: Any) -> dict[str, Any]:
    answer = registry.get(f"/programmes/{programme}/targets/{line}/entries", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reasons(registry: Registry, programme: str, line: str, **params: Any) -> dict[str, str]:
    found = entries(registry, programme, line, counted=False, **params)["items"]
    assert all(each["reason"]["label"] and not each["counted"] for each in found)
    return {each["entry_id"]: each["reason"]["code"] for each in found}


def revoke(registry: Registry, item_id: str, on: str) -> None:
    body = {"revoked_on": on, "document": "皖经信〔2020〕1号", "reason": "不再符合条件"}
    assert registry.post(f"/items/{item_id}/revoke", body).status_code == 200


def test_a_stock_of_items_is_its_list_and_says_of_the_others_why_not(registry: Registry) -> None:
    """安徽省企业技术中心 40户以上: provincial, one enterprise once, in force on the last day."""

    def centre(number: int, on: str = "2019-05-01", district: str = "341302", **changed: Any) -> str:
        code = registry.register(number, district_code=district)
        found = item(registry, uscc=code, kind="tech_center", certified_on=on, **changed)["item_id"]
        return str(found)

    counted = {centre(1), centre(2, valid_to="2020-12-31")}
    revoked_later = centre(3)
    revoke(registry, revoked_later, "2021-01-01")
    counted.add(revoked_later)
    gone = centre(10)
    revoke(registry, gone, "2020-12-31")
    others = {
        gone: "revoked",
        centre(11, valid_to="2020-12-30"): "expired",
        centre(12, on="2021-01-01"): "later",
        centre(13, level="city"): "other_level",
        centre(14, district="340102"): "outside",
    }
    twice = registry.register(4)
    older = item(registry, uscc=twice, kind="tech_center", certified_on="2018-01-01", document_number="旧号")
    newer = item(registry, uscc=twice, kind="tech_center", certified_on="2020-01-01", document_number="新号")
    found = target(registry, SUZHOU, "T-S1-7")
    assert (found["attained"]["value"], found["drillable"], found["status"]["code"]) == ("4", True, "not_reached")
    assert "认定事项登记中 2020-12-31 有效的主体数" in found["attained"]["how"]
    assert [each["label"] for each in found["levels"]] == ["省级"]
    made_of = entries(registry, SUZHOU, "T-S1-7")
    assert {each["entry_id"] for each in made_of["items"]} == {*counted, newer["item_id"]}
    assert older["item_id"] not in {each["entry_id"] for each in made_of["items"]}, "one enterprise counts once"
    assert (made_of["total"], made_of["beyond"]) == (4, 0)
    shown = next(each for each in made_of["items"] if each["entry_id"] == newer["item_id"])
    assert (shown["kind"]["label"], shown["level"]["label"]) == ("企业技术中心", "省级")
    assert (shown["document"], shown["begins"]) == ("新号", "2020-01-01")
    assert reasons(registry, SUZHOU, "T-S1-7") == others
    assert reasons(registry, SUZHOU, "T-S1-7", reason="expired").keys() == {
        key for key, reason in others.items() if reason == "expired"
    }
    for day in ("2018-01-01", "2019-05-01", "2020-12-30", "2020-12-31"):
        there = entries(registry, SUZHOU, "T-S1-7", as_of=day)
        assert there["total"] == len(there["items"]), f"the number is its list on {day}"
        assert target(registry, SUZHOU, "T-S1-7", as_of=day)["attained"]["value"] == str(there["total"])
    county = registry.get(f"/programmes/{SUZHOU}/targets/T-S1-7/entries", as_={"areas": ["341321"]}).json()
    assert (county["items"], county["total"], county["beyond"]) == ([], 4, 4)
    refused = registry.get(f"/programmes/{SUZHOU}/targets/T-S1-7/enterprises")
    assert (refused.status_code, refused.json()["code"]) == (409, "target-not-drillable")


def test_new_items_are_those_first_certified_within_the_plan_and_an_upgrade_is_not_new(registry: Registry) -> None:
    """新培育数字化车间20个: workshops are told apart by name or number, 2022 to 2025."""
    here = registry.register(1, district_code="500107")

    def workshop(on: str, level: str = "city", **changed: Any) -> str:
        document = f"渝经信〔{on[:4]}〕{level}"
        found = item(registry, uscc=here, kind="digital_workshop", level=level, certified_on=on,
                     document_number=document, **changed)  # fmt: skip
        return str(found["item_id"])

    counted = {workshop("2023-05-01", name="一车间"), workshop("2023-05-01", number="SZ-7")}
    before = workshop("2021-05-01", name="老车间")
    upgraded = workshop("2024-05-01", "province", name="老 车间")
    expired_since = workshop("2022-01-01", name="二车间", valid_to="2023-12-31")
    gone = workshop("2023-06-01", name="三车间")
    revoke(registry, gone, "2024-01-01")
    after = workshop("2026-01-01", name="四车间")
    found = entries(registry, JIULONGPO, "T-S0-5a")
    assert {each["entry_id"] for each in found["items"]} == counted | {expired_since}
    assert target(registry, JIULONGPO, "T-S0-5a")["attained"]["value"] == "3"
    not_counted = reasons(registry, JIULONGPO, "T-S0-5a")
    assert not_counted == {upgraded: "before_window", gone: "revoked", after: "later"}
    assert before not in not_counted, "the workshop is listed once, by its latest record"


def test_only_items_of_holders_count_where_the_plan_says_whose(registry: Registry) -> None:
    """專精特新企業建設市級以上綠色工廠: of enterprises that hold the title on that day."""
    codes = [registry.register(number, district_code="321102") for number in range(1, 5)]
    found = [item(registry, uscc=code, level="city", certified_on="2024-05-01")["item_id"] for code in codes]
    record(registry, codes[0], "specialized_sme", valid_from="2023-01-01", valid_to="2026-12-31")
    record(registry, codes[1], "little_giant", valid_from="2024-01-01", valid_to="2026-12-31")
    record(registry, codes[2], "specialized_sme", valid_from="2020-01-01", valid_to="2022-12-31")
    assert {each["entry_id"] for each in entries(registry, ZHENJIANG, "T-S3-12")["items"]} == set(found[:2])
    assert reasons(registry, ZHENJIANG, "T-S3-12") == dict.fromkeys(found[2:], "not_holder")
    seen = target(registry, ZHENJIANG, "T-S3-12")
    assert (seen["attained"]["value"], [each["code"] for each in seen["holders"]]) == (
        "2", ["specialized_sme", "little_giant"],
    )  # fmt: skip


def test_a_zone_counts_items_of_those_on_its_list(registry: Registry) -> None:
    on_list, other = (registry.register(number, district_code="630102") for number in (1, 2))
    line = "T-S4-8"
    assert target(registry, XINING, line)["attained"]["missing"] == "计划的企业名单（开发区企业）尚未登记"
    member = {"since": "2020-01-01", "document": "开发区企业名单"}
    assert registry.call("PUT", f"/programmes/{XINING}/members/{on_list}", json=member).status_code == 204
    mine = item(registry, uscc=on_list, kind="smart_factory", certified_on="2023-03-01")["item_id"]
    theirs = item(registry, uscc=other, kind="smart_factory", certified_on="2023-03-01")["item_id"]
    assert [each["entry_id"] for each in entries(registry, XINING, line)["items"]] == [mine]
    assert reasons(registry, XINING, line) == {theirs: "not_listed"}


def test_each_town_has_to_have_it(registry: Registry) -> None:
    """产业集群专业镇“五个一”: how many towns have it, of how many there are."""
    line = "T-S1-9c"
    assert "不能判断" in target(registry, SUZHOU, line)["attained"]["missing"]
    towns = [carrier(registry, name=f"专业镇{number}") for number in range(3)]
    elsewhere = carrier(registry, name="合肥专业镇", district_code="340102")
    closed = carrier(registry, name="已撤并专业镇")
    registry.call("PATCH", f"/carriers/{closed}", json={"closed_on": "2020-06-01"})
    assert "不等于没有" in target(registry, SUZHOU, line)["attained"]["missing"]
    item(registry, carrier_id=towns[0], kind="tech_center", certified_on="2019-01-01")
    item(registry, carrier_id=towns[1], kind="design_center", certified_on="2019-01-01", level="city")
    found = target(registry, SUZHOU, line)
    assert (found["attained"]["value"], found["subjects"], found["percent"]) == ("1", 3, "33.3")
    assert found["status"]["code"] == "not_reached"
    made_of = entries(registry, SUZHOU, line)
    assert ([each["carrier_id"] for each in made_of["items"]], made_of["total"]) == ([towns[0]], 1)
    assert reasons(registry, SUZHOU, line) == {
        towns[1]: "lacks", towns[2]: "lacks", elsewhere: "outside", closed: "closed",
    }  # fmt: skip
    for town in towns[1:]:
        item(registry, carrier_id=town, kind="design_center", certified_on="2020-12-31", level="nation")
    assert target(registry, SUZHOU, line)["status"]["code"] == "reached"


def test_who_entered_the_pool_counts_in_the_year_of_the_first_entry(registry: Registry) -> None:
    codes = [registry.register(number) for number in range(1, 4)]
    first = enter(registry, codes[0], entered_on="2019-03-01")
    moved = {"tier": "nurture", "reason": "成长", "on": "2020-03-01"}
    answer = registry.post(f"/pool/entries/{first['entry_id']}/move", moved)
    assert answer.status_code == 201, answer.text
    gone = enter(registry, codes[1], entered_on="2020-02-01")
    left = {"reason_code": "unqualified", "reason": "停产", "on": "2020-11-01"}
    assert registry.post(f"/pool/entries/{gone['entry_id']}/leave", left).status_code == 200
    enter(registry, codes[2], entered_on="2020-05-01", pool="backup", tier="backup")
    years = {each["year"]: each["attained"]["value"] for each in target(registry, SUZHOU, "T-S1-3")["years"]}
    assert years == {2018: None, 2019: "1", 2020: "1"}, (
        "moved is not new; entered and left was entered; 2018 is unknown"
    )
    assert [each["uscc"] for each in entries(registry, SUZHOU, "T-S1-3", year=2020)["items"]] == [codes[1]]
    assert list(reasons(registry, SUZHOU, "T-S1-3", year=2020).values()) == ["before_window"]


def test_a_stock_of_the_pool_counts_who_is_in_it_on_the_day(registry: Registry) -> None:
    """入庫培育企業1500家以上: the backup pool of 镇江."""
    inside, gone, later = (registry.register(number, district_code="321102") for number in (1, 2, 3))
    for code, on in ((inside, "2024-01-01"), (gone, "2024-01-01"), (later, "2026-01-01")):
        entry = enter(registry, code, pool="backup", tier="backup", entered_on=on)
        if code == gone:
            left = {"reason_code": "unqualified", "reason": "停产", "on": "2025-12-31"}
            assert registry.post(f"/pool/entries/{entry['entry_id']}/leave", left).status_code == 200
    found = target(registry, ZHENJIANG, "T-S3-5")
    assert (found["attained"]["value"], found["counted_in"]["label"]) == ("1", "培育库")
    assert [each["uscc"] for each in entries(registry, ZHENJIANG, "T-S3-5")["items"]] == [inside]
    assert sorted(reasons(registry, ZHENJIANG, "T-S3-5").values()) == ["later", "left"]
    assert target(registry, ZHENJIANG, "T-S3-5", as_of="2025-12-30")["attained"]["value"] == "2"


def test_a_listing_is_counted_like_an_item(registry: Registry) -> None:
    new, before, delisted = (registry.register(number, district_code="500107") for number in (1, 2, 3))
    stated = {"kind": "listed", "level": "bse", "document_number": "北证公告"}
    found = item(registry, uscc=new, certified_on="2023-01-05", number="830001", **stated)["item_id"]
    item(registry, uscc=before, certified_on="2019-01-05", number="600001", **{**stated, "level": "sse"})
    gone = item(registry, uscc=delisted, certified_on="2022-01-05", number="830002", **stated)["item_id"]
    revoke(registry, gone, "2024-01-01")
    assert [each["entry_id"] for each in entries(registry, JIULONGPO, "T-S0-4")["items"]] == [found]
    assert sorted(reasons(registry, JIULONGPO, "T-S0-4").values()) == ["before_window", "revoked"]


def test_a_day_before_the_registers_first_record_is_not_known_and_not_zero(registry: Registry) -> None:
    empty = target(registry, SUZHOU, "T-S1-11")
    assert (empty["attained"]["value"], empty["status"]["code"]) == (None, "unknown")
    assert empty["attained"]["missing"].startswith("认定事项登记中没有“中国驰名商标”的任何记录")
    item(registry, uscc=registry.register(1), kind="known_trademark", level="nation", certified_on="2024-05-01")
    later = target(registry, SUZHOU, "T-S1-11")
    assert (later["attained"]["value"], later["status"]["code"]) == (None, "unknown")
    assert "始于 2024-05-01，在统计日 2020-12-31 之后" in later["attained"]["missing"]


def test_items_are_divided_among_areas_like_titles(registry: Registry) -> None:
    for number, district in ((1, "341302"), (2, "341302"), (3, "341321")):
        code = registry.register(number, district_code=district)
        item(registry, uscc=code, kind="tech_center", certified_on="2019-01-01")
    parts = [{"assignee": "341302", "value": "30"}, {"assignee": "341321", "value": "10"}]
    body = {"year": 2020, "kind": "area", "document": "分解表", "parts": parts}
    answer = registry.call("PUT", f"/programmes/{SUZHOU}/targets/T-S1-7/assignments", json=body)
    assert answer.status_code == 200, answer.text
    assert [each["attained"] for each in answer.json()["parts"]] == [2, 1]


def test_projects_cases_and_carriers_can_be_counted_too(registry: Registry) -> None:
    """No shipped plan has a number of them; the vocabulary offers them to others."""
    registry.register(1)
    assert registry.post("/projects", PROJECT).status_code == 201
    other = {**PROJECT, "number": "2026-002", "district_code": "340102"}
    assert registry.post("/projects", other).status_code == 201
    gone = {**PROJECT, "number": "2026-003"}
    project = registry.post("/projects", gone).json()["project_id"]
    left = {"left_on": "2026-06-01", "left_reason": "终止"}
    assert registry.call("PATCH", f"/projects/{project}", json=left).status_code == 200
    case = {"theme": "digital", "level": "province", "district_code": "341302", "published_on": "2026-04-01",
            "published_by": "省厅", "source": "文", "summary": "概述"}  # fmt: skip
    assert registry.post("/cases", {**case, "title": "甲"}).status_code == 201
    carrier(registry, kind="park", name="高新园区")
    today, start = dt.date(2026, 11, 1), dt.date(2026, 1, 1)
    with registry.db.reading() as tx:
        row = Programmes(tx).active(SUZHOU)
        counts = RegisterOfMetric(tx, CATALOG.stored(row.hash, row.body, row.file))
        metrics = CATALOG.vocabulary.metrics
        found = {
            (code, window.start): counts.count(metrics[code], [window])[window]
            for code in ("project.major", "case.typical")
            for window in (Window(None, today), Window(start, today))
        }
        park = replace(metrics["carrier.park"], levels=())
        parks = counts.count(park, [Window(None, dt.date(2099, 1, 1))])
        listed = counts.list_page(
            metrics["project.major"], Window(None, today), counted=False, area=None, reason=None, seen=None, after=None,
            limit=50,
        )  # fmt: skip
    assert found == {("project.major", None): 1, ("project.major", start): 2, ("case.typical", None): 1,
                     ("case.typical", start): 1}  # fmt: skip
    assert list(parks.values()) == [1]
    assert sorted(each.reason or "" for each in listed) == ["left", "outside"]


@pytest.mark.parametrize("programme", [SUZHOU, ZHENJIANG, XINING, JIULONGPO, "qianjiang-2023-2027"])
def test_every_target_is_counted_or_is_a_figure_of_its_unit_or_says_why_it_cannot_be(
    registry: Registry, programme: str
) -> None:
    listed = registry.get(f"/programmes/{programme}/targets", params={"limit": 200}).json()["items"]
    unknown = {
        each["id"]: each["attained"]["missing"]
        for each in listed
        if each["counted_in"]["code"] not in ("figure", "milestone") and not each["drillable"]
    }
    expected: dict[str, str] = {}
    if programme == SUZHOU:
        expected = {"T-S1-15": NO_REGISTER["activity"]}
    if programme == XINING:
        expected = dict.fromkeys(unknown, "计划的企业名单（开发区企业）尚未登记")
    assert unknown == expected


def test_a_city_whose_own_file_lacks_a_kind_is_told_so_instead_of_nought(
    registry: Registry, settings: Settings
) -> None:
    kinds = registry.item_kinds
    pools = load_pool_rules(settings.pool_rules_file, kinds)
    fewer = replace(kinds, kinds={code: each for code, each in kinds.kinds.items() if code != "green_factory"})
    vocabulary = known_to(CATALOG.vocabulary, fewer, pools)
    assert vocabulary.metrics["item.green_factory"].unavailable == "认定事项文件中没有“green_factory”，无从计数"
    assert vocabulary.metrics["item.smart_factory"].unavailable == ""
    shipped = known_to(CATALOG.vocabulary, kinds, pools)
    assert [each.id for each in shipped.metrics.values() if each.unavailable] == []
    with registry.db.reading() as tx:
        row = Programmes(tx).active(ZHENJIANG)
        counts = RegisterOfMetric(tx, CATALOG.stored(row.hash, row.body, row.file))
        assert counts.missing(vocabulary.metrics["item.green_factory"]).startswith("认定事项文件中没有")
