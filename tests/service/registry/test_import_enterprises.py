"""Importing lists of enterprises, the real one among them."""

from __future__ import annotations

import datetime as dt

import pytest

from services.registry.store.listing import PORTION
from tests.service.registry.conftest import Registry, csv, uscc, xlsx

HEADER = ["企业名称", "统一社会信用代码", "所属区县", "注册资本(万元)", "成立日期", "登记状态", "行业代码"]


def row(number: int, **changed: object) -> list[object]:
    cells: dict[str, object] = {
        "name": f"导入企业{number}有限公司",
        "uscc": uscc(number),
        "district": "341302",
        "capital": 500,
        "established": dt.date(2015, 3, 20),
        "status": "存续",
        "industry": "3911",
    }
    return list((cells | changed).values())


def test_the_real_file_is_imported_with_every_row_accounted_for(registry: Registry, real_companies_file: bytes) -> None:
    done = registry.run("enterprises", real_companies_file, name="reg2019.csv", mode="per_row")
    counts = done["counts"]
    assert done["state"]["code"] == "done"
    assert counts["rows"] == 2000
    assert counts["created"] + counts["rejected"] == 2000
    assert done["errors"] == counts["rejected"] == 0
    assert registry.scalar("SELECT count(*) FROM enterprises") == 2000
    assert len(registry.events("enterprise-registered")) == 2000
    unknown = {each["column"] for each in registry.problems(done, "warning") if each["code"] == "unknown-column"}
    assert unknown == {"city", "province", "source"}
    one = registry.get("/enterprises/91440300MA5FUBAD37").json()
    assert one["registered_capital"] == "5000000"
    assert one["district"] == {"code": "440305", "label": "广东省深圳市南山区"}
    assert one["status"]["code"] == "active"

    again = registry.run("enterprises", real_companies_file, name="reg2019.csv")
    assert again["counts"] == {
        "rows": 2000,
        "created": 0,
        "updated": 0,
        "unchanged": 2000,
        "rejected": 0,
        "withheld": 0,
    }
    assert len(registry.events()) == 2000
    assert registry.scalar("SELECT max(version) FROM enterprises") == 1


def test_a_workbook_with_title_rows_registers_and_updates(registry: Registry) -> None:
    sheet = [["2026年企业名单"], ["单位：万元"], HEADER, row(1), row(2)]
    done = registry.run("enterprises", xlsx(sheet))
    assert done["counts"] == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "rejected": 0, "withheld": 0}
    stored = registry.get(f"/enterprises/{uscc(1)}").json()
    assert stored["registered_capital"] == "5000000"
    assert stored["registered_capital_currency"] == "CNY"
    assert stored["established_on"] == "2015-03-20"
    assert stored["industry"] == {"code": "3911", "label": "计算机整机制造"}

    changed = [HEADER, row(1, name="更名后有限公司"), row(2), row(3)]
    second = registry.run("enterprises", xlsx(changed))
    assert second["counts"] == {"rows": 3, "created": 1, "updated": 1, "unchanged": 1, "rejected": 0, "withheld": 0}
    (updated,) = registry.events("enterprise-updated")
    assert updated["changed"] == ["name"]
    assert updated["version"] == 2
    assert updated["enterprise"]["name"] == "更名后有限公司"


