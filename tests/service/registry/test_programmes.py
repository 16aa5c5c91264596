"""Programmes over HTTP: the five plans in their own words, their versions, and who sees which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from chassis.db import Database
from services.registry.prepare import prepare
from tests.service.registry.conftest import Registry

PROGRAMMES = Path(__file__).resolve().parents[3] / "services" / "registry" / "programmes"
SUZHOU, QIANJIANG, ZHENJIANG = "suzhou-2018-2020", "qianjiang-2023-2027", "zhenjiang-2023-2025"
ALL = ["jiulongpo-2022-2025", QIANJIANG, SUZHOU, "xining-2022-2024", ZHENJIANG]


@pytest.fixture(autouse=True)
def _as_shipped(db: Database) -> Iterator[None]:
    """The versions are kept between tests of a module: what one changes, the next must not see."""
    yield
    with db.transaction() as tx:
        tx.session.connection().exec_driver_sql("DELETE FROM programmes")
    prepare(db)


def everything(registry: Registry, path: str, **options: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {**options.get("params", {}), "limit": 7, **({"cursor": cursor} if cursor else {})}
        page = registry.get(path, **{**options, "params": params})
        assert page.status_code == 200, page.text
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found


def test_the_five_plans_are_there_and_say_whether_they_are_over(registry: Registry) -> None:
    with clock.frozen(dt.datetime(2026, 11, 30, tzinfo=dt.UTC)):
        listed = everything(registry, "/programmes")
    assert [each["id"] for each in listed] == ALL
    standing = {each["id"]: each["standing"]["code"] for each in listed}
    assert standing == {each: "running" if each == QIANJIANG else "over" for each in ALL}
    assert [area["label"] for area in listed[1]["areas"]] == ["重庆市黔江区"]


def test_an_official_sees_the_plans_that_meet_the_own_areas(registry: Registry) -> None:
    def seen(*areas: str) -> list[str]:
        return [each["id"] for each in everything(registry, "/programmes", as_={"areas": areas})]

    assert seen("3413") == [SUZHOU]
    assert seen("341302") == [SUZHOU], "a county reads the city's plan"
    assert seen("50") == ["jiulongpo-2022-2025", QIANJIANG]
    assert seen("110101") == []
    refused = registry.get(f"/programmes/{SUZHOU}", as_={"areas": ["3211"]})
    assert (refused.status_code, refused.json()["code"]) == (404, "programme-not-found")


def test_a18_a_plan_shows_conflicts_with_both_sources_and_what_it_orders(registry: Registry) -> None:
    plan = registry.get(f"/programmes/{SUZHOU}").json()
    assert {each["kind"]["code"] for each in plan["orders"]} == {"yearly_report", "scorecard", "bulletin"}
    board = next(each for each in plan["conflicts"] if each["id"] == "K-S1-1")
    assert board["decision"] == "A-18"
    assert [(each["quotation"]["lines"], each["says"]) for each in board["readings"]] == [
        ("50", "不少于10户"),
        ("226", "10户左右"),
    ]
    assert plan["document"]["issued_on"] == "2018-09-17"
    etag = registry.get(f"/programmes/{SUZHOU}").headers["ETag"]
    assert registry.get(f"/programmes/{SUZHOU}", headers={"If-None-Match": etag}).status_code == 304


def test_a19_every_task_is_found_in_the_documents_words_by_unit_and_deadline(registry: Registry) -> None:
    tasks = everything(registry, f"/programmes/{SUZHOU}/tasks")
    assert len(tasks) == 23
    fund = next(each for each in tasks if each["id"] == "TK-S1-7")
    assert fund["wording"]["text"] == "设立并运营市中小企业(专精特新)发展基金。"
    assert fund["lead"] == ["市经济和信息化委"]
    assert fund["cooperating"] == ["市政府金融办", "市财政局", "人行宿州中心支行"]
    assert fund["deadline"]["on"] == "2019-12-31"
    assert fund["targets"] == ["T-S1-18"]
    path = f"/programmes/{SUZHOU}/tasks"
    by_unit = everything(registry, path, params={"unit": "市政府金融办"})
    assert [each["id"] for each in by_unit] == ["TK-S1-7", "TK-S1-10"]
    renamed = everything(registry, path, params={"unit": "市地方金融管理局"})
    assert renamed == by_unit, "the unit's name of today finds the same"
    yearly = everything(registry, path, params={"deadline": "yearly"})
    assert [each["id"] for each in yearly] == ["TK-S1-1", "TK-S1-4", "TK-S1-9", "TK-S1-10"]
    led = everything(registry, f"/programmes/{QIANJIANG}/tasks", params={"unit": "区科技局", "role": "lead"})
    assert len(led) == 14
    assert len(everything(registry, f"/programmes/{ZHENJIANG}/tasks", params={"unit": "各市（区）人民政府"})) == 26
    one = registry.get(f"/programmes/{SUZHOU}/tasks/TK-S1-8").json()
    assert one["conflicts"][0]["decision"] == "A-19"
    missing = registry.get(f"/programmes/{SUZHOU}/tasks/TK-S1-99")
    assert (missing.status_code, missing.json()["code"]) == (404, "programme-task-not-found")


def draft(registry: Registry, old: str = "value: 150\n", new: str = "value: 160\n", **options: Any) -> Any:
    text = (PROGRAMMES / f"{SUZHOU}.yaml").read_text("utf-8")
    assert old in text
    return registry.post("/programmes", {"source": text.replace(old, new, 1)}, **options)


def test_a_draft_serves_nobody_until_it_is_put_in_use(registry: Registry) -> None:
    before = registry.get(f"/programmes/{SUZHOU}").json()["sha256"]
    kept = draft(registry)
    assert kept.status_code == 201, kept.text
    sha256 = kept.json()["sha256"]
    assert kept.json()["state"]["code"] == "draft"
    assert registry.get(f"/programmes/{SUZHOU}").json()["sha256"] == before
    again = draft(registry)
    assert (again.status_code, again.json()["code"]) == (409, "programme-known-already")
    used = registry.post(f"/programmes/{SUZHOU}/versions/{sha256}/activate")
    assert (used.status_code, used.json()["state"]["code"]) == (200, "active")
    assert registry.get(f"/programmes/{SUZHOU}").json()["sha256"] == sha256
    retired = everything(registry, "/programmes", params={"state": "retired"})
    assert [each["sha256"] for each in retired] == [before]
    deleted = registry.call("DELETE", f"/programmes/{SUZHOU}/versions/{sha256}")
    assert (deleted.status_code, deleted.json()["code"]) == (409, "programme-state-wrong")
    audits = registry.rows("SELECT action FROM audit_log WHERE subject = :id ORDER BY id", id=SUZHOU)
    assert [each.action for each in audits] == ["programme-stored", "programme-activated"]


def test_an_upgrade_adds_drafts_and_never_overwrites(registry: Registry, tmp_path: Path) -> None:
    text = (PROGRAMMES / f"{SUZHOU}.yaml").read_text("utf-8")
    (tmp_path / "suzhou.yaml").write_text(text.replace("value: 150\n", "value: 170\n", 1), "utf-8")
    before = registry.get(f"/programmes/{SUZHOU}").json()["sha256"]
    prepare(registry.db, tmp_path)
    (new,) = everything(registry, "/programmes", params={"state": "draft"})
    assert registry.get(f"/programmes/{SUZHOU}").json()["sha256"] == before
    assert registry.call("DELETE", f"/programmes/{SUZHOU}/versions/{new['sha256']}").status_code == 204
    prepare(registry.db, tmp_path)
    assert everything(registry, "/programmes", params={"state": "draft"}) == [], "what was deleted stays deleted"


def test_a_retired_programme_is_not_brought_back_by_an_upgrade(registry: Registry) -> None:
    sha256 = registry.get(f"/programmes/{SUZHOU}").json()["sha256"]
    assert registry.post(f"/programmes/{SUZHOU}/versions/{sha256}/retire").status_code == 200
    prepare(registry.db)
    gone = registry.get(f"/programmes/{SUZHOU}")
    assert (gone.status_code, gone.json()["code"]) == (404, "programme-not-found")


def test_a_draft_with_mistakes_is_refused_line_by_line(registry: Registry) -> None:
    answer = draft(registry, "metric: title.high_tech\n", "metric: title.hightech\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "programme-refused")
    (problem,) = answer.json()["errors"]
    assert problem["code"] == "unknown-metric"
    assert problem["field"].startswith("source:")
    assert problem["found"] == "title.hightech"


def test_only_who_answers_for_all_of_its_areas_changes_a_programme(registry: Registry) -> None:
    county = draft(registry, as_={"areas": ["341302"]})
    assert (county.status_code, county.json()["code"]) == (403, "programme-outside-jurisdiction")
    assert draft(registry, as_={"areas": ["3413"]}).status_code == 201
    sha256 = registry.get(f"/programmes/{SUZHOU}").json()["sha256"]
    path = f"/programmes/{SUZHOU}/versions/{sha256}"
    assert registry.post(f"{path}/retire", as_={"areas": ["341302"]}).status_code == 403
    assert registry.get(f"{path}/source", as_={"areas": ["341302"]}).status_code == 403
    assert registry.post(f"{path}/retire", as_={"roles": ["leader"]}).status_code == 403
