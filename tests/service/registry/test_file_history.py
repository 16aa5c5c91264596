"""The past of a file: its state at any moment as the system said it, its history by field, its names, its readers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.db import Database
from services.registry.migrations import MIGRATIONS
from tests.fixtures.database import Templates
from tests.service.registry.conftest import Registry, uscc, xlsx

DAY = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


def at(days: float) -> Any:
    return clock.frozen(DAY + dt.timedelta(days=days))


def file_of(registry: Registry, code: str, days: float | None = None) -> dict[str, Any]:
    params = {} if days is None else {"as_of": (DAY + dt.timedelta(days=days)).isoformat()}
    answer = registry.get(f"/enterprises/{code}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(found: dict[str, Any]) -> dict[str, Any]:
    """The file without what only tells of the asking, and of the version, which counts facts and titles too."""
    return {name: value for name, value in found.items() if name not in ("as_of", "version")}


def fact(name: str, value: Any, year: int | None = None) -> dict[str, Any]:
    return {"fact": name, "value": value, "fiscal_year": year, "source": "audit_report"}


def amend(registry: Registry, code: str, **fields: Any) -> None:
    answer = registry.call("PATCH", f"/enterprises/{code}", json=fields)
    assert answer.status_code == 200, answer.text


def state_facts(registry: Registry, code: str, *facts: dict[str, Any]) -> None:
    answer = registry.call("PUT", f"/enterprises/{code}/facts", json={"facts": list(facts)})
    assert answer.status_code == 200, answer.text


def test_every_past_moment_says_what_the_file_said_then(registry: Registry) -> None:
    """Each answer is kept when it is given, and compared with what the registry says later that it said."""
    given: dict[float, dict[str, Any]] = {}
    with at(0):
        code = registry.register(1, industry_code="3911", registered_capital="5000000.50", risk_flags=["stopped"])
    title: dict[str, Any] = {}
    steps = (
        lambda: amend(registry, code, registered_address="安徽省宿州市埇桥区测试路1号", status="active"),
        lambda: state_facts(
            registry, code, fact("headcount", 120, 2025), fact("revenue_yuan", "90000000", 2025),
            fact("total_assets_yuan", "80000000", 2025),
        ),
        lambda: state_facts(registry, code, fact("headcount", None, 2025), fact("revenue_yuan", "91000000", 2025)),
        lambda: title.update(
            registry.post(
                f"/enterprises/{code}/titles",
                {"title": "specialized_sme", "batch": "第一批", "document_number": "皖经信〔2026〕1号",
                 "announced_on": "2026-03-01", "valid_from": "2026-03-01", "valid_to": "2029-02-28"},
            ).json()
        ),
        lambda: registry.post(
            f"/enterprises/{code}/titles/{title['title_id']}/cancel",
            {"kind": "cancelled", "reason": "弄虚作假", "cancelled_on": "2026-03-05", "reapply_ban": True,
             "document_number": "皖经信〔2026〕9号"},
        ),
        lambda: amend(registry, code, industry_code="6513", registered_capital=None, risk_flags=[]),
        lambda: amend(registry, code, listing_status="neeq", actual_address="测试园区2号"),
    )  # fmt: skip
    for number, step in enumerate(steps, 1):
        with at(number - 0.5):
            given[number - 0.5] = file_of(registry, code)
        with at(number):
            step()
    assert given[1.5]["size_class"] is None
    assert given[2.5]["size_class"]["code"] == "small"
    assert given[5.5]["titles"][0]["state"]["code"] == "cancelled"
    for days, answer in given.items():
        assert said(file_of(registry, code, days)) == said(answer), f"{days} days in"
    assert said(file_of(registry, code)) not in [said(answer) for answer in given.values()]


def test_a_day_means_its_last_moment_in_china(registry: Registry) -> None:
    with clock.frozen(dt.datetime(2026, 3, 2, 15, 59, tzinfo=dt.UTC)):  # 23:59 in Shanghai
        code = registry.register(1)
    with clock.frozen(dt.datetime(2026, 3, 2, 16, 1, tzinfo=dt.UTC)):
        amend(registry, code, actual_address="次日零点过后登记")
    first = registry.get(f"/enterprises/{code}", params={"as_of": "2026-03-02"}).json()
    second = registry.get(f"/enterprises/{code}", params={"as_of": "2026-03-03"}).json()
    assert (first["actual_address"], second["actual_address"]) == (None, "次日零点过后登记")
    assert (first["version"], second["version"]) == (1, 2)
    before = registry.get(f"/enterprises/{code}", params={"as_of": "2026-03-01"})
    assert (before.status_code, before.json()["code"]) == (404, "not-registered-then")
    ahead = registry.get(f"/enterprises/{code}", params={"as_of": "2999-01-01"})
    assert (ahead.status_code, ahead.json()["code"], ahead.json()["errors"][0]["field"]) == (
        422, "moment-ahead", "as_of",
    )  # fmt: skip


def test_what_an_import_changes_is_kept_too(registry: Registry) -> None:
    with at(0):
        code = registry.register(1, industry_code="3911")
        other = registry.register(2)
    header = ["统一社会信用代码", "企业名称", "所属区县", "所属行业"]
    with at(1):
        rows = [header, [code, "导入改名有限公司", "341302", "6513"], [other, "测试企业2有限公司", "341302", ""]]
        assert registry.run("enterprises", xlsx(rows))["counts"]["updated"] == 1
    with at(2):
        facts = [["统一社会信用代码", "年度", "从业人员数", "营业收入（万元）"], [code, "2025", "80", "9000"]]
        assert registry.run("facts", xlsx(facts))["counts"]["created"] == 1
    assert (file_of(registry, code, 0.5)["name"], file_of(registry, code, 0.5)["industry"]["code"]) == (
        "测试企业1有限公司", "3911",
    )  # fmt: skip
    assert file_of(registry, code, 1.5)["facts"] == []
    assert file_of(registry, code, 1.5)["size_class"] is None
    assert file_of(registry, code, 2.5)["size_class"] is not None
    history = registry.get(f"/enterprises/{code}/history").json()["items"]
    assert [[each["field"] for each in item["changes"]] for item in history] == [
        ["size_class", "size_reason"], ["name", "industry_code", "size_reason"],
    ]  # fmt: skip
    assert all(item["import_id"] for item in history)
    assert registry.get(f"/enterprises/{other}/history").json()["items"] == []


def test_history_tells_each_field_before_and_after(registry: Registry) -> None:
    code = registry.register(1, registered_capital="100")
    amend(registry, code, registered_capital="200.5", status="active")
    amend(registry, code, status="suspended")
    page = registry.get(f"/enterprises/{code}/history", params={"limit": 1}).json()
    (latest,) = page["items"]
    assert (latest["recorded_by"], latest["version"]) == ("test-officer", 3)
    assert latest["changes"] == [
        {"field": "status", "label": "登记状态", "before": "active", "before_known": True, "after": "suspended",
         "after_known": True}
    ]  # fmt: skip
    (first,) = registry.get(f"/enterprises/{code}/history", params={"cursor": page["next_cursor"]}).json()["items"]
    assert [(each["field"], each["before"], each["after"]) for each in first["changes"]] == [
        ("registered_capital", "100", "200.5"), ("status", None, "active"),
    ]  # fmt: skip
    only = registry.get(f"/enterprises/{code}/history", params={"field": "registered_capital"}).json()["items"]
    assert len(only) == 1
    assert registry.get(f"/enterprises/{code}/history", params={"field": "phone"}).status_code == 422


def test_history_of_facts_tells_values_before_and_after(registry: Registry) -> None:
    code = registry.register(1)
    state_facts(registry, code, fact("headcount", 10, 2024), fact("revenue_yuan", "500", 2024))
    state_facts(registry, code, fact("headcount", 12, 2024))
    state_facts(registry, code, fact("headcount", None, 2024))
    path = f"/enterprises/{code}/facts/history"
    items = registry.get(path, params={"fact": "headcount"}).json()["items"]
    told = [
        tuple(each and each["value"] for each in (item["changes"][0]["before"], item["changes"][0]["after"]))
        for item in items
    ]
    assert told == [(12, None), (10, 12), (None, 10)]
    assert len(registry.get(path, params={"fact": "revenue_yuan"}).json()["items"]) == 1
    assert registry.get(path, params={"fiscal_year": 2023}).json()["items"] == []


def test_a_former_name_is_backfilled_with_its_days_and_found_in_lists(registry: Registry) -> None:
    with at(0):
        code = registry.register(1, name="宿州新光轴承有限公司")
    stated = {
        "name": "宿州老光轴承厂",
        "valid_from": "2001-05-01",
        "valid_to": "2012-06-30",
        "document": "企业变更通知书",
    }
    with at(1):
        answer = registry.post(f"/enterprises/{code}/former-names", stated)
        assert answer.status_code == 201, answer.text
    assert file_of(registry, code, 0.5)["former_names"] == []
    (name,) = file_of(registry, code)["former_names"]
    assert (name["name"], name["valid_from"], name["valid_to"]) == ("宿州老光轴承厂", "2001-05-01", "2012-06-30")
    again = registry.post(f"/enterprises/{code}/former-names", stated)
    assert (again.status_code, again.json()["code"]) == (409, "former-name-known")
    present = registry.post(f"/enterprises/{code}/former-names", {**stated, "name": "宿州新光轴承有限公司"})
    assert (present.status_code, present.json()["errors"][0]["code"]) == (422, "name-in-use")
    turned = registry.post(f"/enterprises/{code}/former-names", {**stated, "valid_from": "2013-01-01"})
    assert turned.json()["errors"][0]["field"] == "valid_from"
    header = ["企业名称", "称号", "批次", "文号", "所属区县"]
    listed = [header, ["宿州老光轴承厂", "专精特新中小企业", "第一批", "皖经信〔2010〕1号", "埇桥区"]]
    assert registry.run("titles", xlsx(listed))["counts"]["created"] == 1
    assert [each["batch"] for each in file_of(registry, code)["titles"]] == ["第一批"]


def test_whoever_is_shown_a_file_stands_in_its_log(registry: Registry) -> None:
    code = registry.register(1)
    reader: dict[str, Any] = {"subject": "clerk-7", "roles": ("department",), "department": "D9"}
    registry.get(f"/enterprises/{code}", as_=reader, params={"purpose": "联审"})
    registry.get(f"/enterprises/{code}", headers={"If-None-Match": '"1"'})  # was shown nothing new
    registry.get(f"/enterprises/{code}", as_={"areas": ("11",)})  # was refused
    registry.get(f"/enterprises/{code}/history", as_={"subject": "clerk-8"})
    own: dict[str, Any] = {"roles": ("enterprise",), "areas": (), "uscc": code}
    reads = registry.get(f"/enterprises/{code}/reads", as_=own).json()["items"]
    assert [(each["reader"], each["part"]["code"], each["purpose"]) for each in reads] == [
        ("clerk-8", "history", None), ("clerk-7", "file", "联审"),
    ]  # fmt: skip
    assert (reads[1]["roles"], reads[1]["department"]) == (["department"], "D9")
    stranger = registry.get(f"/enterprises/{uscc(2)}/reads", as_=own)
    assert stranger.status_code in (403, 404)


def test_a_read_that_cannot_be_logged_is_not_answered(registry: Registry) -> None:
    code = registry.register(1)
    with registry.db.transaction() as tx:
        tx.session.execute(text("ALTER TABLE file_reads ADD CONSTRAINT ck_full CHECK (reader <> 'nobody') NOT VALID"))
    try:
        assert registry.get(f"/enterprises/{code}", as_={"subject": "nobody"}).status_code == 500
    finally:
        with registry.db.transaction() as tx:
            tx.session.execute(text("ALTER TABLE file_reads DROP CONSTRAINT ck_full"))


@pytest.fixture
def before_0015(templates: Templates) -> Any:
    with templates.copy("registry_empty", _AtRevision(MIGRATIONS.folder, MIGRATIONS.metadata)) as copied:
        yield copied


class _AtRevision(type(MIGRATIONS)):  # type: ignore[misc]
    """As far as the version before states were kept."""

    def upgrade(self, db: Database, revision: str = "0013") -> None:
        super().upgrade(db, revision)


def test_states_before_the_migration_are_told_from_the_change_feed(before_0015: Database) -> None:
    """Two changes were announced: the name is known at every moment, the address only while nothing says otherwise."""

    def card(name: str) -> str:
        return f'{{"name": "{name}", "district_code": "341302", "status": "unknown", "risk_flags": ["stopped"]}}'

    with before_0015.transaction() as tx:
        tx.session.execute(
            text(
                "INSERT INTO enterprises (uscc, name, name_key, registered_address, registered_capital, risk_flags,"
                " synthetic, version, registered_at, changed_at) VALUES ('A', '丙', '丙', '新址', 12.50, '{}', false,"
                " 4, '2026-01-01Z', '2026-01-03Z')"
            )
        )
        for day, kind, version, name, changed in (
            (1, "registered", 1, "甲", "{}"), (2, "updated", 2, "乙", "{name}"),
            (3, "updated", 4, "丙", "{name,registered_address}"),
        ):  # fmt: skip
            tx.session.execute(
                text(
                    "INSERT INTO changes (type, occurred_at, subject, changed, data)"
                    " VALUES (:type, CAST(:at AS timestamptz), 'A', CAST(:changed AS text[]), CAST(:data AS jsonb))"
                ),
                {
                    "type": f"registry.enterprise-{kind}.v1", "at": f"2026-01-0{day}Z", "changed": changed,
                    "data": f'{{"version": {version}, "enterprise": {card(name)}}}',
                },
            )  # fmt: skip
    MIGRATIONS.upgrade(before_0015)
    with before_0015.reading() as tx:
        rows = list(tx.session.execute(text("SELECT * FROM enterprise_states ORDER BY id")))
    assert [(row.state["name"], row.until.day, row.until_version) for row in rows] == [("甲", 2, 2), ("乙", 3, 4)]
    assert [row.unknown for row in rows] == [["registered_address", "size_reason"]] * 2
    assert "registered_address" not in rows[0].state
    assert rows[0].state["registered_capital"] == "12.50"
    assert (rows[0].state["status"], rows[0].state["risk_flags"]) == (None, ["stopped"])
