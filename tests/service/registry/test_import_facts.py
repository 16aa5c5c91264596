"""Importing facts: units, years, sources, what is refused, and what an event carries."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from chassis.db import Transaction
from chassis.jobs import JobKind, JobRunner, Progress
from contracts.events.registry import FactsRecorded, PeriodFacts
from services.registry.domain.knowledge import Knowledge
from services.registry.use_cases.run_import import run_import
from tests.service.registry.conftest import Registry, csv, uscc, xlsx

KEYS = ["企业名称", "统一社会信用代码", "年度"]


def test_the_unit_is_read_from_the_header_and_yuan_is_stored(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    first = [
        [*KEYS, "营业收入总额(万元)", "研发费用总额（元）"],
        ["", one, 2025, 1230.5, 450000],
        ["", two, "2025年度", 8, 1],
    ]
    done = registry.run("facts", xlsx(first))
    assert done["counts"] == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "rejected": 0, "withheld": 0}
    (period,) = registry.get(f"/enterprises/{one}").json()["facts"]
    assert period["fiscal_year"] == 2025
    facts = {each["fact"]: each for each in period["facts"]}
    assert facts["revenue_yuan"]["value"] == "12305000.00"
    assert facts["rd_expense_yuan"]["value"] == "450000.00"
    assert facts["revenue_yuan"]["source"] == {"code": "import", "label": "批量导入"}
    assert facts["revenue_yuan"]["as_of"] == "2025-12-31"
    assert facts["revenue_yuan"]["unit"] == "元"


def test_the_same_file_again_changes_nothing_and_says_nothing(registry: Registry) -> None:
    one = registry.register(1)
    sheet = xlsx([[*KEYS, "营业收入(万元)", "主导产品"], ["", one, 2025, 100, "轴承"], ["", one, 2024, 90, "轴承"]])
    registry.run("facts", sheet)
    before = (registry.scalar("SELECT count(*) FROM outbox"), registry.scalar("SELECT count(*) FROM changes"))
    audits = registry.scalar("SELECT count(*) FROM audit_log WHERE action = 'import-written'")
    again = registry.run("facts", sheet)
    assert again["counts"] == {"rows": 2, "created": 0, "updated": 0, "unchanged": 2, "rejected": 0, "withheld": 0}
    assert (registry.scalar("SELECT count(*) FROM outbox"), registry.scalar("SELECT count(*) FROM changes")) == before
    assert registry.scalar("SELECT count(*) FROM fact_revisions") == 3
    assert registry.scalar("SELECT count(*) FROM audit_log WHERE action = 'import-written'") == audits


def test_one_event_per_enterprise_carries_whole_periods_that_changed(registry: Registry) -> None:
    one = registry.register(1)
    header = [*KEYS, "营业收入(万元)", "净利润(万元)"]
    registry.run("facts", xlsx([header, ["", one, 2025, 100, 10], ["", one, 2024, 90, 9]]))
    registry.run("facts", xlsx([header, ["", one, 2025, 110, None], ["", one, 2024, 90, 9]]))
    first, second = registry.events("facts-recorded")
    assert first["changed"] == ["net_profit_yuan", "revenue_yuan"]
    assert [period["fiscal_year"] for period in first["periods"]] == [2024, 2025]
    assert second["changed"] == ["revenue_yuan"]
    (period,) = second["periods"]
    assert period["fiscal_year"] == 2025
    assert period["facts"]["revenue_yuan"]["value"] == "1100000.00"
    assert period["facts"]["net_profit_yuan"]["value"] == "100000.00", "the whole period, not the difference"
    assert second["version"] > first["version"]
    revisions = registry.rows("SELECT fiscal_year, changed, import_id FROM fact_revisions ORDER BY id")
    assert [list(row.changed) for row in revisions[-1:]] == [["revenue_yuan"]]
    assert all(row.import_id is not None for row in revisions)


def test_wide_headers_name_their_year_and_point_facts_need_none(registry: Registry) -> None:
    one = registry.register(1)
    sheet = [
        ["统一社会信用代码", "2024年营业收入(万元)", "2025年营业收入(万元)", "Ⅰ类知识产权数", "数据日期"],
        [one, 10, 20, 3, dt.date(2026, 6, 30)],
    ]
    done = registry.run("facts", xlsx(sheet))
    assert done["counts"]["created"] == 1, registry.problems(done)
    periods = {each["fiscal_year"]: each["facts"] for each in registry.get(f"/enterprises/{one}").json()["facts"]}
    assert set(periods) == {0, 2024, 2025}
    (count,) = periods[0]
    assert (count["value"], count["as_of"]) == (3, "2026-06-30")


def test_a_money_column_without_unit_refuses_the_file(registry: Registry) -> None:
    one = registry.register(1)
    done = registry.run("facts", xlsx([[*KEYS, "营业收入"], ["", one, 2025, 100]]), mode="per_row")
    assert done["state"]["code"] == "refused"
    (problem,) = registry.problems(done)
    assert (problem["row"], problem["column"], problem["code"]) == (1, "营业收入", "unit-missing")
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0


def test_a_column_with_the_unit_of_something_else_refuses_the_file(registry: Registry) -> None:
    """Persons for money, and ten thousands of them: neither is taken for what it is not."""
    one = registry.register(1)
    sheet = [["统一社会信用代码", "2025年营业收入（人）", "2025年期末从业人员（万人）"], [one, 100, 2]]
    done = registry.run("facts", xlsx(sheet), mode="per_row")
    assert done["state"]["code"] == "refused"
    found = [(each["column"], each["found"], each["code"], each["expected"]) for each in registry.problems(done)]
    assert found == [
        ("2025年营业收入（人）", "人", "unit-invalid", "元、千元、万元、百万元、亿元"),
        ("2025年期末从业人员（万人）", "万人", "unit-invalid", "人"),
    ]
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0


def test_a_file_with_the_code_and_no_fact_says_so(registry: Registry) -> None:
    one = registry.register(1)
    done = registry.run("facts", xlsx([["统一社会信用代码", "胡说八道"], [one, 1]]))
    [problem] = registry.problems(done)
    assert (problem["code"], problem["found"]) == ("no-fact-column", "统一社会信用代码、胡说八道")
    assert "只认出“统一社会信用代码”，不认识“胡说八道”" in problem["message"]


def test_row_errors_say_row_column_value_and_what_is_expected(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    sheet = [
        ["某区2025年指标表"],
        [*KEYS, "营业收入(万元)", "从业人员", "未知列"],
        ["", one, "", 100, 5],
        ["", two, 2025, "一百", 5],
        ["", two, 2024, 100, -3],
        ["", uscc(77), 2025, 100, 5],
        ["", one, "二零二五", 100, 5],
        ["", one, 2026, 100, 5],
    ]
    done = registry.run("facts", xlsx(sheet))
    assert done["state"]["code"] == "refused"
    assert done["counts"]["rejected"] == 6
    found = [(each["row"], each["column"], each["found"], each["code"]) for each in registry.problems(done)]
    assert found == [
        (3, "营业收入(万元)", "100", "year-missing"),
        (3, "从业人员", "5", "year-missing"),
        (4, "营业收入(万元)", "一百", "value-invalid"),
        (5, "从业人员", "-3", "value-invalid"),
        (6, "统一社会信用代码", uscc(77), "enterprise-not-registered"),
        (7, "年度", "二零二五", "year-invalid"),
        (8, "营业收入(万元)", "100", "year-not-over"),
        (8, "从业人员", "5", "year-not-over"),
    ]
    assert all(each["expected"] for each in registry.problems(done))
    assert [each["column"] for each in registry.problems(done, "warning")] == ["未知列"]
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0
    assert registry.events("facts-recorded") == []


def test_an_industry_of_no_table_is_refused(registry: Registry) -> None:
    code = registry.register(1)
    done = registry.run("facts", xlsx([[*KEYS, "所属行业"], ["", code, "", "9999"]]))
    [problem] = registry.problems(done)
    assert (problem["column"], problem["code"], problem["found"]) == ("所属行业", "value-invalid", "9999")
    assert "GB/T 4754-2017" in problem["expected"]
    done = registry.run("facts", xlsx([[*KEYS, "所属行业"], ["", code, "", "C39 计算机、通信和其他电子设备制造业"]]))
    assert done["state"]["code"] == "done", registry.problems(done)


STAFF = [*KEYS, "期末从业人员", "研发人员数量"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_row_whose_part_exceeds_its_whole_is_refused_with_both_figures(registry: Registry, dry_run: bool) -> None:
    one, two = registry.register(1), registry.register(2)
    rows = xlsx([STAFF, ["", one, 2025, 50, 99999], ["", two, 2025, 50, 50]])
    done = registry.run("facts", rows, mode="per_row", dry_run=dry_run)
    assert done["counts"] == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1, "withheld": 0}
    [problem] = registry.problems(done)
    assert (problem["row"], problem["column"], problem["found"]) == (2, "研发人员数量", "99999 人")
    assert (problem["code"], problem["expected"]) == ("part-exceeds-whole", "不超过2025年期末从业人员 50 人")
    assert "研发人员数量是期末从业人员的一部分。请核对两个数。" in problem["message"]
    assert registry.scalar("SELECT count(*) FROM facts_current") == (0 if dry_run else 1)
    assert len(registry.events("facts-recorded")) == (0 if dry_run else 1)
    refused = registry.run("facts", rows)
    assert refused["state"]["code"] == "refused", "one bad row refuses the file"


def test_a_row_is_held_against_what_is_on_file_and_mends_it(registry: Registry) -> None:
    one = registry.register(1)
    registry.run("facts", xlsx([STAFF, ["", one, 2025, 50, 20]]))
    less = registry.run("facts", xlsx([[*KEYS, "2025年期末从业人员"], ["", one, "", 19]]))
    [problem] = registry.problems(less)
    assert (problem["column"], problem["found"]) == ("2025年期末从业人员", "19 人")
    assert problem["expected"] == "不小于2025年研发人员数量 20 人"
    assert "“研发人员数量”是已登记的数" in problem["message"]
    more = registry.run("facts", xlsx([[*KEYS, "研发人员数量"], ["", one, 2025, 51]]))
    assert [each["code"] for each in registry.problems(more)] == ["part-exceeds-whole"]
    mended = registry.run("facts", xlsx([STAFF, ["", one, 2025, 60, 51]]))
    assert mended["counts"]["updated"] == 1, registry.problems(mended)


def test_rows_of_one_enterprise_and_year_are_judged_together(registry: Registry) -> None:
    """One sheet for the staff, one for research: neither is refused for what the other one corrects."""
    one = registry.register(1)
    registry.run("facts", xlsx([STAFF, ["", one, 2025, 20, 10]]))
    sheets = {
        "研发": [[*KEYS, "研发人员数量", "研发费用(万元)"], ["", one, 2025, 30, 7]],
        "人员": [[*KEYS, "期末从业人员"], ["", one, 2025, 40]],
    }
    done = registry.run("facts", xlsx(sheets), mode="per_row")
    assert (done["counts"]["updated"], done["counts"]["rejected"]) == (2, 0), registry.problems(done)
    sheets["人员"][1][-1] = 29
    sheets["研发"][1][-2] = 35
    done = registry.run("facts", xlsx(sheets), mode="per_row")
    problems = [(each["sheet"], each["column"], each["code"]) for each in registry.problems(done)]
    assert problems[0] == ("研发", "研发人员数量", "part-exceeds-whole")
    assert "“期末从业人员”见第 2 行" in registry.problems(done)[0]["message"]
    assert problems[1] == ("人员", "期末从业人员", "part-exceeds-whole"), "30 are on file, and now 29 persons in all"
    assert done["counts"]["rejected"] == 2
    assert registry.scalar("SELECT facts->'headcount'->>'value' FROM facts_current") == "40"


def test_a_date_that_has_not_come_is_refused_unless_it_ends_something(registry: Registry) -> None:
    code = registry.register(1)
    header = [*KEYS, "科技奖励", "荣誉资质"]
    done = registry.run("facts", xlsx([header, ["", code, "", "国家级|1|2999-01-01", "高新技术企业|2999-01-01"]]))
    [problem] = registry.problems(done)
    assert (problem["row"], problem["column"], problem["code"]) == (2, "科技奖励", "date-in-future")
    assert "第 1 条的“获奖日期”应为不晚于" in problem["message"]
    assert registry.events("facts-recorded") == []
    registry.run("facts", xlsx([header, ["", code, "", "国家级|1|2024-01-01", "高新技术企业|2999-01-01"]]))
    (period,) = registry.get(f"/enterprises/{code}").json()["facts"]
    assert {each["fact"] for each in period["facts"]} == {"science_awards", "honors"}


def test_several_sheets_are_one_file_and_notes_are_passed_over(registry: Registry) -> None:
    one = registry.register(1)
    sheets = {
        "财务": [[*KEYS, "营业收入(万元)"], ["", one, 2025, 100]],
        "说明": [["填写说明"], ["统一社会信用代码", "18 位"], ["营业收入", "以审计报告为准"]],
        "研发": [[*KEYS, "研发费用(万元)", "从业人员"], ["", one, 2025, 7, 30]],
    }
    done = registry.run("facts", xlsx(sheets))
    assert done["counts"] == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "rejected": 0, "withheld": 0}
    assert len(registry.events("facts-recorded")) == 1
    assert [each["sheet"] for each in registry.problems(done, "warning")] == ["说明"]


def test_two_rows_that_contradict_each_other_are_not_guessed_about(registry: Registry) -> None:
    one = registry.register(1)
    rows = [[*KEYS, "营业收入(万元)", "净利润(万元)"], ["", one, 2025, 100, None], ["", one, 2025, 101, 5]]
    done = registry.run("facts", xlsx(rows), mode="per_row")
    assert done["counts"] == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1, "withheld": 0}
    (problem,) = registry.problems(done)
    assert (problem["row"], problem["code"]) == (3, "fact-stated-twice")
    stored = registry.get(f"/enterprises/{one}").json()["facts"][0]["facts"]
    assert [each["fact"] for each in stored] == ["revenue_yuan"], "the rejected row is rejected whole"


def test_the_source_is_the_files_unless_a_row_says(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    rows = [[*KEYS, "数据来源", "营业收入(万元)"], ["", one, 2025, "", 100], ["", two, 2025, "税务数据", 100]]
    registry.run("facts", xlsx(rows), source="audit_report")
    sources = registry.rows("SELECT facts->'revenue_yuan'->>'source' AS s FROM facts_current ORDER BY uscc")
    assert [row.s for row in sources] == ["audit_report", "tax"]
    bad = registry.run("facts", xlsx([[*KEYS, "数据来源", "营业收入(万元)"], ["", one, 2025, "培育平台", 1]]))
    assert [each["code"] for each in registry.problems(bad)] == ["source-not-accepted"]


def test_the_official_platforms_score_is_of_the_calendar_year(registry: Registry) -> None:
    one = registry.register(1)
    done = registry.run(
        "facts", xlsx([[*KEYS, "专精特新发展评价得分"], ["", one, 2026, 81.5]]), source="official_platform"
    )
    assert done["counts"]["created"] == 1, registry.problems(done)
    (period,) = registry.get(f"/enterprises/{one}").json()["facts"]
    assert (period["fiscal_year"], period["facts"][0]["value"]) == (2026, "81.5")


def test_figures_tell_the_size_class_and_say_so(registry: Registry) -> None:
    one = registry.register(1, industry_code="3911")
    assert registry.get(f"/enterprises/{one}").json()["size_class"] is None
    assert "缺少" in registry.get(f"/enterprises/{one}").json()["size_reason"]
    registry.run("facts", xlsx([[*KEYS, "营业收入(万元)", "从业人员"], ["", one, 2025, 2000, 300]]))
    stored = registry.get(f"/enterprises/{one}").json()
    assert stored["size_class"] == {"code": "medium", "label": "中型"}
    assert "2025" in stored["size_reason"]
    recorded, updated = registry.events()[-2:]
    assert "periods" in recorded
    assert (updated["changed"], updated["version"]) == (["size_class"], recorded["version"] + 1)
    assert updated["enterprise"]["size_class"] == "medium"
    assert stored["version"] == updated["version"]


def test_facts_outside_the_uploaders_areas_are_refused(registry: Registry) -> None:
    one = registry.register(1)
    rows = xlsx([[*KEYS, "营业收入(万元)"], ["", one, 2025, 100]])
    done = registry.run("facts", rows, as_={"areas": ("3401",)})
    assert [each["code"] for each in registry.problems(done)] == ["outside-jurisdiction"]


def test_a_name_that_differs_is_a_remark(registry: Registry) -> None:
    one = registry.register(1)
    done = registry.run("facts", csv([[*KEYS, "营业收入(元)"], ["别的名字", one, "2025", '"1,000.50"']]), name="f.csv")
    assert done["counts"]["created"] == 1, registry.problems(done)
    assert [each["code"] for each in registry.problems(done, "warning")] == ["name-differs"]
    assert registry.scalar("SELECT facts->'revenue_yuan'->>'value' FROM facts_current") == "1000.50"


def test_a_killed_import_leaves_nothing_and_runs_again(registry: Registry, knowledge: Knowledge) -> None:
    one = registry.register(1)
    events = len(registry.events())
    import_id = registry.upload("facts", xlsx([[*KEYS, "营业收入(万元)"], ["", one, 2025, 100]]))["id"]

    def dies_after_writing(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        given = {"knowledge": knowledge, "item_kinds": registry.item_kinds}
        run_import(tx, uuid.UUID(payload["import_id"]), **given, max_rows=9, tell=progress.report)
        raise SystemExit("kill -9 stands for this")

    with pytest.raises(SystemExit):
        JobRunner(registry.db, {"import": JobKind("import", dies_after_writing)}).run_once()
    assert registry.scalar("SELECT count(*) FROM facts_current") == 0
    assert registry.scalar("SELECT count(*) FROM fact_revisions") == 0
    assert len(registry.events()) == events
    state = registry.get(f"/imports/{import_id}").json()
    assert state["state"]["code"] == "running"
    registry.work()
    assert registry.get(f"/imports/{import_id}").json()["state"]["code"] == "done"
    assert len(registry.events("facts-recorded")) == 1


def test_template_headers_are_all_understood(registry: Registry) -> None:
    """What we hand out to be filled in is what we read."""
    one = registry.register(1)
    for kind in ("enterprises", "facts", "titles"):
        answer = registry.get(f"/templates/{kind}.xlsx")
        assert answer.status_code == 200
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        header = book.get_sheet_by_index(0).to_python()[0]
        assert book.sheet_names[1:] == ["填写说明", "选项"]
        cells = dict.fromkeys(header, "") | {"统一社会信用代码": one}
        if kind == "titles":
            cells |= {"称号": "高新技术企业", "公告文号": "测〔2026〕1号"}
        if kind == "enterprises":
            cells |= {"企业名称": "测试企业1有限公司", "所属区县": "341302"}
        done = registry.run(kind, xlsx([header, list(cells.values())]))
        assert done["state"]["code"] == "done", registry.problems(done)
        codes = {each["code"] for each in registry.problems(done, "warning")}
        assert "unknown-column" not in codes
    etag = answer.headers["ETag"]
    assert registry.get("/templates/titles.xlsx", headers={"If-None-Match": etag}).status_code == 304
    assert registry.get("/templates/other.xlsx").json()["code"] == "template-not-found"


@pytest.mark.parametrize("mode", ["all_or_nothing", "per_row"])
def test_figures_under_a_merged_header_are_not_lost_or_taken_for_another_year(registry: Registry, mode: str) -> None:
    one = registry.register(1)
    rows = [[*KEYS, "营业收入(万元)", ""], ["", "", "", "2024", "2025"], ["", one, 2025, 100, 200]]
    done = registry.run("facts", xlsx(rows), mode=mode)
    assert done["state"]["code"] == "refused"
    assert registry.get(f"/enterprises/{one}").json()["facts"] == []


def test_an_event_made_in_the_database_carries_whole_periods_as_its_class_does(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    header = [*KEYS, "营业收入(万元)", "期末从业人员", "所属行业", "安全保密事故"]
    rows = [
        ["", one, 2025, 100, 7, None, None],
        ["", one, 2024, 90, 6, None, None],
        ["", one, None, None, None, "3911", "无"],
    ]
    before = len(registry.events())
    registry.run("facts", xlsx([header, *rows, ["", two, 2025, 100, 7]]))
    registry.run("facts", xlsx([header, ["", one, 2025, 110]]))
    told = [each for each in registry.events()[before:] if "periods" in each]
    current: dict[str, dict[int, Any]] = {one: {}, two: {}}
    for row in registry.rows("SELECT * FROM facts_current"):
        current[row.uscc][row.fiscal_year] = row.facts
    expected = [
        FactsRecorded(
            uscc=code,
            version=event["version"],
            changed=ids,
            periods=tuple(PeriodFacts(fiscal_year=year, facts=event_facts) for year, event_facts in periods.items()),
        ).model_dump(mode="json")
        for event, (code, ids, periods) in zip(
            told,
            [
                (one, ("headcount", "industry_code", "revenue_yuan", "secrecy_incidents"), _as_first_told(told[0])),
                (two, ("headcount", "revenue_yuan"), {2025: current[two][2025]}),
                (one, ("revenue_yuan",), {2025: current[one][2025]}),
            ],
            strict=True,
        )
    ]
    assert told == expected
    assert [period["fiscal_year"] for period in told[0]["periods"]] == [0, 2024, 2025]
    assert told[0]["periods"][0]["facts"] == current[one][0]
    changes = registry.rows("SELECT * FROM changes WHERE type = :type ORDER BY id", type=FactsRecorded.type)
    assert [(row.data, row.changed, row.district_code) for row in changes] == [
        (each, each["changed"], "341302") for each in expected
    ]
    versions = [event["version"] for event in registry.events() if event["uscc"] == one]
    assert versions == [*range(1, 1 + len(versions))]


def _as_first_told(event: Mapping[str, Any]) -> dict[int, Any]:
    return {period["fiscal_year"]: period["facts"] for period in event["periods"]}


def test_part_of_a_list_on_file_is_not_the_list_on_file(registry: Registry) -> None:
    one = registry.register(1)
    header = ["统一社会信用代码", "安全保密事故"]
    registry.run("facts", xlsx([header, [one, "重大|2024-01-01;一般|2024-02-01"]]))
    done = registry.run("facts", xlsx([header, [one, "一般|2024-02-01"]]))
    assert done["counts"]["updated"] == 1, registry.problems(done)
    (entry,) = registry.scalar("SELECT facts -> 'secrecy_incidents' -> 'value' FROM facts_current")
    assert entry["happened_on"] == "2024-02-01"


@pytest.mark.parametrize(
    ("row", "code", "severity"),
    [
        (["别的企业", 2025, "", 100], "name-differs", "warning"),
        (["", 2025, "", 100, 60], "part-exceeds-whole", "error"),
    ],
)
def test_a_row_that_says_what_is_on_file_is_told_what_any_row_is_told(
    registry: Registry, row: list[Any], code: str, severity: str
) -> None:
    one = registry.register(1)
    header = ["企业名称", "年度", "数据来源", "期末从业人员", "研发人员数量", "统一社会信用代码"]
    registry.run("facts", xlsx([header, ["", 2025, "", 100, 60, one]]))
    with registry.db.transaction() as tx:  # an impossible state of before the check
        if severity == "error":
            tx.session.execute(text("UPDATE facts_current SET facts = jsonb_set(facts, '{headcount,value}', '50')"))
            row = ["", 2025, "", 50, None]
    cells = [*row, *[None] * (5 - len(row)), one]
    events = len(registry.events())
    done = registry.run("facts", xlsx([header, cells]), mode="per_row")
    assert [each["code"] for each in registry.problems(done, severity)] == [code]
    assert len(registry.events()) == events


def test_a_row_that_says_what_is_on_file_elsewhere_is_refused_there(registry: Registry) -> None:
    one = registry.register(1)
    sheet = xlsx([[*KEYS, "营业收入(万元)"], ["", one, 2025, 100]])
    registry.run("facts", sheet)
    done = registry.run("facts", sheet, as_={"areas": ("3401",)})
    assert [each["code"] for each in registry.problems(done)] == ["outside-jurisdiction"]


def test_two_rows_on_file_that_contradict_each_other_are_no_unchanged_rows(registry: Registry) -> None:
    one = registry.register(1)
    header = [*KEYS, "营业收入(万元)", "数据日期"]
    registry.run("facts", xlsx([header, ["", one, 2025, 100, dt.date(2026, 1, 31)]]))
    both = [["", one, 2025, 100, dt.date(2026, 1, 31)], ["", one, 2025, 100, None]]
    done = registry.run("facts", xlsx([header, *both]), mode="per_row")
    assert [(each["row"], each["code"]) for each in registry.problems(done)] == [(3, "fact-stated-twice")]
    assert done["counts"]["unchanged"] == 1
