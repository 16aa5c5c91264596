"""Parks: which enterprises are in them from which day to which; lists, imports and targets by park."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from chassis import clock
from tests.service.registry.conftest import Registry, uscc, xlsx
from tests.service.registry.test_items import carrier, item
from tests.service.registry.test_programme_targets import record

SUZHOU = "suzhou-2018-2020"


def park(registry: Registry, name: str = "宿州高新区", **changed: Any) -> str:
    return carrier(registry, kind="park", name=name, **changed)


def put(registry: Registry, code: str, park_id: str | None, expect: int = 200, **changed: Any) -> Any:
    answer = registry.call("PUT", f"/enterprises/{code}/park", json={"park_id": park_id, **changed})
    assert answer.status_code == expect, answer.text
    return answer.json()


def found(registry: Registry, path: str = "/enterprises", **params: Any) -> list[str]:
    answer = registry.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [(each.get("enterprise") or each)["uscc"] for each in answer.json()["items"]]


def test_an_enterprise_moves_from_park_to_park_and_its_stays_are_kept(registry: Registry) -> None:
    first, second = park(registry), park(registry, "宿马园区")
    code = registry.register(1)
    put(registry, code, first, since="2024-03-01", document="入园协议")
    history = put(registry, code, second, since="2025-06-01")
    assert [(each["name"], each["since"], each["until"]) for each in history] == [
        ("宿马园区", "2025-06-01", None),
        ("宿州高新区", "2024-03-01", "2025-05-31"),
    ]
    assert registry.get(f"/enterprises/{code}/parks").json() == history
    assert registry.get(f"/enterprises/{code}").json()["park"] == {
        "park_id": second, "name": "宿马园区", "since": "2025-06-01",
    }  # fmt: skip
    again = registry.get(f"/enterprises/{code}").json()["version"]
    put(registry, code, second, since="2025-06-01")
    assert registry.get(f"/enterprises/{code}").json()["version"] == again, "what changes nothing is not announced"
    updates = registry.events("enterprise-updated")
    assert [each["changed"] for each in updates] == [["park"], ["park"]]
    members = f"/carriers/{first}/enterprises"
    assert found(registry, members, on="2025-05-31") == [code]
    assert found(registry, members, on="2025-06-01") == found(registry, members, on="2024-02-29") == []
    put(registry, code, None)
    assert registry.get(f"/enterprises/{code}").json()["park"] is None
    assert found(registry, f"/carriers/{second}/enterprises") == []
    assert len(registry.get(f"/enterprises/{code}/parks").json()) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"since": "2099-01-01"}, "date-in-future"), ({"since": "2023-01-01"}, "period-reversed")],
)
def test_a_day_that_cannot_be_is_refused(registry: Registry, changed: dict[str, str], code: str) -> None:
    one, other = park(registry), park(registry, "宿马园区")
    enterprise = registry.register(1)
    put(registry, enterprise, one, since="2024-03-01")
    assert put(registry, enterprise, other, 422, **changed)["errors"][0]["code"] == code


def test_only_a_park_that_is_there_takes_enterprises(registry: Registry) -> None:
    code, closed = registry.register(1), park(registry)
    assert registry.call("PATCH", f"/carriers/{closed}", json={"closed_on": "2024-01-01"}).status_code == 200
    assert put(registry, code, closed, 422)["errors"][0]["code"] == "park-closed"
    assert put(registry, code, carrier(registry), 422)["errors"][0]["code"] == "not-a-park"
    assert put(registry, code, "00000000-0000-4000-8000-000000000000", 404)["code"] == "carrier-not-found"
    outside = registry.call("PUT", f"/enterprises/{code}/park", json={"park_id": None}, as_={"areas": ["3211"]})
    assert outside.status_code == 403
    stale = registry.call("PUT", f"/enterprises/{code}/park", json={"park_id": None}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412


def test_lists_and_the_search_are_narrowed_to_a_park(registry: Registry) -> None:
    mine, other = park(registry), park(registry, "宿马园区")
    codes = [registry.register(number, name=f"恒通轴承{number}有限公司") for number in (1, 2, 3)]
    put(registry, codes[0], mine)
    put(registry, codes[1], other)
    for _ in range(2):  # before the index knows of it, and after
        assert found(registry, park=mine) == [codes[0]]
        assert found(registry, "/enterprises/search", q="恒通", park=other) == [codes[1]]
        registry.index_names()
    put(registry, codes[0], other)
    assert found(registry, park=mine) == []
    assert sorted(found(registry, park=other)) == codes[:2]
    assert registry.get("/enterprises", params={"park": "高新区"}).status_code == 422


def test_an_exported_list_has_the_park(registry: Registry) -> None:
    mine, code = park(registry), registry.register(1)
    registry.register(2)
    put(registry, code, mine)
    answer = registry.call("POST", "/exports", params={"form": "xlsx", "park": mine})
    assert answer.status_code == 202, answer.text
    registry.work()
    content = registry.get(f"/exports/{answer.json()['id']}/file").content
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    header, *rows = book.get_sheet_by_name("名单").to_python()
    assert [(row[0], row[header.index("所属园区")]) for row in rows] == [(code, "宿州高新区")]
    assert ["所属园区", "宿州高新区"] in book.get_sheet_by_name("说明").to_python()


HEAD = ["企业名称", "统一社会信用代码", "所属区县", "所属园区"]


def row(number: int, name: str | None, district: str = "341302") -> list[str | None]:
    return [f"测试企业{number}有限公司", uscc(number), district, name]


def test_a_list_of_enterprises_says_their_park(registry: Registry) -> None:
    mine, other = park(registry), park(registry, "宿马园区", district_code="341321")
    park(registry, "工业园区")
    near, far = park(registry, "经开区"), park(registry, "经开区", district_code="340102")
    assert near != far
    park(registry, "合肥高新区", district_code="340102")
    known, kept, leaving = (registry.register(number) for number in (5, 6, 7))
    for code in (known, kept, leaving):
        put(registry, code, mine, since="2024-01-01")
    rows = [
        row(1, "宿州高新区"), row(2, "宿州 高新区"), row(3, "经开区"), row(4, "合肥高新区"), row(5, "宿马园区"),
        row(6, None), row(7, "无"), row(8, "没有的园区"),
    ]  # fmt: skip
    done = registry.run("enterprises", xlsx([HEAD, *rows]))
    counts = {"rows": 8, "created": 5, "updated": 2, "unchanged": 1, "rejected": 0, "withheld": 0}
    assert (done["state"]["code"], done["counts"]) == ("done", counts)
    parks = {
        each.uscc: str(each.park_id)
        for each in registry.rows("SELECT uscc, park_id FROM park_stays WHERE until IS NULL")
    }
    assert parks == {uscc(1): mine, uscc(2): mine, uscc(3): near, known: other, kept: mine}
    said = {each["row"]: each["code"] for each in registry.problems(done, "warning")}
    assert said == {5: "park-uncertain", 9: "park-not-registered"}
    today = clock.today()
    moved = registry.get(f"/enterprises/{known}/parks").json()
    assert [(each["since"], each["until"]) for each in moved] == [
        (today.isoformat(), None), ("2024-01-01", (today - dt.timedelta(days=1)).isoformat()),
    ]  # fmt: skip
    assert registry.get(f"/enterprises/{uscc(1)}").json()["park"]["since"] is None, "nobody has stated it"
    again = registry.run("enterprises", xlsx([HEAD, *rows]))
    assert again["counts"] == counts | {"created": 0, "updated": 0, "unchanged": 8}, (
        "the same file again changes nothing"
    )
    assert registry.scalar("SELECT count(*) FROM park_stays") == 7


def test_a_dry_run_moves_nobody(registry: Registry) -> None:
    park(registry)
    done = registry.run("enterprises", xlsx([HEAD, row(1, "宿州高新区")]), dry_run=True)
    assert done["counts"]["created"] == 1
    assert registry.scalar("SELECT count(*) FROM park_stays") == 0


def test_a_refused_row_says_nothing_of_its_park(registry: Registry) -> None:
    """That the rest of the row is taken would be untrue of it."""
    known = registry.register(2, district_code="340102")
    rows = [row(1, "没有的园区", "340102"), row(2, "没有的园区", "340102"), row(3, "没有的园区")]
    done = registry.run("enterprises", xlsx([HEAD, *rows]), mode="per_row", as_={"areas": ("3413",)})
    assert [(each["row"], each["code"]) for each in registry.problems(done)] == [
        (2, "outside-jurisdiction"), (3, "outside-jurisdiction"),
    ]  # fmt: skip
    said = [(each["row"], each["code"]) for each in registry.problems(done, "warning")]
    assert said == [(4, "park-not-registered")]
    assert [each.uscc for each in registry.rows("SELECT uscc FROM enterprises ORDER BY uscc")] == [known, uscc(3)]


@pytest.mark.parametrize("refused", [True, False])
def test_a_file_that_is_refused_is_told_of_parks_like_one_that_is_taken(registry: Registry, refused: bool) -> None:
    mine = park(registry)
    registry.register(2, name="测试企业2有限公司")
    rows = [row(1, "宿州高新区"), row(2, "宿州高新区"), row(3, "没有的园区"), row(4, "宿州高新区")]
    rows[3][1] = uscc(4) if not refused else "9134"
    done = registry.run("enterprises", xlsx([HEAD, *rows]), mode="all_or_nothing")
    assert done["state"]["code"] == ("refused" if refused else "done")
    assert [(each["row"], each["code"]) for each in registry.problems(done, "warning")] == [(4, "park-not-registered")]
    stays = [(each.uscc, str(each.park_id)) for each in registry.rows("SELECT * FROM park_stays ORDER BY uscc")]
    assert stays == ([] if refused else [(uscc(number), mine) for number in (1, 2, 4)])


def test_a_list_with_a_park_and_a_new_district_tells_all_of_it_once(registry: Registry) -> None:
    mine = park(registry)
    code = registry.register(1, name="测试企业1有限公司", district_code="341321")
    for updated in (1, 0):
        done = registry.run("enterprises", xlsx([HEAD, row(1, "宿州高新区")]))
        assert (done["counts"]["updated"], done["counts"]["unchanged"]) == (updated, 1 - updated)
    (event,) = registry.events("enterprise-updated")
    assert (event["uscc"], event["changed"], event["version"]) == (code, ["district_code", "park"], 2)
    (moved,) = registry.events("enterprise-moved")
    assert (moved["from_district"], moved["to_district"], moved["version"]) == ("341321", "341302", 2)
    (state,) = registry.rows("SELECT * FROM enterprise_states")
    assert (state.uscc, state.until_version, state.changed) == (code, 2, ["district_code", "park"])
    assert (state.state["district_code"], str(state.import_id)) == ("341321", registry.scalar(
        "SELECT CAST(id AS text) FROM imports ORDER BY created_at LIMIT 1"
    ))  # fmt: skip
    assert registry.get(f"/enterprises/{code}").json()["park"]["park_id"] == mine


def test_targets_are_divided_among_parks_and_counted_there(registry: Registry) -> None:
    """县区、园区: titles and items of the enterprises that were in the park on the day, each shown by park."""
    mine, other = park(registry), park(registry, "宿马园区", district_code="341321")
    elsewhere = park(registry, "合肥高新区", district_code="340102")
    codes = [registry.register(number) for number in range(1, 5)]
    for code in codes:
        record(registry, code, valid_from="2019-01-01", valid_to="2022-12-31")
        item(registry, uscc=code, kind="tech_center", certified_on="2019-06-01")
    put(registry, codes[0], mine)
    put(registry, codes[1], mine, since="2020-12-31")
    put(registry, codes[2], mine, since="2021-01-01")
    put(registry, codes[3], other, since="2020-01-01")
    parts = [{"assignee": mine, "value": "60"}, {"assignee": other, "value": "40"}]
    body = {"year": 2020, "kind": "park", "document": "园区分解表", "parts": parts}
    for line in ("T-S1-6", "T-S1-7"):
        path = f"/programmes/{SUZHOU}/targets/{line}"
        answer = registry.call("PUT", f"{path}/assignments", json=body)
        assert answer.status_code == 200, answer.text
        named = {each["assignee"]["label"]: each["attained"] for each in answer.json()["parts"]}
        assert named == {"宿州高新区": 2, "宿马园区": 1}
        assert (answer.json()["kind"], answer.json()["assigned_to"]["label"]) == ("area", "园区")
        shown = registry.get(f"{path}/entries", params={"park": mine}).json()
        assert sorted(each["uscc"] for each in shown["items"]) == codes[:2]
        assert (shown["total"], shown["beyond"]) == (2, 0)
    refused = registry.call(
        "PUT", f"/programmes/{SUZHOU}/targets/T-S1-6/assignments",
        json={**body, "parts": [{"assignee": elsewhere, "value": "1"}, {"assignee": "高新区", "value": "1"}]},
    )  # fmt: skip
    assert [each["code"] for each in refused.json()["errors"]] == ["unknown-park", "unknown-park"]
    assert registry.call(
        "PUT", f"/programmes/{SUZHOU}/scorecard", json={"weights": {"T-S1-6": "100"}, "document": "考核办法"}
    ).status_code in (200, 201)
    ranked = registry.get(f"/programmes/{SUZHOU}/ranking", params={"year": 2020, "kind": "park"})
    assert ranked.status_code == 200, ranked.text
    assert [(each["place"], each["assignee"]["label"]) for each in ranked.json()] == [
        (1, "宿州高新区"),
        (2, "宿马园区"),
    ]
    listed = registry.get(f"/programmes/{SUZHOU}/assignments", params={"year": 2020, "assignee": mine}).json()
    assert {each["assigned_to"]["code"] for each in listed} == {"park"}
