"""Input that no form would send is refused like any other: never a 500."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.service.registry.conftest import PREFIX, Registry, uscc, xlsx

CORNER = "XFD1048576"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.mark.parametrize(
    "body",
    [
        '{"uscc":"CODE","name":"\\ud800"}',
        '{"uscc":"\\ud800","name":"甲"}',
        '{"uscc":"CODE","name":"甲","\\ud800":1}',
        '{"uscc":"CODE","name":"甲","registered_capital":NaN}',
        '{"uscc":"CODE","name":"甲","registered_capital":1e400}',
        '{"uscc":"CODE","name":"甲","established_on":"2024-02-30"}',
        '{"uscc":["CODE"],"name":{}}',
        "[]",
        "null",
        '{"name":',
        "",
    ],
)
def test_a_body_that_makes_no_sense_is_refused(registry: Registry, body: str) -> None:
    headers = {**registry.headers(), "content-type": "application/json"}
    answer = registry.client.post(
        f"{PREFIX}/enterprises", content=body.replace("CODE", uscc(2)).encode(), headers=headers
    )
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("lead_product", '"\\ud800"', "facts[0].value"),
        ("lead_product", '"' + "长" * 30_000 + '"', "facts[0].value"),
        ("revenue_yuan", "1e400", "facts[0].value"),
        ("revenue_yuan", "NaN", "facts[0].value"),
        ("headcount", "1" * 400, "facts[0].value"),
        ("accidents", '[{"kind":"quality","happened_on":"2024-01-01","\\ud800":1}]', "facts[0].value[0]"),
        ("accidents", "[[[[[]]]]]", "facts[0].value"),
        ("accidents", "{}", "facts[0].value"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused(registry: Registry, name: str, value: str, field: str) -> None:
    code = registry.register(1)
    year = ',"fiscal_year":2025' if name in ("revenue_yuan", "headcount") else ""
    body = f'{{"facts":[{{"fact":"{name}","value":{value},"source":"import"{year}}}]}}'
    headers = {**registry.headers(), "content-type": "application/json"}
    answer = registry.client.put(f"{PREFIX}/enterprises/{code}/facts", content=body.encode(), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "cursor=WyJcdTAwMDAiXQ",
        "cursor=WyJcdWQ4MDAiXQ",
        "cursor=%ED%A0%80",
        "limit=99999999999999999999",
        "sort=;",
    ],
)
def test_a_query_that_makes_no_sense_is_refused(registry: Registry, query: str) -> None:
    assert registry.get(f"/enterprises?{query}").status_code == 422


@pytest.mark.parametrize("q", ["%25", "_", "%5C", "'; DROP TABLE enterprises; --", "%ED%A0%80", "🏭"])
def test_signs_of_other_languages_find_nothing_and_break_nothing(registry: Registry, q: str) -> None:
    registry.register(1)
    answer: Any = registry.get(f"/enterprises?q={q}")
    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED], ids=["deflated", "stored"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/other.bin"])
def test_two_cells_at_the_corners_do_not_make_a_reader_fill_the_sheet(
    registry: Registry, part: str, method: int
) -> None:
    """1.5 kB that a reader would unfold to 17 billion cells; the workbook may call any part a worksheet."""
    rows = "".join(f'<row r="{row}"><c r="{cell}"><v>1</v></c></row>' for row, cell in ((1, "A1"), (1 << 20, CORNER)))
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx([["a"]]))) as source, zipfile.ZipFile(target, "w", method) as archive:
        for name in source.namelist():
            text = source.read(name).replace(b"worksheets/sheet1.xml", part.removeprefix("xl/").encode())
            if name.endswith("sheet1.xml"):
                name, text = part, f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()
            archive.writestr(name, text)
    answer = registry.upload("enterprises", target.getvalue(), expect=413)
    assert answer["code"] == "file-too-large"
    assert f"表格范围过大：单元格 {CORNER} " in answer["detail"]
    assert registry.scalar("SELECT count(*) FROM jobs") == 0
