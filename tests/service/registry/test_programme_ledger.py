"""The closed loop of tasks, escalation of overdue ones, targets at risk, and parts of targets with checked sums."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from chassis import clock
from chassis.bus import open_bus
from chassis.worker import Turning
from chassis.working_days import load_working_days
from contracts.events import ALL
from services.registry.prepare import read_catalog
from services.registry.settings import Settings
from services.registry.use_cases.programmes.watch import watch_programmes
from services.registry.worker import build_worker
from tests.service.registry.conftest import Registry

QIANJIANG, SUZHOU = "qianjiang-2023-2027", "suzhou-2018-2020"
TASK = f"/programmes/{QIANJIANG}/tasks/TK-S2-4/periods/0"
CATALOG, DAYS = read_catalog(), load_working_days()


def report(registry: Registry, path: str = TASK, **changes: Any) -> Any:
    body = {
        "unit": "区科技局",
        "progress": "已培育 3 家",
        "evidence": ["黔科发〔2026〕12号"],
        "completes": True,
    } | changes
    options = {"as_": changes.pop("as_")} if "as_" in changes else {}
    body.pop("as_", None)
    return registry.post(f"{path}/reports", body, **options)


def test_a_task_is_reported_returned_reported_again_and_closed(registry: Registry) -> None:
    first = report(registry)
    assert first.status_code == 201, first.text
    assert registry.get(TASK).json()["state"]["code"] == "reported"
    waiting = report(registry)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "programme-task-state-wrong")
    decide = f"{TASK}/reports/{first.json()['id']}/decision"
    silent = registry.post(decide, {"decision": "returned"})
    assert (silent.status_code, silent.json()["errors"][0]["code"]) == (422, "reason-missing")
    returned = registry.post(decide, {"decision": "returned", "reason": "缺认定文件"}).json()
    assert returned["state"]["code"] == "returned"
    second = report(registry, evidence=["渝经信发〔2026〕3号"]).json()
    closed = registry.post(f"{TASK}/reports/{second['id']}/decision", {"decision": "accepted"}).json()
    assert closed["state"]["code"] == "closed"
    assert [each["decision"]["code"] for each in closed["reports"]] == ["returned", "accepted"]
    again = report(registry)
    assert (again.status_code, again.json()["code"]) == (409, "programme-task-state-wrong")
    actions = registry.rows("SELECT action FROM audit_log WHERE subject = :id ORDER BY id", id=QIANJIANG)
    assert [row.action for row in actions] == ["task-reported", "task-report-decided"] * 2


def test_progress_that_does_not_complete_leaves_the_task_open(registry: Registry) -> None:
    made = report(registry, completes=False, evidence=[]).json()
    answer = registry.post(f"{TASK}/reports/{made['id']}/decision", {"decision": "accepted"}).json()
    assert answer["state"]["code"] == "open"
    bare = report(registry, evidence=[])
    assert (bare.status_code, bare.json()["errors"][0]["code"]) == (422, "evidence-missing")


def test_only_units_that_the_plan_names_report_and_each_for_itself(registry: Registry) -> None:
    stranger = report(registry, unit="区教委")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "programme-task-unit-refused")
    assert "区科技局" in stranger.json()["detail"]
    own = {"roles": ["department"], "department": "区财政局", "areas": ["500114"]}
    other = report(registry, as_=own)
    assert (other.status_code, other.json()["code"]) == (403, "programme-task-unit-refused")
    assert report(registry, unit="区财政局", as_=own).status_code == 201
    latest = registry.get(TASK).json()["reports"][-1]
    refused = registry.post(f"{TASK}/reports/{latest['id']}/decision", {"decision": "accepted"}, as_=own)
    assert refused.status_code == 403, "who does the work does not decide on it"


def test_the_ledger_has_each_year_of_a_yearly_task_and_the_documents_deadlines(registry: Registry) -> None:
    found = registry.get(f"/programmes/{SUZHOU}/ledger", params={"unit": "市政府金融办"}).json()
    assert [(each["task_id"], each["period"], each["due_on"]) for each in found] == [
        ("TK-S1-7", 0, "2019-12-31"),
        ("TK-S1-10", 2018, "2018-12-31"),
        ("TK-S1-10", 2019, "2019-12-31"),
        ("TK-S1-10", 2020, "2020-12-31"),
    ]
    assert all(each["overdue"] for each in found)
    whole = registry.get(f"/programmes/{SUZHOU}/ledger").json()
    assert len(whole) == 23 + 4 * 2, "four tasks of every year, three years"
    undated = next(each for each in whole if each["task_id"] == "TK-S1-B1")
    assert (undated["due_on"], undated["due_basis"], undated["overdue"]) == (None, "文件没有写明时限", False)
    wrong = registry.get(f"/programmes/{SUZHOU}/tasks/TK-S1-10/periods/2021")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "programme-task-not-found")


def watch(registry: Registry, day: str) -> int:
    moment = dt.datetime.fromisoformat(f"{day}T04:00:00+00:00")
    with clock.frozen(moment), registry.db.transaction() as tx:
        return watch_programmes(tx, CATALOG, DAYS)


def overdue(registry: Registry) -> list[tuple[str, int]]:
    found = registry.events("task-overdue")
    for each in found:
        ALL["registry.task-overdue.v1"].model_validate(each)
    return [(each["task_id"], each["level"]) for each in found]


def test_an_overdue_task_of_a_running_plan_is_escalated_once_per_level(registry: Registry) -> None:
    assert watch(registry, "2026-06-01") == 0, "the plan states no deadline, and a plan that is over reminds nobody"
    body = {"due_on": "2026-06-10", "basis": "2026 年度目标清单"}
    assert registry.call("PUT", TASK, json=body).status_code == 200
    assert watch(registry, "2026-06-10") == 0, "the day itself is not late"
    assert watch(registry, "2026-06-11") == 1
    assert watch(registry, "2026-06-12") == 0
    assert watch(registry, "2026-06-16") == 0, "the fourth working day: a weekend lies between"
    assert watch(registry, "2026-06-17") == 1, "the fifth"
    assert overdue(registry) == [("TK-S2-4", 1), ("TK-S2-4", 2)]
    event = registry.events("task-overdue")[0]
    assert (event["lead"], event["due_basis"]) == (["区科技局", "区经济信息委"], "2026 年度目标清单")
    moved = {"due_on": "2026-07-10", "basis": "延期批复"}
    assert registry.call("PUT", TASK, json=moved).status_code == 200
    assert watch(registry, "2026-07-01") == 0
    made = report(registry).json()
    registry.post(f"{TASK}/reports/{made['id']}/decision", {"decision": "accepted"})
    assert watch(registry, "2026-09-01") == 0, "a closed task is not overdue"


def test_an_overdue_task_is_told_on_working_days_only(registry: Registry) -> None:
    body = {"due_on": "2026-09-30", "basis": "2026 年度目标清单"}
    assert registry.call("PUT", TASK, json=body).status_code == 200
    assert watch(registry, "2026-10-07") == 0, "the holiday of the National Day"
    assert watch(registry, "2026-10-08") == 1
    assert watch(registry, "2026-10-10") == 0
    assert watch(registry, "2026-10-13") == 1, "8, 9, 10 (a Saturday worked), 12, 13 October"


def test_a_deadline_is_set_in_working_days_and_says_what_is_left(registry: Registry) -> None:
    path, body = TASK, {"working_days": 3, "counted_from": "2026-09-30", "basis": "督办单"}
    with clock.frozen(dt.datetime(2026, 10, 8, 4, tzinfo=dt.UTC)):
        found = registry.call("PUT", path, json=body).json()
        assert (found["due_on"], found["due_basis"]) == ("2026-10-10", "督办单（自 2026-09-30 起 3 个工作日）")
        assert (found["working_days_left"], found["working_days_note"], found["overdue"]) == (2, None, False)
    with clock.frozen(dt.datetime(2026, 10, 12, 4, tzinfo=dt.UTC)):
        late = registry.get(path).json()
        assert (late["working_days_left"], late["days_overdue"]) == (-1, 2)
        listed = registry.get(f"/programmes/{QIANJIANG}/ledger", params={"overdue": True}).json()
        assert [each["working_days_left"] for each in listed] == [-1]
        today = registry.call("PUT", path, json={"working_days": 1, "basis": "督办单"}).json()
        assert today["due_on"] == "2026-10-13"
    with clock.frozen(dt.datetime(2026, 12, 30, 4, tzinfo=dt.UTC)):
        found = registry.call("PUT", path, json={"working_days": 5, "basis": "督办单"}).json()
        assert found["due_on"] == "2027-01-06"
        assert found["due_basis"].endswith("5 个工作日，2027 年按周末推算（当年节假日安排未公布））")
        assert found["working_days_note"] == "2027 年按周末推算（当年节假日安排未公布）"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "只填一项"),
        ({"due_on": "2026-12-31", "working_days": 3}, "只填一项"),
        ({"due_on": "2026-12-31", "counted_from": "2026-12-01"}, "只和工作日数"),
        ({"working_days": 0}, "最小值"),
        ({"working_days": 3661}, "最大值"),
    ],
)
def test_a_deadline_that_is_no_day_is_refused(registry: Registry, body: dict[str, Any], said: str) -> None:
    answer = registry.call("PUT", TASK, json={**body, "basis": "督办单"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert said in answer.json()["errors"][0]["message"], answer.text


def test_a_target_behind_its_line_is_announced_once_until_it_has_caught_up(registry: Registry) -> None:
    path = f"/programmes/{QIANJIANG}/targets/T-S2-5/figures"

    def figure(year: int, value: str) -> None:
        body = {
            "period_start": f"{year}-01-01",
            "period_end": f"{year}-12-31",
            "value": value,
            "scope": "全区规上工业",
            "issued_by": "区统计局",
            "document": "统计公报",
        }
        assert registry.post(path, body).status_code == 201

    figure(2022, "9")
    figure(2023, "9.1")
    assert watch(registry, "2024-06-01") == 1
    assert watch(registry, "2024-06-02") == 0
    (event,) = registry.events("target-at-risk")
    ALL["registry.target-at-risk.v1"].model_validate(event)
    assert (event["target_id"], event["attained"], event["wanted"]) == ("T-S2-5", "9.1", "15")
    figure(2024, "14")
    assert watch(registry, "2025-01-05") == 0
    assert watch(registry, "2027-11-01") == 1, "it has fallen behind again"


def divide(registry: Registry, line: str, year: int, parts: dict[str, str], **changes: Any) -> Any:
    stated = [{"assignee": assignee, "value": value} for assignee, value in parts.items()]
    body = {"year": year, "kind": "area", "document": "分解文件", "parts": stated} | changes
    return registry.call("PUT", f"/programmes/{SUZHOU}/targets/{line}/assignments", json=body)


def test_the_worker_does_it_by_its_schedule(registry: Registry, settings: Settings) -> None:
    assert registry.call("PUT", TASK, json={"due_on": "2026-06-10", "basis": "2026 年度目标清单"}).status_code == 200
    bus = open_bus("postgresql://nobody@localhost:1/bus")
    schedules = next(each for each in build_worker(settings, registry.db, bus).loops if each.name == "schedules")
    bus.close()
    assert isinstance(schedules, Turning)
    with clock.frozen(dt.datetime(2026, 7, 1, tzinfo=dt.UTC)):
        schedules.work()
    assert overdue(registry)[0][0] == "TK-S2-4"
    failed = registry.rows("SELECT name FROM schedules WHERE last_error IS NOT NULL")
    assert [row.name for row in failed] == []


def test_parts_of_a_target_are_added_up_and_counted_where_they_belong(registry: Registry) -> None:
    for number, district in enumerate(["341302", "341302", "341321"], start=1):
        uscc = registry.register(number, district_code=district)
        act = {"title": "high_tech", "document_number": "测〔2019〕1号", "valid_from": "2019-01-01"}
        assert registry.post(f"/enterprises/{uscc}/titles", act).status_code == 201
    under = divide(registry, "T-S1-6", 2020, {"341302": "60", "341321": "30"})
    assert under.status_code == 200, under.text
    found = under.json()
    assert (found["wanted"], found["assigned"], found["difference"]) == ("100", "90", "-10")
    assert found["standing"]["code"] == "under"
    assert [(each["assignee"]["label"], each["attained"]) for each in found["parts"]] == [
        ("安徽省宿州市埇桥区", 2),
        ("安徽省宿州市砀山县", 1),
    ]
    over = divide(registry, "T-S1-6", 2020, {"341302": "60", "341321": "30", "341322": "25"}).json()
    assert (over["standing"]["code"], over["difference"]) == ("over", "15")
    exact = divide(registry, "T-S1-6", 2020, {"341302": "60", "341322": "40"}).json()
    assert exact["standing"]["code"] == "exact"
    kept = registry.scalar("SELECT count(*) FROM programme_assignments WHERE withdrawn_at IS NOT NULL")
    assert kept == 3 - 1, "what was assigned before stays as history; what did not change stands on"
    mine = registry.get(f"/programmes/{SUZHOU}/assignments", params={"year": 2020, "assignee": "341302"}).json()
    assert [(each["target_id"], each["value"]) for each in mine] == [("T-S1-6", "60")]


def test_departments_get_their_list_and_shares_are_not_added_up(registry: Registry) -> None:
    path = f"/programmes/{QIANJIANG}/targets/T-S2-5/assignments"
    parts = [{"assignee": "区经济信息委", "value": "15"}, {"assignee": "正阳工业园区管委会", "value": "18"}]
    body = {"year": 2027, "kind": "unit", "document": "2027 年度目标清单", "parts": parts}
    found = registry.call("PUT", path, json=body)
    assert found.status_code == 200, found.text
    assert (found.json()["assigned"], found.json()["standing"]["code"]) == (None, "unknown")
    listed = registry.get(f"/programmes/{QIANJIANG}/assignments", params={"year": 2027, "assignee": "区经济信息委"})
    assert [each["value"] for each in listed.json()] == ["15"]


def test_a_part_for_nobody_is_refused(registry: Registry) -> None:
    stray = divide(registry, "T-S1-6", 2020, {"500114": "10"})
    assert (stray.status_code, stray.json()["errors"][0]["code"]) == (422, "unknown-area")
    unit = divide(registry, "T-S1-6", 2020, {"区科技局": "10"}, kind="unit")
    assert (unit.status_code, unit.json()["errors"][0]["code"]) == (422, "unknown-unit")
    late = divide(registry, "T-S1-6", 2021, {"341302": "10"})
    assert late.json()["errors"][0]["code"] == "year-outside-plan"
    twice = [{"assignee": "341302", "value": "1"}, {"assignee": "341302", "value": "2"}]
    body = {"year": 2020, "kind": "area", "document": "x", "parts": twice}
    again = registry.call("PUT", f"/programmes/{SUZHOU}/targets/T-S1-6/assignments", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "assignment-refused")
    county = divide(registry, "T-S1-6", 2020, {"341302": "10"})
    assert county.status_code == 200
    refused = registry.call(
        "PUT", f"/programmes/{SUZHOU}/targets/T-S1-6/assignments", json=body, as_={"areas": ["341302"]}
    )
    assert refused.status_code == 403
