"""The reference tables are whole, agree with their source, and say what an old district code means."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from rulebook.divisions import Divisions, parse_divisions

REFERENCE = Path(__file__).resolve().parents[3] / "contracts" / "codes"


@pytest.fixture(scope="module")
def divisions() -> Divisions:
    return parse_divisions(
        (REFERENCE / "gbt2260.csv").read_text(encoding="utf-8"),
        (REFERENCE / "gbt2260_retired.csv").read_text(encoding="utf-8"),
    )


def industries() -> list[dict[str, str]]:
    with (REFERENCE / "gbt4754_2017.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_divisions_are_complete_and_every_parent_exists(divisions: Divisions) -> None:
    levels = Counter(division.level for division in divisions.current.values())
    assert levels == {"province": 34, "city": 342, "county": 2849}
    for division in divisions.current.values():
        assert division.name
        assert division.level == "province" or division.parent in divisions.current


def test_cities_without_counties_are_districts_themselves(divisions: Divisions) -> None:
    cities = {d.name for d in divisions.current.values() if d.district and d.level == "city"}
    assert cities == {"东莞市", "中山市", "儋州市", "嘉峪关市"}


def test_full_names_leave_out_the_fillers(divisions: Divisions) -> None:
    full = {code: divisions.current[code].full_name for code in ("110101", "419001", "500107", "500229", "341302")}
    assert full == {
        "110101": "北京市东城区",
        "419001": "河南省济源市",
        "500107": "重庆市九龙坡区",
        "500229": "重庆市城口县",
        "341302": "安徽省宿州市埇桥区",
    }


def test_former_codes_lead_to_codes_that_exist_and_are_none_themselves(divisions: Divisions) -> None:
    for former in divisions.former.values():
        assert former.code not in divisions.current
        assert former.source
        assert set(former.became) <= set(divisions.current)


@pytest.mark.parametrize(
    ("code", "division", "remark"),
    [
        ("500107", "500107", None),
        ("441900", "441900", None),
        ("410322", "410308", "已停用"),
        ("230711", "230700", "请选定其一"),
        ("410172", "410100", "郑州高新技术产业开发区"),
        ("341300", "341300", "没有写明区县"),
    ],
)
def test_a_known_code_leads_to_its_division(divisions: Divisions, code: str, division: str, remark: str | None) -> None:
    found = divisions.resolve(code)
    assert found.known
    assert found.division is not None
    assert found.division.code == division
    assert found.remark is None if remark is None else remark in str(found.remark)


@pytest.mark.parametrize(
    ("code", "nearest"), [("440399", "440300"), ("449999", "440000"), ("999999", None), ("4403", None), ("", None)]
)
def test_an_unknown_code_is_said_to_be_unknown(divisions: Divisions, code: str, nearest: str | None) -> None:
    found = divisions.resolve(code)
    assert not found.known
    assert (found.division.code if found.division else None) == nearest
    assert "请" in str(found.remark)


def test_the_industries_are_complete_and_hang_together() -> None:
    rows = industries()
    by_code = {row["code"]: row for row in rows}
    assert len(by_code) == len(rows)
    assert Counter(row["level"] for row in rows) == {"section": 20, "division": 97, "group": 473, "class": 1382}
    above = {"division": "section", "group": "division", "class": "group"}
    for row in rows:
        assert row["name"]
        assert row["section"] == (row["code"] if row["level"] == "section" else by_code[row["parent"]]["section"])
        if row["level"] in above:
            assert by_code[row["parent"]]["level"] == above[row["level"]]


def test_the_divisions_are_those_of_the_source(divisions: Divisions, shared_data: Path) -> None:
    for file in ("lcn_cities.json", "lcn_areas.json"):
        for entry in json.loads((shared_data / file).read_text(encoding="utf-8")):
            assert divisions.current[entry["code"]].name == entry["name"]


def test_every_area_code_of_the_real_file_is_accounted_for(
    divisions: Divisions, real_companies: list[dict[str, str]]
) -> None:
    found = {row["area_code"]: divisions.resolve(row["area_code"]) for row in real_companies}
    unknown = {code for code, resolution in found.items() if not resolution.known}
    assert unknown == {"140499", "140899", "141099", "231299", "410199", "411799", "440399", "520199"}
    assert sum(row["area_code"] in unknown for row in real_companies) == 29
    remarked = {code for code, resolution in found.items() if resolution.known and resolution.remark}
    former = {
        "140171", "230702", "230711", "320871", "321171", "360105", "361121", "410172",
        "410322", "410371", "411171", "411626", "520522",
    }  # fmt: skip
    assert remarked == former
    assert all(resolution.division is not None for resolution in found.values())
