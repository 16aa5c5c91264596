"""Rankings and bulletins only where the plan orders them; who lacks a number has no place; four eyes before issuing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from docx import Document

from tests.service.registry.conftest import Registry

SUZHOU, QIANJIANG, JIULONGPO, ZHENJIANG = (
    "suzhou-2018-2020", "qianjiang-2023-2027", "jiulongpo-2022-2025", "zhenjiang-2023-2025",
)  # fmt: skip
APPROVER = {"subject": "test-leader"}


def weigh(registry: Registry, plan: str, weights: dict[str, str]) -> Any:
    return registry.call("PUT", f"/programmes/{plan}/scorecard", json={"weights": weights, "document": "考核办法"})


def divide(registry: Registry, plan: str, line: str, parts: dict[str, str], *, year: int, kind: str = "area") -> None:
    stated = [{"assignee": assignee, "value": value} for assignee, value in parts.items()]
    body = {"year": year, "kind": kind, "document": "分解文件", "parts": stated}
    answer = registry.call("PUT", f"/programmes/{plan}/targets/{line}/assignments", json=body)
    assert answer.status_code == 200, answer.text


def holders(registry: Registry, district: str, count: int, first: int) -> None:
    for number in range(first, first + count):
        uscc = registry.register(number, district_code=district)
        act = {"title": "high_tech", "document_number": "测〔2019〕1号", "valid_from": "2019-01-01"}
        assert registry.post(f"/enterprises/{uscc}/titles", act).status_code == 201


def test_what_no_plan_orders_is_not_done(registry: Registry) -> None:
    for plan in (ZHENJIANG, JIULONGPO):
        answer = weigh(registry, plan, {"tasks": "100"})
        assert (answer.status_code, answer.json()["code"]) == (409, "not-ordered-by-the-plan")
        assert registry.get(f"/programmes/{plan}/ranking", params={"year": 2024}).status_code == 409
    draft = {"kind": "bulletin", "subject": "通报", "text": "情况", "year": 2024}
    for plan, allowed in ((JIULONGPO, 201), (SUZHOU, 201), (QIANJIANG, 409), (ZHENJIANG, 409)):
        assert registry.post(f"/programmes/{plan}/bulletins", draft).status_code == allowed, plan


@pytest.mark.parametrize(
    ("weights", "code"),
    [({"T-S1-6": "60"}, "weights-sum"), ({"T-S1-99": "100"}, "unknown-line"), ({"T-S1-18": "100"}, "unknown-line")],
)
def test_weights_add_up_and_name_what_can_be_divided(registry: Registry, weights: dict[str, str], code: str) -> None:
    answer = weigh(registry, SUZHOU, weights)
    assert (answer.status_code, answer.json()["code"]) == (422, "scorecard-refused")
    assert answer.json()["errors"][0]["code"] == code


def test_areas_are_ranked_by_weighted_shares_and_equal_ones_share_a_place(registry: Registry) -> None:
    missing = registry.get(f"/programmes/{SUZHOU}/ranking", params={"year": 2020})
    assert (missing.status_code, missing.json()["code"]) == (409, "scorecard-missing")
    holders(registry, "341302", 4, 1)
    holders(registry, "341321", 1, 11)
    holders(registry, "341322", 1, 21)
    divide(registry, SUZHOU, "T-S1-6", {"341302": "2", "341321": "2", "341322": "2", "341323": "0"}, year=2020)
    assert weigh(registry, SUZHOU, {"T-S1-6": "80", "T-S1-1": "20"}).status_code == 200
    found = registry.get(f"/programmes/{SUZHOU}/ranking", params={"year": 2020}).json()
    assert [(each["place"], each["assignee"]["code"], each["total"]) for each in found] == [
        (1, "341302", "100"),
        (2, "341321", "50"),
        (2, "341322", "50"),
        (None, "341323", None),
    ]
    marks = {each["line"]: each for each in found[0]["marks"]}
    assert (marks["T-S1-6"]["attained"], marks["T-S1-6"]["points"]) == ("4", "80"), "doing more earns no more"
    assert marks["T-S1-1"]["applies"] is False, "what was not assigned does not count against anybody"
    divide(registry, SUZHOU, "T-S1-3", {"341302": "25", "341321": "25"}, year=2020)
    assert weigh(registry, SUZHOU, {"T-S1-6": "50", "T-S1-3": "50"}).status_code == 200
    without = registry.get(f"/programmes/{SUZHOU}/ranking", params={"year": 2020}).json()
    assert [(each["place"], each["assignee"]["code"]) for each in without[:1]] == [(1, "341322")]
    lacking = next(each for each in without if each["assignee"]["code"] == "341302")
    assert lacking["total"] is None, "no register of the pool: neither zero points nor full ones"
    assert "尚无" in lacking["missing"]


def test_units_race_by_their_closed_tasks(registry: Registry) -> None:
    assert weigh(registry, QIANJIANG, {"tasks": "100"}).status_code == 200
    for task in ("TK-S2-4", "TK-S2-8"):
        path = f"/programmes/{QIANJIANG}/tasks/{task}/periods/0"
        body = {"due_on": "2026-06-30", "basis": "2026 年度目标清单"}
        assert registry.call("PUT", path, json=body).status_code == 200
    path = f"/programmes/{QIANJIANG}/tasks/TK-S2-4/periods/0"
    report = {"unit": "区科技局", "progress": "完成", "evidence": ["文件"], "completes": True}
    made = registry.post(f"{path}/reports", report).json()
    assert registry.post(f"{path}/reports/{made['id']}/decision", {"decision": "accepted"}).status_code == 200
    found = registry.get(f"/programmes/{QIANJIANG}/ranking", params={"year": 2026, "kind": "unit"}).json()
    totals = {each["assignee"]["code"]: each["total"] for each in found}
    assert totals["区金融办"] == "100"
    assert totals["区科技局"] == "50"
    assert totals["正阳工业园区管委会"] == "0"
    assert "区教委" not in totals, "no task of it was due"


def step(registry: Registry, path: str, name: str, *, as_: Any = None, **body: Any) -> Any:
    return registry.post(f"{path}/steps", {"step": name, **body}, as_=as_)


def test_a_bulletin_is_drafted_approved_by_another_issued_and_stays_as_it_is(registry: Registry) -> None:
    holders(registry, "341302", 2, 1)
    draft = {"kind": "bulletin", "subject": "2020年度工作通报", "text": "第一段\n第二段", "year": 2020}
    made = registry.post(f"/programmes/{SUZHOU}/bulletins", draft)
    assert made.status_code == 201, made.text
    assert made.json()["content"]["order"]["quote"].startswith("对执行政策不力")
    path = f"/programmes/{SUZHOU}/bulletins/{made.json()['id']}"
    leader = {"roles": ["leader"]}
    assert registry.get(path, as_=leader).status_code == 404, "a draft is not shown about"
    early = registry.post(f"{path}/issue", {"document_number": "宿专〔2021〕1号"})
    assert (early.status_code, early.json()["code"]) == (409, "bulletin-state-wrong")
    assert step(registry, path, "submit").status_code == 200
    own = step(registry, path, "approve")
    assert (own.status_code, own.json()["code"]) == (409, "bulletin-state-wrong")
    assert step(registry, path, "return", as_=APPROVER).status_code == 409, "a return needs its reason"
    assert step(registry, path, "return", as_=APPROVER, reason="补充数据").json()["state"]["code"] == "draft"
    assert step(registry, path, "submit").status_code == 200
    assert step(registry, path, "approve", as_=APPROVER).json()["state"]["code"] == "approved"
    issued = registry.post(f"{path}/issue", {"document_number": "宿专〔2021〕1号"}).json()
    assert issued["state"]["code"] == "issued"
    assert [each["step"] for each in issued["steps"]] == ["draft", "submit", "return", "submit", "approve", "issue"]
    assert step(registry, path, "submit").status_code == 409
    holders(registry, "341302", 3, 11)
    shown = registry.get(path, as_=leader).json()
    kept = next(each for each in shown["content"]["targets"] if each["id"] == "T-S1-6")
    assert kept["attained"] == "2", "the figures of the day it was drafted"
    listed = registry.get(f"/programmes/{SUZHOU}/bulletins", as_=leader).json()["items"]
    assert [each["document_number"] for each in listed] == ["宿专〔2021〕1号"]
    word = Document(io.BytesIO(registry.get(f"{path}/file").content))
    assert "第二段" in [each.text for each in word.paragraphs]
    late = next(each for each in word.tables if each.rows[0].cells[-1].text == "时限")
    assert late.rows[1].cells[3].text == "2018-12-31"


def test_a_published_ranking_keeps_its_places(registry: Registry) -> None:
    holders(registry, "341302", 1, 1)
    divide(registry, SUZHOU, "T-S1-6", {"341302": "2"}, year=2020)
    assert weigh(registry, SUZHOU, {"T-S1-6": "100"}).status_code == 200
    draft = {"kind": "scorecard", "subject": "综合评价", "text": "排名如下", "year": 2020, "assignees": "area"}
    made = registry.post(f"/programmes/{SUZHOU}/bulletins", draft).json()
    assert [(each["place"], each["total"]) for each in made["content"]["ranking"]] == [(1, "50.00")]
