"""Facts, findings and titles by API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from tests.service.registry.conftest import Registry, uscc


def fact(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"fact": name, "value": value, "source": "self_declared", **more}


def put(registry: Registry, code: str, *facts: dict[str, Any], **options: Any) -> Any:
    return registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": list(facts)}, **options)


def test_facts_are_recorded_with_unit_and_provenance(registry: Registry) -> None:
    code = registry.register(1)
    answer = put(
        registry,
        code,
        fact("revenue_yuan", "1230.5", unit="万元", fiscal_year=2025),
        fact("rd_expense_yuan", "450000", fiscal_year=2025, source="audit_report", as_of="2026-03-31"),
        fact("market_share", "12.5", unit="%", fiscal_year=2025),
        fact("lead_product", "精密轴承"),
        fact("abnormal_list", False),
        fact("accidents", []),
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["changed"] == [
        {"fiscal_year": 0, "facts": ["abnormal_list", "accidents", "lead_product"]},
        {"fiscal_year": 2025, "facts": ["market_share", "rd_expense_yuan", "revenue_yuan"]},
    ]
    periods = {each["fiscal_year"]: each for each in registry.get(f"/enterprises/{code}").json()["facts"]}
    values = {each["fact"]: each for year in periods.values() for each in year["facts"]}
    assert values["revenue_yuan"]["value"] == "12305000.00"
    assert values["market_share"]["value"] == "0.125"
    assert values["abnormal_list"]["value"] is False, "false is a value"
    assert values["accidents"]["value"] == []
    assert (values["rd_expense_yuan"]["source"]["label"], values["rd_expense_yuan"]["as_of"]) == (
        "审计报告",
        "2026-03-31",
    )
    assert periods[2025]["label"] == "2025 年度"
    (event,) = registry.events("facts-recorded")
    entry = event["periods"][1]["facts"]["revenue_yuan"]
    assert set(entry) == {"value", "source", "as_of", "recorded_at"}
    assert entry["recorded_at"].endswith("Z")
    present = registry.get(f"/enterprises/{code}").json()["completeness"]
    assert (present["present"], present["fiscal_year"]) == (6, 2025)


def test_the_same_facts_again_change_nothing(registry: Registry) -> None:
    code = registry.register(1)
    stated = fact("revenue_yuan", "100", fiscal_year=2025)
    put(registry, code, stated)
    again = put(registry, code, stated)
    assert again.json() == {"uscc": code, "version": 2, "changed": []}
    assert len(registry.events("facts-recorded")) == 1
    assert registry.scalar("SELECT count(*) FROM fact_revisions") == 1


def test_null_withdraws_a_fact_and_keeps_its_history(registry: Registry) -> None:
    code = registry.register(1)
    put(registry, code, fact("revenue_yuan", "0", fiscal_year=2025), fact("net_profit_yuan", "5", fiscal_year=2025))
    withdrawn = put(registry, code, fact("revenue_yuan", None, fiscal_year=2025))
    assert withdrawn.json()["changed"] == [{"fiscal_year": 2025, "facts": ["revenue_yuan"]}]
    (period,) = registry.get(f"/enterprises/{code}").json()["facts"]
    assert [each["fact"] for each in period["facts"]] == ["net_profit_yuan"]
    assert list(registry.events("facts-recorded")[-1]["periods"][0]["facts"]) == ["net_profit_yuan"]
    history = registry.rows("SELECT changed->'revenue_yuan' AS entry FROM fact_revisions ORDER BY id")
    assert history[0].entry["value"] == "0.00"
    assert history[1].entry is None
    assert put(registry, code, fact("revenue_yuan", None, fiscal_year=2025)).json()["changed"] == []


@pytest.mark.parametrize(
    ("stated", "field", "code"),
    [
        (fact("turnover", "1", fiscal_year=2025), "fact", "fact-unknown"),
        (fact("revenue_yuan", "1"), "fiscal_year", "year-missing"),
        (fact("revenue_yuan", "1", fiscal_year=2026), "fiscal_year", "year-invalid"),
        (fact("lead_product", "x", fiscal_year=2025), "fiscal_year", "year-not-wanted"),
        (fact("revenue_yuan", "一百", fiscal_year=2025), "value", "value-invalid"),
        (fact("revenue_yuan", 12.5, fiscal_year=2025), "value", "value-invalid"),
        (fact("revenue_yuan", "1.005", fiscal_year=2025), "value", "value-invalid"),
        (fact("headcount", "-1", fiscal_year=2025), "value", "value-invalid"),
        (fact("revenue_yuan", "-1", fiscal_year=2025), "value", "value-invalid"),
        (fact("market_share", "1.01", fiscal_year=2025), "value", "value-invalid"),
        (fact("market_share", "101", fiscal_year=2025, unit="%"), "value", "value-invalid"),
        (fact("abnormal_list", "是"), "value", "value-invalid"),
        (fact("industry_code", "9999"), "value", "value-invalid"),
        (fact("lead_product", "a\u0000b"), "value", "text-unstorable"),
        (fact("lead_product", "  "), "value", "value-empty"),
        (fact("revenue_yuan", "1", fiscal_year=2025, unit="美元"), "unit", "unit-invalid"),
        (fact("headcount", 5, fiscal_year=2025, unit="万人"), "unit", "unit-invalid"),
        (fact("revenue_yuan", "1", fiscal_year=2025, source="official_platform"), "source", "source-not-accepted"),
        (fact("lead_product", "x", as_of="2999-01-01"), "as_of", "date-in-future"),
        (fact("established_on", "2999-01-01"), "value", "date-in-future"),
        (
            fact("accidents", [{"kind": "quality", "happened_on": "2999-01-01"}]),
            "value[0].happened_on",
            "date-in-future",
        ),
        (fact("market_position_leading", {"decision": "met", "reason": "x"}), "fact", "finding-by-official-only"),
        (fact("accidents", [{"kind": "quality"}]), "value", "value-invalid"),
    ],
)
def test_a_wrong_fact_is_named_with_its_path_and_nothing_is_written(
    registry: Registry, stated: dict[str, Any], field: str, code: str
) -> None:
    uscc_ = registry.register(1)
    good = fact("net_profit_yuan", "1", fiscal_year=2024)
    answer = put(registry, uscc_, good, stated)
    assert answer.status_code == 422, answer.text
    problem = answer.json()["errors"][0]
    assert (problem["field"], problem["code"]) == (f"facts[1].{field}", code)
    assert registry.events("facts-recorded") == []
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            fact("revenue_yuan", "-1", fiscal_year=2025),
            "“营业收入”应为带单位的金额（不小于 0），如“1,230.5”（表头注明万元）或“1230.5万元”，现为“-1”",
        ),
        (
            fact("market_share", "1.5", fiscal_year=2025),
            "“主导产品全国细分市场占有率”应为百分比（0% 至 100%），如 12.5%，现为“1.5”",
        ),
        (
            fact("science_awards", [{"level": "national", "rank": 0, "awarded_on": "2024-01-01"}]),
            "“科技奖励”的“获奖单位排名”应为整数（不小于 1），如 12，现为“0”",
        ),
        (
            fact("science_awards", [{"level": "national"}]),
            "“科技奖励”的“获奖日期”应为日期，如 2024-05-01（必填），现为“（没有填写）”",
        ),
    ],
)
def test_a_refused_value_is_told_where_what_and_within_which_limits(
    registry: Registry, stated: dict[str, Any], message: str
) -> None:
    [problem] = put(registry, registry.register(1), stated).json()["errors"]
    assert problem["message"] == message


def test_a_part_above_its_whole_is_refused_with_both_figures(registry: Registry) -> None:
    code = registry.register(1)
    staff = [fact("headcount", 50, fiscal_year=2025), fact("rd_staff", 99999, fiscal_year=2025)]
    answer = put(registry, code, *staff)
    assert (answer.status_code, answer.json()["code"]) == (422, "facts-invalid")
    [problem] = answer.json()["errors"]
    assert (problem["field"], problem["code"]) == ("facts[1].value", "part-exceeds-whole")
    assert (problem["found"], problem["expected"]) == ("99999 人", "不超过2025年期末从业人员 50 人")
    assert problem["message"] == (
        "2025年研发人员数量 99999 人，应不超过2025年期末从业人员 50 人，多出 99949 人。"
        "研发人员数量是期末从业人员的一部分。请核对两个数。"
    )
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0
    assert registry.events("facts-recorded") == []
    other_years = [fact("headcount", 50, fiscal_year=2025), fact("rd_staff", 60, fiscal_year=2024)]
    assert put(registry, code, *other_years).status_code == 200, "figures of different years are not compared"


def test_a_new_figure_is_held_against_what_is_on_file_from_either_side(registry: Registry) -> None:
    code = registry.register(1)
    put(registry, code, fact("headcount", 50, fiscal_year=2025), fact("ip_class1_count", 3))
    [problem] = put(registry, code, fact("rd_staff", 51, fiscal_year=2025)).json()["errors"]
    assert "其中“期末从业人员”是已登记的数：请核对，有误的请一并更正（或先撤回）" in problem["message"]
    assert put(registry, code, fact("rd_staff", 50, fiscal_year=2025)).status_code == 200
    [problem] = put(registry, code, fact("headcount", 49, fiscal_year=2025)).json()["errors"]
    assert (problem["field"], problem["found"]) == ("facts[0].value", "49 人")
    assert problem["expected"] == "不小于2025年研发人员数量 50 人"
    [problem] = put(registry, code, fact("ip_class1_own_count", 4)).json()["errors"]
    assert problem["expected"] == "不超过Ⅰ类知识产权数 3 项"
    both = [fact("headcount", 49, fiscal_year=2025), fact("rd_staff", 49, fiscal_year=2025)]
    assert put(registry, code, *both).status_code == 200, "what is stated together is judged together"
    without = [fact("headcount", 40, fiscal_year=2025), fact("rd_staff", None, fiscal_year=2025)]
    assert put(registry, code, *without).status_code == 200, "what is withdrawn is compared with nothing"


def test_an_impossible_state_of_old_can_be_mended_and_stands_in_nobodys_way(registry: Registry) -> None:
    """Recorded before the registry looked at it."""
    code = registry.register(1)
    put(registry, code, fact("rd_staff", 30, fiscal_year=2025), fact("headcount", 50, fiscal_year=2025))
    with registry.db.transaction() as tx:
        tx.session.execute(
            text("UPDATE facts_current SET facts = jsonb_set(facts, '{rd_staff,value}', '99999') WHERE uscc = :uscc"),
            {"uscc": code},
        )
    assert put(registry, code, fact("revenue_yuan", "1", fiscal_year=2025)).status_code == 200
    assert put(registry, code, fact("headcount", 60, fiscal_year=2025)).status_code == 422
    assert put(registry, code, fact("rd_staff", 45, fiscal_year=2025)).status_code == 200
    assert put(registry, code, fact("headcount", 60, fiscal_year=2025)).status_code == 200


def test_facts_need_scope_area_and_the_version_named(registry: Registry) -> None:
    code = registry.register(1)
    stated = fact("revenue_yuan", "1", fiscal_year=2025)
    assert put(registry, code, stated, as_={"areas": ("34",), "roles": ("platform",)}).status_code == 200
    assert put(registry, code, stated, as_={"areas": ("33",), "roles": ("platform",)}).status_code == 403
    assert put(registry, code, stated, as_={"roles": ("commissioner",)}).status_code == 403
    assert put(registry, code, stated, headers={"If-Match": '"1"'}).status_code == 412
    assert put(registry, uscc(404), stated).status_code == 404
    judged = fact("market_share", "0.1", fiscal_year=2025, source="official_finding")
    refused = put(registry, code, judged, as_={"roles": ("platform",)})
    assert refused.json()["errors"][0]["code"] == "source-not-accepted"
    assert put(registry, code, judged).status_code == 200


def test_an_officials_finding_is_a_fact(registry: Registry) -> None:
    code = registry.register(1)
    body = {
        "finding": "market_position_leading",
        "decision": "met",
        "reason": "省内前三，有行业协会证明",
        "evidence": "皖协〔2026〕3号",
        "valid_until": "2027-12-31",
    }
    answer = registry.post(f"/enterprises/{code}/findings", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["source"] == {"code": "official_finding", "label": "主管部门认定意见"}
    assert answer.json()["value"] == {key: body[key] for key in ("decision", "reason", "evidence", "valid_until")}
    (event,) = registry.events("facts-recorded")
    assert event["changed"] == ["market_position_leading"]
    assert event["periods"][0]["fiscal_year"] == 0
    again = registry.post(f"/enterprises/{code}/findings", body)
    assert again.status_code == 201
    assert len(registry.events("facts-recorded")) == 1
    assert registry.scalar("SELECT count(*) FROM audit_log WHERE action = 'finding-recorded'") == 1


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"finding": "revenue_yuan"}, "finding-invalid", "finding"),
        ({"valid_until": "2020-01-01"}, "finding-invalid", "valid_until"),
        ({"decision": "perhaps"}, "validation-failed", "decision"),
        ({"reason": " "}, "validation-failed", "reason"),
    ],
)
def test_an_incomplete_finding_is_refused(registry: Registry, changed: dict[str, Any], code: str, field: str) -> None:
    uscc_ = registry.register(1)
    body = {"finding": "market_position_leading", "decision": "unmet", "reason": "没有材料"} | changed
    answer = registry.post(f"/enterprises/{uscc_}/findings", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


def test_only_an_officer_judges(registry: Registry) -> None:
    code = registry.register(1)
    body = {"finding": "market_position_leading", "decision": "met", "reason": "x"}
    for roles in (("platform",), ("system",), ("enterprise",)):
        assert (
            registry.post(f"/enterprises/{code}/findings", body, as_={"roles": roles}).json()["code"] == "role-refused"
        )


def test_the_dictionary_is_served_with_its_edition(registry: Registry) -> None:
    answer = registry.get("/facts-dictionary")
    facts = {each["id"]: each for each in answer.json()["facts"]}
    assert facts["revenue_yuan"]["unit"] == "元"
    assert facts["accidents"]["fields"][0]["allowed"][0] == {"code": "work_safety", "label": "生产安全"}
    assert registry.get("/facts-dictionary", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


TITLE = {
    "title": "specialized_sme",
    "batch": "第三批",
    "document_number": "皖经信〔2025〕12号",
    "valid_to": "2028-06-30",
}


def test_a_title_is_recorded_corrected_and_never_doubled(registry: Registry) -> None:
    code = registry.register(1)
    path = f"/enterprises/{code}/titles"
    first = registry.post(path, TITLE)
    assert (first.status_code, first.headers["ETag"]) == (201, '"2"')
    assert first.headers["Location"].endswith(first.json()["title_id"])
    twice = registry.post(path, TITLE)
    assert (twice.status_code, twice.json()["code"]) == (409, "title-already-recorded")
    corrected = registry.post(path, {**TITLE, "valid_to": "2028-07-31"})
    assert (corrected.status_code, corrected.json()["title_id"]) == (200, first.json()["title_id"])
    assert [each["record"]["valid_to"] for each in registry.events("title-recorded")] == ["2028-06-30", "2028-07-31"]
    assert registry.scalar("SELECT count(*) FROM title_records") == 1


def test_a_title_without_document_is_refused(registry: Registry) -> None:
    code = registry.register(1)
    answer = registry.post(f"/enterprises/{code}/titles", {"title": "high_tech"})
    assert (answer.status_code, answer.json()["code"]) == (422, "title-invalid")
    assert answer.json()["errors"][0]["field"] == "document_number"
    decided = registry.post(f"/enterprises/{code}/titles", {"title": "high_tech", "decision_reference": "决定1号"})
    assert decided.status_code == 201
    reversed_ = {**TITLE, "valid_from": "2029-01-01"}
    assert registry.post(f"/enterprises/{code}/titles", reversed_).json()["errors"][0]["field"] == "valid_to"


def test_cancelling_is_final_unless_it_was_recorded_in_error(registry: Registry) -> None:
    code = registry.register(1)
    path = f"/enterprises/{code}/titles"
    title_id = registry.post(path, TITLE).json()["title_id"]
    decision = {"kind": "cancelled", "reason": "取消公告", "reapply_ban": True}
    cancelled = registry.post(f"{path}/{title_id}/cancel", decision)
    assert cancelled.json()["state"] == {"code": "cancelled", "label": "取消"}
    again = registry.post(f"{path}/{title_id}/cancel", {"kind": "cancelled", "reason": "取消公告"})
    assert (again.status_code, again.json()["code"]) == (409, "title-already-cancelled")
    assert registry.post(path, TITLE).json()["code"] == "title-already-cancelled"

    other = {**TITLE, "title": "high_tech"}
    other_id = registry.post(path, other).json()["title_id"]
    registry.post(f"{path}/{other_id}/cancel", {"kind": "recorded_in_error", "reason": "录错企业"})
    revived = registry.post(path, other)
    assert (revived.status_code, revived.json()["state"]["code"], revived.json()["cancelled_kind"]) == (
        200,
        "valid",
        None,
    )
    told = registry.events("title-cancelled")
    assert [each["reason"] for each in told] == ["取消公告", "录错企业"]
    assert [each["record"]["reapply_ban"] for each in told] == [True, False], "what was recorded in error bans nobody"
    assert {each["record"]["cancelled_on"] for each in told} == {clock.today().isoformat()}
    assert (
        registry.post(
            f"/enterprises/{registry.register(2)}/titles/{title_id}/cancel", {"kind": "cancelled", "reason": "x"}
        ).status_code
        == 404
    )


def test_a_cancellation_counts_from_the_day_of_the_decision(registry: Registry) -> None:
    path = f"/enterprises/{registry.register(1)}/titles"
    title_id = registry.post(path, TITLE).json()["title_id"]
    today = clock.today()
    decision = {"kind": "cancelled", "reason": "取消公告", "reapply_ban": True}
    tomorrow = (today + dt.timedelta(days=1)).isoformat()
    early = registry.post(f"{path}/{title_id}/cancel", {**decision, "cancelled_on": tomorrow})
    assert (early.status_code, early.json()["code"]) == (422, "title-invalid")
    (problem,) = early.json()["errors"]
    assert (problem["field"], problem["found"]) == ("cancelled_on", tomorrow)
    assert registry.events("title-cancelled") == []
    day = (today - dt.timedelta(days=400)).isoformat()
    assert registry.post(f"{path}/{title_id}/cancel", {**decision, "cancelled_on": day}).json()["cancelled_on"] == day
    (told,) = registry.events("title-cancelled")
    assert told["record"]["cancelled_on"] == day

    other_id = registry.post(path, {**TITLE, "title": "high_tech"}).json()["title_id"]
    on_the_day = {**decision, "cancelled_on": today.isoformat()}
    assert registry.post(f"{path}/{other_id}/cancel", on_the_day).json()["cancelled_on"] == today.isoformat()