@pytest.mark.parametrize("mode", ["all_or_nothing", "per_row"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_file_with_nothing_under_its_header_is_refused(registry: Registry, mode: str, form: str) -> None:
    content = xlsx({"名单": [HEADER], "空": []}) if form == "xlsx" else csv([HEADER])
    done = registry.run("enterprises", content, name=f"名单.{form}", mode=mode)
    assert done["state"]["code"] == "refused"
    (problem,) = registry.problems(done)
    assert problem["code"] == "no-rows"
    assert "没有数据行" in problem["message"]
    assert "隐藏的工作表" in problem["expected"]


def test_one_sheet_without_rows_beside_one_with_rows_is_nothing_to_refuse(registry: Registry) -> None:
    done = registry.run("enterprises", xlsx({"空": [HEADER], "名单": [HEADER, row(1)]}))
    assert done["state"]["code"] == "done"
    assert done["counts"]["created"] == 1


def test_a_blank_cell_says_nothing(registry: Registry) -> None:
    registry.run("enterprises", xlsx([HEADER, row(1)]))
    done = registry.run("enterprises", xlsx([HEADER, row(1, capital=None, industry="", status=None)]))
    assert done["counts"]["unchanged"] == 1
    assert registry.get(f"/enterprises/{uscc(1)}").json()["industry"]["code"] == "3911"


def test_one_bad_row_refuses_the_file_and_says_where(registry: Registry) -> None:
    bad = uscc(2)[:17] + ("0" if uscc(2)[17] != "0" else "1")
    sheet = [["标题"], HEADER, row(1), row(2, uscc=bad), row(3, district="999999"), row(4, capital="约五百")]
    done = registry.run("enterprises", xlsx(sheet))
    assert done["state"] == {"code": "refused", "label": "未导入"}
    assert done["counts"] == {"rows": 4, "created": 0, "updated": 0, "unchanged": 0, "rejected": 3, "withheld": 1}
    assert registry.scalar("SELECT count(*) FROM enterprises") == 0
    assert registry.events() == []
    first, second, third = registry.problems(done)
    assert first == {
        "sheet": "Sheet1",
        "row": 4,
        "column": "统一社会信用代码",
        "found": bad,
        "code": "uscc-check-digit",
        "message": f"统一社会信用代码校验码不符：第 18 位是 {bad[17]}，按前 17 位计算应为 {uscc(2)[17]}，"
        "请对照营业执照逐位核对",
        "expected": "18 位统一社会信用代码",
    }
    assert (second["row"], second["column"], second["found"], second["code"]) == (
        5,
        "所属区县",
        "999999",
        "district-unknown",
    )
    assert (third["row"], third["column"], third["code"]) == (6, "注册资本(万元)", "capital-unreadable")


def test_per_row_takes_the_sound_rows(registry: Registry) -> None:
    sheet = [HEADER, row(1), row(2, uscc="123"), row(3)]
    done = registry.run("enterprises", xlsx(sheet), mode="per_row")
    assert done["state"]["code"] == "done"
    assert done["counts"] == {"rows": 3, "created": 2, "updated": 0, "unchanged": 0, "rejected": 1, "withheld": 0}
    assert [each["code"] for each in registry.problems(done)] == ["uscc-length"]
    assert len(registry.events()) == 2


def test_a_dry_run_counts_like_the_real_one_and_writes_nothing(registry: Registry) -> None:
    registry.run("enterprises", xlsx([HEADER, row(1)]))
    sheet = xlsx([HEADER, row(1, name="改名有限公司"), row(2)])
    tried = registry.run("enterprises", sheet, dry_run="true")
    assert tried["dry_run"] is True
    assert tried["state"]["code"] == "done"
    assert len(registry.events()) == 1
    assert registry.scalar("SELECT count(*) FROM enterprises") == 1
    assert registry.scalar("SELECT count(*) FROM changes") == 1
    real = registry.run("enterprises", sheet)
    assert (
        real["counts"]
        == tried["counts"]
        == {"rows": 2, "created": 1, "updated": 1, "unchanged": 0, "rejected": 0, "withheld": 0}
    )


def test_a_repeated_code_is_a_remark_when_it_says_the_same_and_an_error_when_not(registry: Registry) -> None:
    done = registry.run("enterprises", xlsx([HEADER, row(1), row(1), row(1, capital=600), row(2)]), mode="per_row")
    assert done["counts"] == {"rows": 4, "created": 2, "updated": 0, "unchanged": 1, "rejected": 1, "withheld": 0}
    (problem,) = registry.problems(done)
    assert (problem["row"], problem["code"]) == (4, "uscc-repeated")
    assert "第 2 行" in problem["message"]
    assert [each["row"] for each in registry.problems(done, "warning")] == [3]


def test_gbk_and_utf8_csv_are_told_apart_by_their_content(registry: Registry) -> None:
    lines = [["企业名称", "统一社会信用代码", "所属区县"], ["喆镕科技有限公司", f'="{uscc(1)}"', "安徽省宿州市埇桥区"]]
    for number, encoding in enumerate(("gbk", "utf-8", "utf-8-sig", "gb18030")):
        lines[1][1] = f'="{uscc(number)}"'
        done = registry.run("enterprises", csv(lines, encoding), name="名单.csv")
        assert done["counts"]["created"] == 1, (encoding, registry.problems(done))
        stored = registry.get(f"/enterprises/{uscc(number)}").json()
        assert (stored["name"], stored["district"]["code"]) == ("喆镕科技有限公司", "341302")


def test_a_missing_column_is_named_with_its_aliases(registry: Registry) -> None:
    done = registry.run("enterprises", xlsx([["企业名称", "注册地址", "某列"], ["甲有限公司", "某地", "x"]]))
    assert done["state"]["code"] == "refused"
    (problem,) = registry.problems(done)
    assert (problem["row"], problem["column"], problem["code"]) == (1, "统一社会信用代码", "column-missing")
    assert "信用代码" in problem["message"]
    assert "某列" in [each["column"] for each in registry.problems(done, "warning")]

    nothing = registry.run("enterprises", csv([["甲", "乙"], ["1", "2"]]), mode="per_row")
    assert nothing["state"]["code"] == "refused"
    assert [each["code"] for each in registry.problems(nothing)] == ["header-not-found"]


def test_an_officer_imports_into_their_own_areas_only(registry: Registry) -> None:
    registry.register(9, district_code="340102", name="合肥企业有限公司")
    sheet = [
        HEADER,
        row(1),
        row(2, district="340102"),
        row(3, district=None),
        row(9, name="改名有限公司"),
    ]
    done = registry.run("enterprises", xlsx(sheet), mode="per_row", as_={"areas": ("3413",)})
    assert done["counts"] == {"rows": 4, "created": 1, "updated": 0, "unchanged": 0, "rejected": 3, "withheld": 0}
    assert {each["row"]: each["code"] for each in registry.problems(done)} == dict.fromkeys(
        (3, 4, 5), "outside-jurisdiction"
    )
    assert registry.get(f"/enterprises/{uscc(9)}").json()["name"] == "合肥企业有限公司"


def test_a_retired_district_is_replaced_with_a_remark(registry: Registry) -> None:
    done = registry.run("enterprises", xlsx([HEADER, row(1, district="230711"), row(2, district="440399")]))
    remarks = {each["row"]: each["code"] for each in registry.problems(done, "warning")}
    assert remarks == {2: "district-uncertain", 3: "district-uncertain"}
    assert registry.get(f"/enterprises/{uscc(2)}").json()["district"]["code"] == "440300"


def test_too_many_rows_refuse_the_file(registry: Registry) -> None:
    registry.max_rows = 2
    done = registry.run("enterprises", xlsx([HEADER, row(1), row(2), row(3)]), mode="per_row")
    assert done["state"]["code"] == "refused"
    assert [each["code"] for each in registry.problems(done)] == ["too-many-rows"]
    assert registry.scalar("SELECT count(*) FROM enterprises") == 0


def test_an_error_found_late_takes_back_what_was_written_before(registry: Registry) -> None:
    """The contradiction is in the last chunk; the chunks before it have been written by then."""
    codes = sorted(uscc(number) for number in range(PORTION + 5))
    lines = [["企业名称", "统一社会信用代码", "区划代码"], *([f"企业{code}", code, "341302"] for code in codes)]
    lines.append(["另一个名字", codes[-1], "341302"])
    done = registry.run("enterprises", csv(lines), name="a.csv")
    assert done["state"]["code"] == "refused"
    assert [(each["row"], each["code"]) for each in registry.problems(done)] == [(PORTION + 7, "uscc-repeated")]
    for table in ("enterprises", "outbox", "changes"):
        assert registry.scalar(f"SELECT count(*) FROM {table}") == 0, table
