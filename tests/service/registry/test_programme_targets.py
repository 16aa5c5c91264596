"""Numbers that prove themselves: every count is the list behind it, and what is not known is not zero."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chassis import clock
from tests.service.registry.conftest import Registry

QIANJIANG, SUZHOU, XINING = "qianjiang-2023-2027", "suzhou-2018-2020", "xining-2022-2024"
HERE = {"district_code": "500114"}
DAY = "2025-06-30"


def title(registry: Registry, number: int, code: str = "high_tech", *, district: str = "500114", **act: Any) -> str:
    """An enterprise of 黔江 with one record of a title; its credit code."""
    uscc = registry.register(number, district_code=district)
    record(registry, uscc, code, **act)
    return uscc


def record(registry: Registry, uscc: str, code: str = "high_tech", **act: Any) -> str:
    stated = {"title": code, "document_number": f"测〔{act.get('valid_from', '2020')}〕1号", **act}
    answer = registry.post(f"/enterprises/{uscc}/titles", stated)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["title_id"])


def target(registry: Registry, programme: str, line: str, **params: Any) -> dict[str, Any]:
    answer = registry.get(f"/programmes/{programme}/targets/{line}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def drill(registry: Registry, programme: str, line: str, **params: Any) -> dict[str, Any]:
    answer = registry.get(f"/programmes/{programme}/targets/{line}/enterprises", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_stock_counts_holders_on_the_day_and_says_of_the_others_why_not(registry: Registry) -> None:
    counted = {
        title(registry, 1, valid_from="2022-11-28", valid_to="2025-11-27"): "in force",
        title(registry, 2, valid_from="2021-01-01", valid_to="2024-01-01", state="under_review"): "under review",
        title(registry, 3, announced_on="2024-03-01"): "announced, without a term",
    }
    twice = title(registry, 4, valid_from="2019-01-01", valid_to="2021-12-31")
    record(registry, twice, valid_from="2022-01-01", valid_to="2027-12-31", batch="重新认定")
    later_cancelled = title(registry, 5, valid_from="2023-01-01", valid_to="2027-01-01")
    one = record(registry, later_cancelled, valid_from="2020-01-01", valid_to="2022-01-01", batch="旧")
    assert one
    held = registry.get(f"/enterprises/{later_cancelled}").json()["titles"]
    current = next(each for each in held if each["valid_from"] == "2023-01-01")
    cancel = {"kind": "cancelled", "reason": "弄虚作假", "cancelled_on": "2025-09-01"}
    registry.post(f"/enterprises/{later_cancelled}/titles/{current['title_id']}/cancel", cancel)
    not_counted = {
        title(registry, 10, valid_from="2019-01-01", valid_to="2022-01-01"): "expired",
        title(registry, 11, valid_from="2025-08-01", valid_to="2028-08-01"): "later",
        title(registry, 12, valid_from="2024-01-01", valid_to="2027-01-01", state="publicized"): "publicized",
        title(registry, 13, district="500112", valid_from="2024-01-01", valid_to="2027-01-01"): "outside",
        title(registry, 14, valid_from="2024-01-01", valid_to="2099-01-01", state="expired"): "ended_undated",
        later_gone(registry, 15, "cancelled"): "cancelled",
        later_gone(registry, 16, "recorded_in_error"): "recorded_in_error",
    }
    no_district = registry.register(17, district_code=None)
    record(registry, no_district, valid_from="2024-01-01", valid_to="2027-01-01")
    not_counted[no_district] = "district_missing"
    found = target(registry, QIANJIANG, "T-S2-1", as_of=DAY)
    assert found["attained"]["value"] == "5"
    made_of = drill(registry, QIANJIANG, "T-S2-1", as_of=DAY)
    assert {each["uscc"] for each in made_of["items"]} == {*counted, twice, later_cancelled}
    assert (made_of["total"], made_of["beyond"]) == (5, 0)
    record_of = {each["uscc"]: each["valid_from"] for each in made_of["items"]}
    assert record_of[twice] == "2022-01-01", "the record that counts, not the one that has run out"
    others = drill(registry, QIANJIANG, "T-S2-1", as_of=DAY, counted=False)
    assert {each["uscc"]: each["reason"]["code"] for each in others["items"]} == not_counted
    assert all(each["reason"]["label"] for each in others["items"])
    for day in ("2020-01-01", "2021-12-31", "2022-01-01", "2024-01-02", "2024-04-30", "2024-05-01", "2025-11-28"):
        there = drill(registry, QIANJIANG, "T-S2-1", as_of=day)
        assert there["total"] == len(there["items"]), f"the number is its list on {day}"
    assert target(registry, QIANJIANG, "T-S2-1", as_of="2025-09-01")["attained"]["value"] == "5", (
        "one begins in August, one is cancelled in September"
    )


def later_gone(registry: Registry, number: int, kind: str) -> str:
    uscc = registry.register(number, **HERE)
    record_id = record(registry, uscc, valid_from="2023-01-01", valid_to="2027-01-01")
    gone = {"kind": kind, "reason": "核实", "cancelled_on": "2024-05-01"}
    assert registry.post(f"/enterprises/{uscc}/titles/{record_id}/cancel", gone).status_code == 200
    return uscc


def test_a21_new_in_the_plans_window_is_the_first_act_not_a_renewal(registry: Registry) -> None:
    zone = {"district_code": "630102"}
    firsts = {
        "new": registry.register(1, **zone),
        "renewed": registry.register(2, **zone),
        "undated": registry.register(3, **zone),
        "run out since": registry.register(4, **zone),
        "not of the zone": registry.register(5, **zone),
    }
    little = "little_giant"
    record(registry, firsts["new"], little, valid_from="2023-07-01", valid_to="2026-06-30")
    record(registry, firsts["renewed"], little, valid_from="2020-07-01", valid_to="2023-06-30")
    record(registry, firsts["renewed"], little, valid_from="2023-07-01", valid_to="2026-06-30", batch="复核")
    record(registry, firsts["undated"], little)
    record(registry, firsts["run out since"], little, valid_from="2022-01-01", valid_to="2023-12-31")
    record(registry, firsts["not of the zone"], little, valid_from="2023-07-01", valid_to="2026-06-30")
    before = target(registry, XINING, "T-S4-3a")
    assert before["attained"] == {"value": None, "how": None, "missing": "计划的企业名单（开发区企业）尚未登记"}
    assert before["status"]["code"] == "unknown", "an empty list is not zero enterprises"
    refused = registry.get(f"/programmes/{XINING}/targets/T-S4-3a/enterprises")
    assert (refused.status_code, refused.json()["code"]) == (409, "target-not-drillable")
    for name, uscc in firsts.items():
        if name != "not of the zone":
            body = {"document": "开发区企业名单（2022年）"}
            assert registry.call("PUT", f"/programmes/{XINING}/members/{uscc}", json=body).status_code == 204
    assert len(registry.get(f"/programmes/{XINING}/members").json()["items"]) == 4
    new = target(registry, XINING, "T-S4-3a")
    assert (new["attained"]["value"], new["window"]) == ("2", {"start": "2022-01-01", "until": "2024-12-31"})
    assert new["final"] is True
    assert new["status"]["code"] == "not_reached"
    made_of = drill(registry, XINING, "T-S4-3a")
    assert {each["uscc"] for each in made_of["items"]} == {firsts["new"], firsts["run out since"]}
    others = drill(registry, XINING, "T-S4-3a", counted=False)
    assert {each["uscc"]: each["reason"]["code"] for each in others["items"]} == {
        firsts["renewed"]: "before_window",
        firsts["undated"]: "undated",
        firsts["not of the zone"]: "not_listed",
    }
    stock = target(registry, XINING, "T-S4-3b")
    assert stock["attained"]["value"] == "2", "累计 is who holds it at the end: the new one and the renewed one"
    wrong = registry.call("PUT", f"/programmes/{SUZHOU}/members/{firsts['new']}", json={"document": "名单"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "programme-members-not-listed")


def test_among_them_counts_only_who_holds_the_other_title_too(registry: Registry) -> None:
    both = title(registry, 1, "suzhou_industry_giant", district="341302", valid_from="2019-01-01")
    record(registry, both, "specialized_sme", valid_from="2018-06-01", valid_to="2021-06-01")
    late = title(registry, 2, "suzhou_industry_giant", district="341302", valid_from="2019-01-01")
    record(registry, late, "specialized_sme", valid_from="2021-06-01")
    alone = title(registry, 3, "suzhou_industry_giant", district="341302", valid_from="2019-01-01")
    found = target(registry, SUZHOU, "T-S1-2")
    assert (found["attained"]["value"], found["among"]["code"]) == ("1", "specialized_sme")
    made_of = drill(registry, SUZHOU, "T-S1-2")
    assert [each["uscc"] for each in made_of["items"]] == [both]
    others = drill(registry, SUZHOU, "T-S1-2", counted=False)
    assert {each["uscc"]: each["reason"]["code"] for each in others["items"]} == dict.fromkeys(
        (late, alone), "not_among"
    )


def test_a_target_of_every_year_shows_each_year(registry: Registry) -> None:
    for number, begins in enumerate(["2018-03-01", "2019-05-01", "2019-06-01"], start=1):
        title(registry, number, "suzhou_specialized_sme", district="341302", valid_from=begins)
    found = target(registry, SUZHOU, "T-S1-4")
    assert [(each["year"], each["attained"]["value"]) for each in found["years"]] == [
        (2018, "1"), (2019, "2"), (2020, "0"),
    ]  # fmt: skip
    assert found["years"][2]["status"]["code"] == "not_reached"
    in_2019 = drill(registry, SUZHOU, "T-S1-4", year=2019)
    assert (in_2019["total"], in_2019["window"]["start"]) == (2, "2019-01-01")
    outside = registry.get(f"/programmes/{SUZHOU}/targets/T-S1-4", params={"year": 2021})
    assert outside.status_code == 404


def test_plan_line_and_forecast_state_their_method_or_why_not(registry: Registry) -> None:
    none_before = target(registry, QIANJIANG, "T-S2-1", as_of=DAY)
    assert none_before["attained"]["value"] == "0"
    assert none_before["plan_line"]["value"] is None
    assert "基期数未知" in none_before["plan_line"]["missing"]
    assert none_before["forecast"]["missing"] == "台账记录不足一年，点数太少，不能预测"
    for number in range(1, 5):
        title(registry, number, valid_from="2022-06-01", valid_to="2028-06-01")
    for number in range(5, 17):
        title(registry, number, valid_from=f"2024-{number - 4:02d}-15", valid_to="2027-12-31")
    found = target(registry, QIANJIANG, "T-S2-1", as_of=DAY)
    assert found["attained"]["value"] == "16"
    assert found["plan_line"]["value"] == "67.24", "from 4 at the end of 2022 to 80 at the end of 2025"
    assert found["status"]["code"] == "behind"
    assert found["forecast_on"] == "2025-12-31"
    assert int(found["forecast"]["value"]) > 16
    assert "直线趋势" in found["forecast"]["how"]
    over = target(registry, SUZHOU, "T-S1-6")
    assert over["forecast"]["missing"] == "已到目标日，不再预测"
    future = registry.get(f"/programmes/{QIANJIANG}/targets", params={"as_of": "2030-01-01"})
    assert (future.status_code, future.json()["code"]) == (422, "day-ahead")


def test_what_has_no_register_yet_is_not_known_and_takes_no_total(registry: Registry) -> None:
    listed = registry.get(f"/programmes/{SUZHOU}/targets", params={"limit": 200}).json()["items"]
    assert len(listed) == 26
    (trained,) = [each for each in listed if each["counted_in"]["code"] == "activity"]
    assert (trained["drillable"], trained["attained"]) == (
        False, {"value": None, "how": None, "missing": "活动签到尚无登记"},
    )  # fmt: skip
    body = figure("2020-01-01", "2020-12-31", "40")
    for line in ("T-S1-7", "T-S1-1"):
        answer = registry.post(f"/programmes/{SUZHOU}/targets/{line}/figures", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "figure-not-taken")


def figure(start: str, end: str, value: str, **changes: Any) -> dict[str, Any]:
    stated = {"scope": "全区规模以上工业企业", "issued_by": "区统计局", "document": "统计公报"}
    return {"period_start": start, "period_end": end, "value": value, **stated, **changes}


def test_a_macro_target_takes_the_issuing_units_figure_and_keeps_what_was_corrected(registry: Registry) -> None:
    path = f"/programmes/{QIANJIANG}/targets/T-S2-5/figures"
    assert target(registry, QIANJIANG, "T-S2-5")["attained"]["value"] is None
    years = (("2022", "9"), ("2023", "10.5"), ("2024", "12"))
    for year, value in years:
        assert registry.post(path, figure(f"{year}-01-01", f"{year}-12-31", value)).status_code == 201
    found = target(registry, QIANJIANG, "T-S2-5", as_of=DAY)
    assert (found["attained"]["value"], found["unit"]) == ("12", "%")
    assert "口径：全区规模以上工业企业" in found["attained"]["how"]
    assert found["drillable"] is False
    assert found["forecast"]["value"] == "13.5", "three yearly figures, each 1.5 higher"
    assert found["plan_line"]["value"] == "12", "halfway from 9 in 2022 to 15 in 2027"
    assert found["status"]["code"] == "on_track"
    again = registry.post(path, figure("2024-01-01", "2024-12-31", "12.4"))
    assert (again.status_code, again.json()["code"]) == (409, "figure-already-recorded")
    latest = registry.get(path).json()[0]
    wanted = figure("2024-01-01", "2024-12-31", "11.4", reason="统计局调整")
    corrected = registry.post(f"{path}/{latest['id']}/corrections", wanted)
    assert corrected.status_code == 201, corrected.text
    history = registry.get(path).json()
    assert [(each["value"], each["superseded_at"] is None) for each in history[:2]] == [("11.4", True), ("12", False)]
    assert history[0]["corrects"] == latest["id"]
    assert target(registry, QIANJIANG, "T-S2-5", as_of=DAY)["status"]["code"] == "behind"
    once = registry.post(f"{path}/{latest['id']}/corrections", wanted)
    assert (once.status_code, once.json()["code"]) == (409, "figure-already-corrected")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"period_end": "2023-12-31"}, "period-reversed"),
        ({"period_end": "2099-12-31"}, "period-in-future"),
        ({"value": "130"}, "beyond-hundred"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(registry: Registry, changes: dict[str, str], code: str) -> None:
    body = figure("2024-01-01", "2024-12-31", "12") | changes
    answer = registry.post(f"/programmes/{QIANJIANG}/targets/T-S2-5/figures", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "figure-refused")
    assert answer.json()["errors"][0]["code"] == code


def test_a_final_evaluation_without_the_years_figure_stays_unknown(registry: Registry) -> None:
    path = f"/programmes/{XINING}/targets/T-S4-5a/figures"
    assert registry.post(path, figure("2023-01-01", "2023-12-31", "2.5")).status_code == 201
    found = target(registry, XINING, "T-S4-5a")
    assert (found["attained"]["value"], found["status"]["code"]) == ("2.5", "unknown")
    assert found["attained"]["missing"] == "没有 2024 年的数据，最近一期到 2023-12-31"
    assert registry.post(path, figure("2024-01-01", "2024-12-31", "1.9")).status_code == 201
    assert target(registry, XINING, "T-S4-5a")["status"]["code"] == "not_reached"


def test_a_yearly_average_needs_every_year(registry: Registry) -> None:
    path = "/programmes/zhenjiang-2023-2025/targets/T-S3-4"
    for year, value in (("2023", "280"), ("2025", "340")):
        assert registry.post(f"{path}/figures", figure(f"{year}-01-01", f"{year}-12-31", value)).status_code == 201
    lacking = registry.get(path).json()
    assert lacking["attained"]["missing"] == "缺 2024 年的全年数据，算不出年均"
    registry.post(f"{path}/figures", figure("2024-01-01", "2024-12-31", "290"))
    whole = registry.get(path).json()
    assert (whole["attained"]["value"], whole["status"]["code"]) == ("303.33", "reached")


def test_a_county_sees_the_number_and_of_the_list_its_own_part(registry: Registry) -> None:
    own = title(registry, 1, district="341302", valid_from="2020-01-01", valid_to="2022-12-31")
    title(registry, 2, district="341321", valid_from="2020-01-01", valid_to="2022-12-31")
    county = {"areas": ["341302"]}
    path = f"/programmes/{SUZHOU}/targets/T-S1-6"
    assert registry.get(path, as_=county).json()["attained"]["value"] == "2"
    made_of = registry.get(f"{path}/enterprises", as_=county).json()
    assert [each["uscc"] for each in made_of["items"]] == [own]
    assert (made_of["total"], made_of["beyond"]) == (2, 1)
    part = drill(registry, SUZHOU, "T-S1-6", area="341321")
    assert (part["total"], len(part["items"])) == (1, 1)
    refused = registry.post(f"/programmes/{SUZHOU}/targets/T-S1-18/figures", {}, as_={"roles": ["leader"]})
    assert refused.status_code == 403


def test_pages_of_the_list_add_up_to_the_number(registry: Registry) -> None:
    codes = {title(registry, number, valid_from="2024-01-01", valid_to="2027-12-31") for number in range(1, 8)}
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3, "as_of": DAY, **({"cursor": cursor} if cursor else {})}
        page = drill(registry, QIANJIANG, "T-S2-1", **params)
        seen += [each["uscc"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(codes) == page["total"]
    assert set(seen) == codes


def test_a_milestone_is_done_by_its_document(registry: Registry) -> None:
    path = f"/programmes/{SUZHOU}/targets/T-S1-18"
    assert registry.get(path).json()["status"]["code"] == "unknown"
    done = figure("2019-01-01", "2019-10-01", "1", document="基金设立批复")
    assert registry.post(f"{path}/figures", done).status_code == 201
    assert registry.get(path).json()["status"]["code"] == "reached"


def test_the_future_of_a_running_year_is_not_final(registry: Registry) -> None:
    with clock.frozen(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)):
        found = target(registry, QIANJIANG, "T-S2-3a")
    assert (found["final"], found["as_of"], found["due"]) == (False, "2026-03-01", "2027-12-31")


def test_a_day_before_the_ledgers_first_record_is_not_known_and_not_zero(registry: Registry) -> None:
    """宿州's plan ended in 2020: a ledger begun later cannot say that nobody held the title then."""
    empty = target(registry, SUZHOU, "T-S1-6")
    assert (empty["attained"]["value"], empty["status"]["code"]) == (None, "unknown")
    assert "不等于没有" in empty["attained"]["missing"]
    title(registry, 1, district="341302", valid_from="2024-05-01", valid_to="2027-04-30")
    later = target(registry, SUZHOU, "T-S1-6")
    assert (later["attained"]["value"], later["status"]["code"]) == (None, "unknown")
    assert "始于 2024-05-01，在统计日 2020-12-31 之后" in later["attained"]["missing"]
    title(registry, 2, district="341302", valid_from="2019-05-01", valid_to="2022-04-30")
    known = target(registry, SUZHOU, "T-S1-6")
    assert (known["attained"]["value"], known["status"]["code"]) == ("1", "not_reached")
    running = target(registry, QIANJIANG, "T-S2-1", as_of=DAY)
    assert running["attained"]["value"] == "0", "of a plan that runs an empty ledger says that there is none"
