"""Importing official lists into the title ledger."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.service.registry.conftest import Registry, csv, uscc, xlsx

HEADER = [
    "企业名称",
    "统一社会信用代码",
    "称号",
    "批次",
    "公告文号",
    "发文机关",
    "公告日期",
    "有效期起",
    "有效期止",
    "状态",
]


def row(code: str | None, **changed: object) -> list[object]:
    cells: dict[str, object] = {
        "name": None,
        "uscc": code,
        "title": "专精特新中小企业",
        "batch": "第三批",
        "document": "皖经信〔2025〕12号",
        "issuer": "安徽省经济和信息化厅",
        "announced": dt.date(2025, 7, 2),
        "from": dt.date(2025, 7, 1),
        "to": dt.date(2028, 6, 30),
        "state": "有效",
    }
    return list((cells | changed).values())


def test_a_list_enters_the_ledger_once(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    sheet = xlsx(
        [["关于公布第三批名单的通知"], HEADER, row(one), row(two, title="国家级专精特新“小巨人”企业", state="公示")]
    )
    done = registry.run("titles", sheet)
    assert done["counts"] == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "rejected": 0, "withheld": 0}
    (title,) = registry.get(f"/enterprises/{one}").json()["titles"]
    assert title["title"] == {"code": "specialized_sme", "label": "专精特新中小企业"}
    assert title["state"] == {"code": "valid", "label": "有效"}
    assert (title["valid_to"], title["document_number"], title["source"]) == (
        "2028-06-30",
        "皖经信〔2025〕12号",
        "import",
    )
    recorded = registry.events("title-recorded")
    assert [each["record"]["state"] for each in recorded] == ["valid", "publicized"]
    assert recorded[0]["enterprise"]["uscc"] == one
    assert recorded[0]["version"] == 2
    assert recorded[0]["record"]["title_id"] == title["title_id"]

    again = registry.run("titles", sheet)
    assert again["counts"] == {"rows": 2, "created": 0, "updated": 0, "unchanged": 2, "rejected": 0, "withheld": 0}
    assert len(registry.events("title-recorded")) == 2
    assert registry.scalar("SELECT count(*) FROM title_records") == 2


def test_a_correction_updates_the_record_and_is_announced(registry: Registry) -> None:
    one = registry.register(1)
    registry.run("titles", xlsx([HEADER, row(one, **{"from": None, "to": None})]))
    before = registry.get(f"/enterprises/{one}").json()["titles"][0]["title_id"]
    done = registry.run("titles", xlsx([HEADER, row(one, batch=" 第三批", state="复核中")]))
    assert done["counts"]["updated"] == 1, "the batch is the same, the list now writes when validity begins"
    (title,) = registry.get(f"/enterprises/{one}").json()["titles"]
    assert title["title_id"] == before
    assert (title["valid_from"], title["state"]["code"]) == ("2025-07-01", "under_review")
    assert [each["record"]["state"] for each in registry.events("title-recorded")] == ["valid", "under_review"]
    renewed = registry.run(
        "titles", xlsx([HEADER, row(one, **{"from": dt.date(2028, 7, 1), "to": dt.date(2031, 6, 30)})])
    )
    assert renewed["counts"]["created"] == 1, "a renewal of the same batch is an act of its own"


def test_a_row_without_code_is_found_by_its_exact_name(registry: Registry) -> None:
    one = registry.register(1, name="宿州（测试）精工有限公司")
    registry.register(2, name="同名有限公司")
    registry.register(3, name="同名有限公司")
    rows = [
        HEADER,
        row(None, name=" 宿州(测试)精工有限公司"),
        row(None, name="同名有限公司"),
        row(None, name="没有的公司"),
    ]
    done = registry.run("titles", xlsx(rows), mode="per_row")
    assert done["counts"] == {"rows": 3, "created": 1, "updated": 0, "unchanged": 0, "rejected": 2, "withheld": 0}
    assert [title["batch"] for title in registry.get(f"/enterprises/{one}").json()["titles"]] == ["第三批"]
    problems = registry.problems(done)
    assert [(each["row"], each["column"], each["found"], each["code"]) for each in problems] == [
        (3, "企业名称", "同名有限公司", "name-ambiguous"),
        (4, "企业名称", "没有的公司", "name-not-found"),
    ]
    assert uscc(2) in problems[0]["message"]


def test_without_a_document_there_is_no_title(registry: Registry) -> None:
    one = registry.register(1)
    done = registry.run("titles", xlsx([HEADER, row(one, document=None)]))
    assert [each["code"] for each in registry.problems(done)] == ["document-missing"]
    without = [name for name in HEADER if name != "公告文号"]
    cells = [cell for name, cell in zip(HEADER, row(one), strict=True) if name != "公告文号"]
    done = registry.run("titles", xlsx([without, cells]))
    assert [each["code"] for each in registry.problems(done)] == ["column-missing"]
    decided = registry.run("titles", xlsx([[*without, "决定依据"], [*cells, "局长办公会纪要2025-7"]]))
    assert decided["counts"]["created"] == 1
    assert registry.events("title-recorded")[0]["record"]["document_number"] == "局长办公会纪要2025-7"


@pytest.mark.parametrize(
    ("changed", "code", "column"),
    [
        ({"title": "优秀企业"}, "title-unknown", "称号"),
        ({"title": None}, "title-missing", "称号"),
        ({"state": "或许"}, "state-unknown", "状态"),
        ({"from": dt.date(2029, 1, 1)}, "validity-reversed", "有效期止"),
        ({"announced": "去年"}, "date-invalid", "公告日期"),
        ({"announced": dt.date(2099, 1, 1)}, "date-in-future", "公告日期"),
        ({"uscc": None}, "enterprise-missing", "统一社会信用代码"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_at_its_column(
    registry: Registry, changed: dict[str, object], code: str, column: str
) -> None:
    one = registry.register(1)
    done = registry.run("titles", xlsx([HEADER, row(one, **changed)]))
    assert [(each["row"], each["code"], each["column"]) for each in registry.problems(done)] == [(2, code, column)]


def test_the_title_of_a_city_is_its_own_and_is_refused_where_the_city_is_not_said(registry: Registry) -> None:
    one, two, three = (registry.register(number) for number in (1, 2, 3))
    issuer = "宿州市经济和信息化局"
    rows = [row(one, title="市级专精特新", issuer=issuer), row(two, title="市级专精特新"), row(three, title="高企培育")]
    done = registry.run("titles", xlsx([HEADER, *rows]), mode="per_row")
    (title,) = registry.get(f"/enterprises/{one}").json()["titles"]
    assert title["title"] == {"code": "suzhou_specialized_sme", "label": "宿州市专精特新中小企业"}
    unsaid, unknown = registry.problems(done)
    assert (unsaid["row"], unsaid["code"], unsaid["found"]) == (3, "title-place-missing", "市级专精特新")
    assert "宿州市专精特新中小企业" in unsaid["message"]
    assert "重庆市的为“专精特新中小企业”" in unsaid["message"]
    assert (unknown["row"], unknown["code"], unknown["found"]) == (4, "title-unknown", "高企培育")
    assert "宿州市“行业小巨人”" in unknown["expected"]
    held = registry.get("/enterprises?title=suzhou_specialized_sme").json()["items"]
    assert [each["uscc"] for each in held] == [one]
    assert registry.get("/enterprises?title=specialized_sme").json()["items"] == []


def test_a_title_whose_last_day_is_over_is_recorded_as_expired_but_a_review_stays(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    over = {"from": dt.date(2020, 1, 1), "to": dt.date(2022, 12, 31)}
    sheet = xlsx([HEADER, row(one, **over), row(two, state="复核中", **over)])
    registry.run("titles", sheet)
    assert [each["record"]["state"] for each in registry.events("title-recorded")] == ["expired", "under_review"]
    assert registry.run("titles", sheet)["counts"]["unchanged"] == 2


def test_an_old_list_does_not_revive_what_was_cancelled(registry: Registry) -> None:
    one = registry.register(1)
    sheet = xlsx([HEADER, row(one)])
    registry.run("titles", sheet)
    title_id = registry.get(f"/enterprises/{one}").json()["titles"][0]["title_id"]
    body = {"kind": "cancelled", "reason": "发生重大环境污染事故"}
    assert registry.post(f"/enterprises/{one}/titles/{title_id}/cancel", body).status_code == 200
    again = registry.run("titles", sheet)
    assert again["counts"]["unchanged"] == 1
    assert [each["code"] for each in registry.problems(again, "warning")] == ["title-cancelled"]
    assert registry.get(f"/enterprises/{one}").json()["titles"][0]["state"]["code"] == "cancelled"
    cancelled = registry.events("title-cancelled")
    assert [each["reason"] for each in cancelled] == ["发生重大环境污染事故"]


def test_a_list_of_cancellations_cancels(registry: Registry) -> None:
    one = registry.register(1)
    registry.run("titles", xlsx([HEADER, row(one)]))
    done = registry.run("titles", xlsx([HEADER, row(one, state="取消公告")]))
    assert done["counts"]["updated"] == 1
    (event,) = registry.events("title-cancelled")
    assert event["record"]["state"] == "cancelled"
    assert event["record"]["cancelled_on"] == "2025-07-02", "the day that the list gives"
    assert event["record"]["reapply_ban"] is None, "a list does not say it"


def test_a_cancellation_without_a_date_has_none(registry: Registry) -> None:
    one, two = registry.register(1), registry.register(2)
    registry.run("titles", xlsx([HEADER, row(one)]))
    before = registry.get(f"/enterprises/{one}").json()["titles"][0]
    sheet = xlsx([HEADER, row(one, state="取消公告", announced=None), row(two, state="取消公告", announced=None)])
    assert registry.run("titles", sheet)["counts"]["rejected"] == 0
    assert before["announced_on"] == "2025-07-02", "the day of the title is not that of its cancellation"
    assert [each["record"]["cancelled_on"] for each in registry.events("title-cancelled")] == [None, None]
    registry.run("titles", xlsx([HEADER, row(one, state="取消公告", announced=dt.date(2026, 3, 1))]))
    assert registry.events("title-cancelled")[-1]["record"]["cancelled_on"] == "2026-03-01", "told later"


def test_a_list_that_knows_only_cancelled_titles_keeps_their_day(registry: Registry) -> None:
    registry.run("titles", xlsx([HEADER, row(registry.register(1), state="取消公告")]))
    (event,) = registry.events("title-cancelled")
    assert (event["record"]["cancelled_on"], event["record"]["reapply_ban"]) == ("2025-07-02", None)


def test_a_day_that_was_decided_is_not_moved_by_a_list(registry: Registry) -> None:
    one = registry.register(1)
    registry.run("titles", xlsx([HEADER, row(one)]))
    title_id = registry.get(f"/enterprises/{one}").json()["titles"][0]["title_id"]
    body = {"kind": "cancelled", "reason": "取消公告", "reapply_ban": True, "cancelled_on": "2026-01-05"}
    assert registry.post(f"/enterprises/{one}/titles/{title_id}/cancel", body).status_code == 200
    registry.run("titles", xlsx([HEADER, row(one, state="取消公告", announced=dt.date(2026, 3, 1))]))
    record = registry.events("title-cancelled")[-1]["record"]
    assert (record["cancelled_on"], record["reapply_ban"]) == ("2026-01-05", True)


def test_the_same_act_twice_in_a_file(registry: Registry) -> None:
    one = registry.register(1)
    rows = [HEADER, row(one), row(one), row(one, issuer="别的机关")]
    done = registry.run("titles", xlsx(rows), mode="per_row")
    assert done["counts"] == {"rows": 3, "created": 1, "updated": 0, "unchanged": 1, "rejected": 1, "withheld": 0}
    assert [(each["row"], each["code"]) for each in registry.problems(done)] == [(4, "act-repeated")]


def test_a_list_from_the_news_in_csv_by_name(registry: Registry) -> None:
    registry.register(1, name="惠丰钻石股份有限公司")
    lines = [
        ["name", "title", "batch", "status", "文号"],
        ["惠丰钻石股份有限公司", "国家级专精特新小巨人", "第二批", "复核通过", "工信部企业函〔2023〕1号"],
    ]
    done = registry.run("titles", csv(lines, "gbk"), name="名单.csv")
    assert done["counts"]["created"] == 1, registry.problems(done)
    assert registry.events("title-recorded")[0]["record"]["title"] == "little_giant"
