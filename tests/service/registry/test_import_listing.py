"""A list of enterprises is written set by set; what is told of it is what is told of each one alone."""

from __future__ import annotations

import threading
import uuid
from typing import Any

from sqlalchemy import text

from contracts.events.registry import EnterpriseRegistered
from services.registry.store.reference import reference
from services.registry.store.repositories import identity_of
from services.registry.use_cases.announce import card_of
from tests.service.registry.conftest import Registry, csv, uscc
from tests.service.registry.test_items import carrier

HEADER = ["企业名称", "统一社会信用代码", "所属区县", "行业代码", "注册资本", "成立日期", "登记状态", "风险标识",
          "上市情况", "合成样例"]  # fmt: skip
ROWS = [
    [
        "甲（集团）有限公司",
        uscc(1),
        "341302",
        "3911",
        "49.50万美元",
        "2015-03-20",
        "存续",
        "停产、经营异常",
        "北交所",
        "是",
    ],
    ["乙\\有限\t公司", uscc(2), "", "", "", "", "", "", "", ""],
    ["ＡＢＣ公司", uscc(3), "440300", "C39", "500万元", "", "注销", "无", "未上市", "否"],
]


def test_an_event_made_in_the_database_carries_what_its_class_carries(registry: Registry) -> None:
    done = registry.run("enterprises", csv([HEADER, *ROWS]), name="a.csv")
    assert done["counts"]["created"] == 3, registry.problems(done)
    with registry.db.reading() as tx:
        known = reference(tx)
    expected = []
    for row in registry.rows("SELECT * FROM enterprises ORDER BY uscc"):
        card = card_of(row.uscc, identity_of(row), row.size_class, known)
        expected.append(EnterpriseRegistered(uscc=row.uscc, version=1, enterprise=card).model_dump(mode="json"))
    assert registry.events("enterprise-registered") == expected
    changes = registry.rows("SELECT * FROM changes ORDER BY id")
    assert [row.data for row in changes] == expected
    assert [(row.type, row.subject, row.changed, row.district_code, row.former_district_code) for row in changes] == [
        (EnterpriseRegistered.type, each["uscc"], [], each["enterprise"]["district_code"], None) for each in expected
    ]


def test_a_listed_enterprise_is_kept_as_one_that_is_entered_by_hand(registry: Registry) -> None:
    registry.run("enterprises", csv([HEADER, ROWS[0]]), name="a.csv")
    registry.post(
        "/enterprises",
        {
            "uscc": uscc(9), "name": "甲（集团）有限公司", "district_code": "341302", "industry_code": "3911",
            "registered_capital": "495000", "registered_capital_currency": "USD", "established_on": "2015-03-20",
            "status": "active", "risk_flags": ["abnormal_operation", "stopped"], "listing_status": "bse",
            "synthetic": True,
        },
    )  # fmt: skip
    one, other = (
        {name: value for name, value in row._mapping.items() if name not in ("uscc", "registered_at", "changed_at")}
        for row in registry.rows("SELECT * FROM enterprises ORDER BY uscc")
    )
    assert one == other


def test_ids_of_events_made_in_the_database_are_like_all_others(registry: Registry) -> None:
    registry.register(7)
    registry.run("enterprises", csv([HEADER, *ROWS]), name="a.csv")
    first, *others = (row.event_id for row in registry.rows("SELECT event_id FROM outbox ORDER BY id"))
    assert len({first, *others}) == 4
    assert {(each.version, each.variant) for each in (first, *others)} == {(7, uuid.RFC_4122)}
    assert all(each.int >> 80 >= first.int >> 80 for each in others), "ordered by time, to the millisecond"
    headers = registry.rows("SELECT DISTINCT headers, topic, key = subject AS same FROM outbox WHERE id > 1")
    assert len(headers) == 1
    assert headers[0].same
    assert set(headers[0].headers) == {"correlation_id", "traceparent", "actor"}


def test_one_who_registers_an_enterprise_meanwhile_is_not_told_otherwise(registry: Registry) -> None:
    """The import waits for the other's row, and then finds it on file: it is updated, not registered twice."""
    place = carrier(registry, kind="park", name="宿州高新区")
    head, *rows = (
        ["企业名称", "统一社会信用代码", "区划代码", "所属园区"],
        *([name, uscc(number), "341302", "宿州高新区"] for number, name in ((1, "甲有限公司"), (2, "乙"))),
    )
    import_id = registry.upload("enterprises", csv([head, *rows]), name="a.csv")["id"]
    worker = threading.Thread(target=registry.work)
    with registry.db.transaction() as tx:
        tx.session.execute(
            text(
                "INSERT INTO enterprises (uscc, name, name_key, district_code, risk_flags, synthetic, version,"
                " registered_at, changed_at) VALUES (:uscc, '旧名', '旧名', '341302', '{}', false, 1, now(), now())"
            ),
            {"uscc": uscc(2)},
        )
        worker.start()
        _wait_for_a_waiting_backend(registry)
    worker.join()
    done: dict[str, Any] = registry.get(f"/imports/{import_id}").json()
    assert (done["counts"]["created"], done["counts"]["updated"]) == (1, 1)
    assert registry.rows("SELECT name, version FROM enterprises ORDER BY uscc") == [("甲有限公司", 1), ("乙", 2)]
    assert [each["uscc"] for each in registry.events("enterprise-registered")] == [uscc(1)]
    assert [(each["uscc"], each["changed"]) for each in registry.events("enterprise-updated")] == [
        (uscc(2), ["name", "park"])
    ]
    stays = registry.rows("SELECT uscc, CAST(park_id AS text) FROM park_stays ORDER BY uscc")
    assert stays == [(uscc(1), place), (uscc(2), place)]


def _wait_for_a_waiting_backend(registry: Registry) -> None:
    while not registry.scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ):
        threading.Event().wait(0.05)


def test_what_is_on_file_is_kept_where_the_list_is_blank_and_told_where_it_differs(registry: Registry) -> None:
    registry.run("enterprises", csv([HEADER, *ROWS]), name="a.csv")
    before = len(registry.events())
    second = [
        ["", uscc(1), "", "", "495000.00美元", "", "", "", "", ""],
        ["乙\\有限\t公司", uscc(2), "", "", "", "", "", "无", "", "否"],
        ["ＡＢＣ公司", uscc(3), "", "", "", "", "", "停产", "", "是"],
    ]
    second[0][0] = ROWS[0][0]
    done = registry.run("enterprises", csv([HEADER, *second]), name="b.csv")
    assert (done["counts"]["unchanged"], done["counts"]["updated"]) == (2, 1)
    (event,) = registry.events()[before:]
    assert (event["uscc"], event["changed"]) == (uscc(3), ["risk_flags", "synthetic"])
    assert event["enterprise"]["risk_flags"] == ["stopped"]
    (stored,) = registry.rows("SELECT * FROM enterprises WHERE uscc = :uscc", uscc=uscc(3))
    assert (stored.industry_code, str(stored.registered_capital), stored.version) == ("39", "5000000", 2)
