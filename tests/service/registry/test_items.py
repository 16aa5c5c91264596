"""The registers that targets count: carriers, certified items, major projects, typical cases."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import clock
from tests.service.registry.conftest import Registry, uscc, xlsx

TOWN = {"kind": "town", "name": "宿州鞋城专业镇", "district_code": "341302"}
PROJECT = {
    "number": "2026-001",
    "level": "city",
    "name": "锂电池正极材料扩产",
    "district_code": "341302",
    "industry_code": "3841",
    "investment_yuan": "250000000.00",
    "stage": "approved",
    "entered_on": "2026-03-01",
    "document_number": "宿发改〔2026〕3号",
    "starts_on": "2026-06-01",
    "ends_on": "2028-12-31",
}


def item(registry: Registry, expect: int = 201, **changed: Any) -> dict[str, Any]:
    body = {
        "kind": "green_factory",
        "level": "province",
        "document_number": "皖经信〔2025〕8号",
        "certified_on": "2025-05-20",
        **changed,
    }
    answer = registry.post("/items", {key: value for key, value in body.items() if value is not None})
    assert answer.status_code == expect, answer.text
    return dict(answer.json())


def carrier(registry: Registry, **changed: Any) -> str:
    answer = registry.post("/carriers", {**TOWN, **changed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["carrier_id"])


def listed(registry: Registry, **params: Any) -> list[str]:
    answer = registry.get("/items", params=params)
    assert answer.status_code == 200, answer.text
    return [each["item_id"] for each in answer.json()["items"]]


def counts(registry: Registry, **params: Any) -> dict[tuple[str, str], tuple[int, int]]:
    found = registry.get("/item-counts", params=params).json()["counts"]
    return {(each["kind"]["code"], each["level"]["code"]): (each["items"], each["subjects"]) for each in found}


def test_an_item_is_recorded_corrected_and_not_repeated(registry: Registry) -> None:
    code = registry.register(1)
    first = item(registry, uscc=code, number="GF-1")
    assert (first["kind"]["label"], first["level"]["label"], first["state"]["label"]) == ("绿色工厂", "省级", "有效")
    assert first["subject"]["name"] == "测试企业1有限公司"
    again = item(registry, 409, uscc=code, number="GF-1")
    assert (again["code"], again["item_id"]) == ("item-already-recorded", first["item_id"])
    corrected = item(registry, 200, uscc=code, number=" gf-1", valid_to="2028-05-19")
    assert (corrected["item_id"], corrected["valid_to"]) == (first["item_id"], "2028-05-19")
    other = item(registry, uscc=code, number="GF-2")
    assert listed(registry) == [first["item_id"], other["item_id"]]
    assert registry.get(f"/items/{other['item_id']}").json() == other
    audited = registry.rows("SELECT action, details FROM audit_log WHERE action LIKE 'item-%' ORDER BY id")
    assert [row.action for row in audited] == ["item-recorded", "item-corrected", "item-recorded"]
    assert audited[1].details["valid_to"] == "None → 2028-05-19"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "blue_factory"}, "kind-unknown"),
        ({"level": "star5"}, "level-unknown"),
        ({"kind": "regional_brand"}, "subject-not-allowed"),
        ({"document_number": None}, "document-missing"),
        ({"certified_on": "2099-01-01"}, "date-in-future"),
        ({"valid_to": "2025-05-19"}, "validity-reversed"),
        ({"carrier_id": "01890000-0000-7000-8000-000000000000"}, "subject-missing"),
        ({"uscc": None}, "subject-missing"),
    ],
)
def test_what_does_not_go_together_is_refused(registry: Registry, changed: dict[str, Any], code: str) -> None:
    refused = item(registry, 422, **{"uscc": registry.register(1), **changed})
    assert code in [each["code"] for each in refused["errors"]]
    assert listed(registry) == []


def test_a_revoked_item_counts_no_more_and_is_not_revived(registry: Registry) -> None:
    code = registry.register(1)
    found = item(registry, uscc=code)
    path = f"/items/{found['item_id']}/revoke"
    early = registry.post(path, {"revoked_on": "2025-05-19", "document": "皖经信〔2026〕1号", "reason": "复核不合格"})
    assert early.json()["errors"][0]["code"] == "date-impossible"
    body = {"revoked_on": "2026-02-01", "document": "皖经信〔2026〕1号", "reason": "复核不合格"}
    revoked = registry.post(path, body).json()
    assert (revoked["state"]["code"], revoked["revoked_document"]) == ("revoked", "皖经信〔2026〕1号")
    assert registry.post(path, body).json()["code"] == "item-revoked"
    assert item(registry, 409, uscc=code, valid_to="2028-05-19")["code"] == "item-revoked"
    assert listed(registry, state="revoked") == [found["item_id"]]
    assert listed(registry, state="valid") == []
    assert counts(registry) == {}
    assert counts(registry, on="2026-01-31") == {("green_factory", "province"): (1, 1)}


def test_stock_and_flow_are_counted_by_kind_and_level(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    far = registry.register(3, district_code="500107")
    item(registry, uscc=one, number="1", certified_on="2024-05-20", valid_to="2025-05-19")
    item(registry, uscc=one, number="2", certified_on="2025-05-20")
    item(registry, uscc=one, number="3", certified_on="2025-06-20")
    item(registry, uscc=two, number="4", level="city", certified_on="2026-01-20")
    item(registry, uscc=far, number="5", certified_on="2026-01-20")
    province, city = ("green_factory", "province"), ("green_factory", "city")
    assert counts(registry) == {city: (1, 1), province: (3, 2)}
    assert counts(registry, on="2025-05-19") == {province: (1, 1)}, "the last day of validity counts"
    assert counts(registry, on="2025-05-20") == {province: (1, 1)}
    assert counts(registry, certified_from="2025-01-01", certified_until="2025-12-31") == {province: (2, 1)}
    assert counts(registry, district="3413") == {city: (1, 1), province: (2, 1)}
    assert counts(registry, kind="tech_center") == {}
    mixed = registry.get("/item-counts", params={"on": "2025-05-19", "certified_from": "2025-01-01"})
    assert mixed.json()["errors"][0]["code"] == "stock-or-flow"
    inside = registry.get("/item-counts", as_={"areas": ["5001"]}).json()["counts"]
    assert [(each["items"], each["level"]["code"]) for each in inside] == [(1, "province")]


def test_lists_are_paged_narrowed_and_bounded_by_area(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2, district_code="500107")
    mine = item(registry, uscc=one, valid_to="2026-01-01")["item_id"]
    other = item(registry, uscc=two, level="nation")["item_id"]
    first = registry.get("/items", params={"limit": 1}).json()
    assert [each["item_id"] for each in first["items"]] == [mine]
    assert listed(registry, limit=1, cursor=first["next_cursor"]) == [other]
    assert listed(registry, state="expired") == [mine]
    assert listed(registry, level="nation") == [other]
    assert listed(registry, uscc=two) == [other]
    assert listed(registry, district="3413") == [mine]
    inside = registry.get("/items", as_={"areas": ["3413"]}).json()["items"]
    assert [each["item_id"] for each in inside] == [mine]
    assert registry.get(f"/items/{other}", as_={"areas": ["3413"]}).status_code == 403
    assert registry.get("/items", params={"colour": "green"}).status_code == 422
    enterprise = {"roles": ["enterprise"], "uscc": one, "areas": []}
    assert [e["item_id"] for e in registry.get("/items", as_=enterprise).json()["items"]] == [mine]
    assert registry.get(f"/items/{other}", as_=enterprise).status_code == 403
    refused = registry.post("/items", {"kind": "green_factory", "level": "city", "uscc": two, "document_number": "x",
                                       "certified_on": "2025-01-01"}, as_={"areas": ["3413"]})  # fmt: skip
    assert refused.status_code == 403


def test_a_town_has_its_five_ones_when_every_line_is_served(registry: Registry) -> None:
    town = carrier(registry)
    repeated = registry.post("/carriers", {**TOWN, "name": "宿州鞋城 专业镇"})
    assert (repeated.status_code, repeated.json()["code"]) == (409, "carrier-already-recorded")

    def missing() -> list[str]:
        (found,) = registry.get(f"/carriers/{town}").json()["sets"]
        assert found["complete"] is (not found["lacking"])
        return list(found["lacking"])

    assert len(missing()) == 5
    for kind, level in (("financing_institution", "district"), ("service_platform", "city"), ("regional_brand", "city"),
                        ("trade_association", "district"), ("tech_center", "city")):  # fmt: skip
        item(registry, carrier_id=town, kind=kind, level=level)
    assert missing() == ["省级以上企业技术中心或工业设计中心"]
    last = item(registry, carrier_id=town, kind="design_center", level="province")["item_id"]
    assert missing() == []
    body = {"revoked_on": clock.today().isoformat(), "document": "x", "reason": "y"}
    registry.post(f"/items/{last}/revoke", body)
    assert missing() == ["省级以上企业技术中心或工业设计中心"]
    assert len(listed(registry, carrier_id=town)) == 6
    refused = item(registry, 422, carrier_id=town, kind="green_factory")
    assert refused["errors"][0]["code"] == "subject-not-allowed"
    assert registry.get(f"/carriers/{town}", as_={"areas": ["3211"]}).status_code == 403


def test_a_carrier_is_amended_against_its_version(registry: Registry) -> None:
    town = carrier(registry)
    carrier(registry, name="另一个专业镇")
    path = f"/carriers/{town}"
    changed = registry.call("PATCH", path, json={"name": "砀山梨业专业镇"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.headers["ETag"]) == (200, 2, '"2"')
    assert registry.call("PATCH", path, json={"address": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    taken = registry.call("PATCH", path, json={"name": "另一个专业镇"})
    assert (taken.status_code, taken.json()["code"]) == (409, "carrier-already-recorded")
    assert registry.get(path).json()["name"] == "砀山梨业专业镇"
    late = registry.call("PATCH", path, json={"closed_on": "2099-01-01"})
    assert late.json()["errors"][0]["code"] == "date-in-future"
    nowhere = registry.post("/carriers", {**TOWN, "name": "x", "district_code": "999999"})
    assert nowhere.json()["errors"][0]["code"] == "district-unknown"
    found = registry.get("/carriers", params={"q": "梨业", "kind": "town"}).json()["items"]
    assert [each["carrier_id"] for each in found] == [town]


def test_a_project_goes_through_the_pool(registry: Registry) -> None:
    code = registry.register(1)
    answer = registry.post("/projects", {**PROJECT, "uscc": code})
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["investment_yuan"], found["stage"]["label"]) == ("250000000", "立项")
    assert registry.post("/projects", PROJECT).json()["code"] == "project-already-recorded"
    path = f"/projects/{found['project_id']}"
    assert registry.call("PATCH", path, json={"stage": "building"}).json()["stage"]["label"] == "在建"
    half = registry.call("PATCH", path, json={"left_on": "2026-09-01"})
    assert half.json()["errors"][0]["code"] == "reason-missing"
    left = registry.call("PATCH", path, json={"left_on": "2026-09-01", "left_reason": "企业调整投资计划"})
    assert left.json()["left_on"] == "2026-09-01"
    assert registry.get("/projects", params={"present": "true"}).json()["items"] == []
    gone = registry.get("/projects", params={"present": "false", "stage": "building"}).json()["items"]
    assert [each["project_id"] for each in gone] == [found["project_id"]]
    own = {"roles": ["enterprise"], "uscc": code, "areas": []}
    assert len(registry.get("/projects", as_=own).json()["items"]) == 1
    assert registry.get(path, as_={**own, "uscc": uscc(9)}).status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"investment_yuan": "0"}, "amount-impossible"),
        ({"entered_on": "2099-01-01"}, "date-in-future"),
        ({"ends_on": "2026-05-31"}, "period-reversed"),
        ({"level": "galaxy"}, "level-unknown"),
        ({"industry_code": "9999"}, "industry-unknown"),
    ],
)
def test_a_project_that_cannot_be_is_refused(registry: Registry, changed: dict[str, Any], code: str) -> None:
    answer = registry.post("/projects", {**PROJECT, **changed})
    assert answer.status_code == 422
    assert code in [each["code"] for each in answer.json()["errors"]]


def test_a_typical_case_is_recorded_once(registry: Registry) -> None:
    body = {
        "title": "一家小巨人的数字化之路",
        "theme": "digital",
        "level": "province",
        "district_code": "341302",
        "uscc": registry.register(1),
        "published_on": "2026-04-01",
        "published_by": "安徽省经济和信息化厅",
        "source": "皖经信〔2026〕20号",
        "summary": "三年改造两条产线",
    }
    answer = registry.post("/cases", body)
    assert (answer.status_code, answer.json()["theme"]["label"]) == (201, "数字化转型")
    assert (
        registry.post("/cases", {**body, "title": "一家小巨人的 数字化之路"}).json()["code"] == "case-already-recorded"
    )
    assert registry.post("/cases", {**body, "title": "x", "uscc": uscc(9)}).json()["code"] == "enterprise-not-found"
    late = registry.post("/cases", {**body, "title": "y", "published_on": "2099-01-01"})
    assert late.json()["errors"][0]["code"] == "date-in-future"
    found = registry.get("/cases", params={"theme": "digital", "district": "3413"}).json()["items"]
    assert [each["title"] for each in found] == [body["title"]]
    assert registry.get("/cases", params={"theme": "green"}).json()["items"] == []


def test_the_catalogue_can_be_read(registry: Registry) -> None:
    found = registry.get("/item-kinds").json()
    center = next(each for each in found["kinds"] if each["kind"]["code"] == "tech_center")
    assert center["targets"] == ["T-S1-7"]
    assert center["grounds"]["quote"] == "安徽省企业技术中心40户以上"
    assert [each["label"] for each in found["carriers"]][:2] == ["园区", "平台"]
    assert len(found["sets"][0]["lines"]) == 5


HEADER = ["企业名称", "统一社会信用代码", "项目类别", "级别", "证书编号", "公告文号", "认定日期", "有效期止"]


def row(code: str | None, **changed: object) -> list[object]:
    cells: dict[str, object] = {"name": None, "uscc": code, "kind": "绿色工厂", "level": "省级", "number": "GF-1",
                                "document": "皖经信〔2025〕8号", "on": "2025-05-20", "to": "2028-05-19"}  # fmt: skip
    return list((cells | changed).values())


def test_a_list_of_items_is_imported_like_any_other(registry: Registry) -> None:
    one = registry.register(1)
    two = registry.register(2, name="安徽独名电子有限公司")
    sheet = xlsx([HEADER, row(one), row(None, name="安徽独名电子有限公司", kind="smart_workshop", level="市级")])
    done = registry.run("items", sheet)
    assert (done["counts"]["created"], done["errors"]) == (2, 0), registry.problems(done)
    assert {each["subject"]["uscc"] for each in registry.get("/items").json()["items"]} == {one, two}
    assert registry.run("items", sheet)["counts"]["unchanged"] == 2
    later = registry.run("items", xlsx([HEADER, row(one, to="2029-05-19")]))
    assert later["counts"]["updated"] == 1
    assert registry.get("/items", params={"uscc": one}).json()["items"][0]["valid_to"] == "2029-05-19"
    assert registry.get("/templates/items.xlsx").status_code == 200


def test_rows_of_items_that_cannot_be_taken_are_told_and_do_not_wait(registry: Registry) -> None:
    one = registry.register(1)
    rows = [
        row(one, kind="蓝色工厂"),
        row(one, level="星级"),
        row(one, kind="区域品牌"),
        row(one, document=None),
        row(one, on=None),
        row(one, to="2025-05-19"),
        row(None, name="没有的公司"),
        row(uscc(77)),
        row(one),
        row(one, to="2030-01-01"),
    ]
    done = registry.run("items", xlsx([HEADER, *rows]), mode="per_row")
    assert [(each["row"], each["code"]) for each in registry.problems(done)] == [
        (2, "kind-unknown"),
        (3, "level-unknown"),
        (4, "subject-not-allowed"),
        (5, "document-missing"),
        (6, "date-missing"),
        (7, "validity-reversed"),
        (8, "name-not-found"),
        (9, "enterprise-not-registered"),
        (11, "item-repeated"),
    ]
    assert done["counts"]["created"] == 1
    assert registry.get("/unresolved-titles").json()["items"] == []
    refused = registry.run("items", xlsx([HEADER, row(one, number="GF-2"), row(one, kind="蓝色工厂")]))
    assert refused["state"]["code"] == "refused"
    assert len(listed(registry)) == 1
