"""Exports of a list: what is in the file, who may have it, and what stops it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from services.registry.use_cases import run_export
from services.registry.use_cases.clear_exports import clear_exports
from tests.service.registry.conftest import Registry, uscc

ACT = {"document_number": "皖经信〔2025〕1号", "state": "valid", "valid_from": "2025-01-01", "valid_to": "2099-12-31"}


def exported(registry: Registry, **params: Any) -> dict[str, Any]:
    answer = registry.call("POST", "/exports", params=params)
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"]["code"] == "queued"
    registry.work()
    return dict(registry.get(f"/exports/{answer.json()['id']}").json())


def file_of(registry: Registry, export: dict[str, Any]) -> bytes:
    answer = registry.get(f"/exports/{export['id']}/file")
    assert answer.status_code == 200, answer.text
    assert export["id"] in answer.headers["Content-Disposition"]
    return bytes(answer.content)


@pytest.fixture
def town(registry: Registry) -> Registry:
    registry.register(1, name="=HYPERLINK(1)恒通有限公司", industry_code="3911", risk_flags=["stopped"])
    registry.register(2, name='宿州"恒通",机械有限公司', status="active", listing_status="bse")
    registry.register(3, name="上海恒通有限公司", district_code="310101")
    registry.post(f"/enterprises/{uscc(2)}/titles", {"title": "little_giant", **ACT})
    return registry


def test_csv_holds_the_filtered_list_and_no_formula(town: Registry) -> None:
    export = exported(town, form="csv", q="恒通", district="3413")
    assert (export["state"]["code"], export["rows"]) == ("done", 2)
    assert export["filters"] == {"q": "恒通", "district": "3413"}
    content = file_of(town, export)
    assert content.startswith(b"\xef\xbb\xbf")
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert head[:2] == ["统一社会信用代码", "企业名称"]
    assert [line[0] for line in lines] == [uscc(1), uscc(2)]
    named = [dict(zip(head, line, strict=True)) for line in lines]
    assert named[0]["企业名称"] == "'=HYPERLINK(1)恒通有限公司"
    assert (named[0]["行业"], named[0]["风险标记"]) == ("计算机整机制造", "停产")
    assert named[1]["企业名称"] == '宿州"恒通",机械有限公司'
    assert (named[1]["持有称号"], named[1]["上市挂牌"]) == ("专精特新“小巨人”企业", "北京证券交易所上市")


def test_xlsx_holds_the_same_with_its_filters_and_no_formula(town: Registry) -> None:
    export = exported(town, q="恒通", tier="none")
    content = file_of(town, export)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = book.get_sheet_by_name("名单").to_python()
    assert [row[0] for row in rows[1:]] == [uscc(1), uscc(3)]
    assert "=HYPERLINK(1)恒通有限公司" in [row[1] for row in rows]
    sheets = zipfile.ZipFile(io.BytesIO(content))
    assert not any(b"<f>" in sheets.read(name) for name in sheets.namelist() if "worksheets/" in name)
    about = dict(book.get_sheet_by_name("说明").to_python())
    assert (about["名称或信用代码"], about["梯度"], about["企业数"]) == ("恒通", "none", "2")


def test_a_list_longer_than_a_page_is_whole(town: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_export, "PAGE", 2)
    for number in range(10, 15):
        town.register(number)
    export = exported(town, form="csv")
    lines = file_of(town, export).decode("utf-8-sig").splitlines()
    assert export["rows"] == len(lines) - 1 == 8
    progress = town.rows("SELECT done, total FROM job_progress")[0]
    assert tuple(progress) == (6, 8)


def test_an_officer_exports_and_sees_their_areas_only(town: Registry) -> None:
    city = {"areas": ["3413"]}
    answer = town.call("POST", "/exports", params={"form": "csv"}, as_=city)
    town.work()
    place = f"/exports/{answer.json()['id']}"
    assert town.get(place, as_=city).json()["rows"] == 2
    assert town.get(place).json()["rows"] == 2
    for path in (place, f"{place}/file"):
        refused = town.get(path, as_={"areas": ["3101"]})
        assert (refused.status_code, refused.json()["code"]) == (404, "export-not-found")
    own = {"roles": ["enterprise"], "areas": [], "uscc": uscc(1)}
    assert town.call("POST", "/exports", as_=own).status_code == 403


def test_too_long_a_list_fails_with_what_to_do(town: Registry) -> None:
    town.max_rows = 2
    export = exported(town, form="csv")
    assert export["state"]["code"] == "failed"
    assert "3 户" in export["error"]
    assert "缩小筛选范围" in export["error"]
    refused = town.get(f"/exports/{export['id']}/file")
    assert (refused.status_code, refused.json()["code"]) == (409, "export-not-finished")


def test_a_file_is_there_when_it_is_written_and_gone_after_seven_days(town: Registry) -> None:
    waiting = town.call("POST", "/exports").json()
    assert town.get(f"/exports/{waiting['id']}/file").status_code == 409
    town.work()
    file_of(town, waiting)
    with town.db.transaction() as tx:
        clear_exports(tx)
    file_of(town, waiting)
    with town.db.transaction() as tx:
        tx.session.execute(text("UPDATE exports SET created_at = created_at - :week"), {"week": dt.timedelta(days=7)})
        clear_exports(tx)
    assert town.get(f"/exports/{waiting['id']}").status_code == 404
    assert town.scalar("SELECT count(*) FROM blobs") == 0


@pytest.mark.parametrize("params", [{"form": "pdf"}, {"park": "x"}, {"tier": "gold"}])
def test_an_unknown_filter_or_form_is_refused(registry: Registry, params: dict[str, str]) -> None:
    assert registry.call("POST", "/exports", params=params).status_code == 422
