"""What is read the short way is read as the careful way reads it, whatever stands in the cells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.divisions import parse_divisions
from rulebook.industries import parse_industries
from services.registry.domain.columns import Recognised
from services.registry.domain.enterprise_rows import EnterpriseRows
from services.registry.domain.names import comparison_key
from services.registry.domain.places import places_of
from services.registry.domain.uscc import ALPHABET, check, check_digit
from services.registry.use_cases.run_import.sheets import open_sheets

REFERENCE = Path(__file__).resolve().parents[3] / "contracts" / "codes"
PLACES = places_of(
    parse_divisions(*((REFERENCE / name).read_text("utf-8") for name in ("gbt2260.csv", "gbt2260_retired.csv")))
)
INDUSTRIES = parse_industries((REFERENCE / "gbt4754_2017.csv").read_text("utf-8"))
TODAY = dt.date(2026, 11, 30)
KEYS = (
    "uscc", "name", "district", "registered_address", "industry", "established_on", "registered_capital", "status",
    "risk_flags", "listing_status", "synthetic",
)  # fmt: skip
SOUND = "91341302MA2N0C3K5" + check_digit("91341302MA2N0C3K5")

CELLS = {
    "uscc": st.sampled_from(["", SOUND, SOUND.lower(), SOUND[:17] + "0", "9134", "ＭＡ2N0C3K5X", SOUND + " "]),
    "name": st.sampled_from(["", "甲有限公司", "（）", "乙" * 501, "ＡＢＣ公司"]) | st.text(max_size=8),
    "district": st.sampled_from(["", "341302", "230711", "999999", "埇桥区", "341300", "鼓楼区"]),
    "registered_address": st.sampled_from(["", "某路1号", "x" * 501]),
    "industry": st.sampled_from(["", "3911", "C39", "A3911", "汽车", "计算机整机制造"]),
    "established_on": st.sampled_from(
        ["", "2015-03-20", "20150320", "42083", "2026-12-01", "昨天", "-", "２０１５年3月1日"]
    ),
    "registered_capital": st.sampled_from(["", "500", "49万美元", "1,000万元", "约五百", "无", "9" * 20, "1e3"]),
    "status": st.sampled_from(["", "存续", "吊销,未注销", "？", " 在业"]),
    "risk_flags": st.sampled_from(["", "无", "经营异常、停产", "停产、经营异常", "别的"]),
    "listing_status": st.sampled_from(["", "未上市", "新三板", "月球"]),
    "synthetic": st.sampled_from(["", "是", "0", "也许"]),
}


def reader(keys: tuple[str, ...], unit: str | None) -> EnterpriseRows:
    columns = {
        key: Recognised(at, f"列{key}", key=key, unit=unit if key == "registered_capital" else None)
        for at, key in enumerate(keys)
    }
    return EnterpriseRows(columns, places=PLACES, industries=INDUSTRIES, today=TODAY)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=12),
    keys=st.lists(st.sampled_from(KEYS), unique=True, min_size=1).map(tuple),
    unit=st.sampled_from([None, "万元"]),
    width=st.integers(1, len(KEYS)),
)
def test_what_was_read_before_leaves_no_trace_in_a_row(
    rows: list[dict[str, str]], keys: tuple[str, ...], unit: str | None, width: int
) -> None:
    """A reader that has met cells before says of each row what a reader says that meets its first."""
    one = reader(keys, unit)
    for row in [*rows, *rows]:
        cells = [row[key] for key in keys][:width]
        met, fresh = one.read(cells), reader(keys, unit).read(cells)
        assert met.values == fresh.values
        assert met.problems == fresh.problems
        assert met.remarks == fresh.remarks


def test_a_cell_of_a_column_is_told_as_it_stands_there() -> None:
    one = reader(KEYS, None)
    cells = [SOUND, "甲有限公司", "999999", "", "3911", "昨天", "500", "？", "别的", "月球", "也许"]
    for _ in range(2):
        found = [(each.column, each.found) for each in one.read(cells).problems]
        assert found == [
            ("列established_on", "昨天"),
            ("列synthetic", "也许"),
            ("列district", "999999"),
            ("列registered_capital", "500"),
            ("列status", "？"),
            ("列risk_flags", "别的"),
            ("列listing_status", "月球"),
        ]


@given(
    first=st.text(ALPHABET, min_size=17, max_size=17),
    head=st.sampled_from(["9134", "5234", "9X34", "4534", "913A", "A134", "9934"]),
    digit=st.sampled_from([None, *ALPHABET, "I", "o", "０"]),
)
def test_a_code_is_found_sound_at_once_or_read_with_care(first: str, head: str, digit: str | None) -> None:
    code = head + first[4:]
    code += digit if digit is not None else check_digit(code)
    assert check(code) == check(f"{code} "), "the space makes it be read with care"


@given(st.text(st.sampled_from("甲乙公司（）()ABcdé０ＡßＫ·•[] 　\u200b〇㈱鿿一")))
def test_the_key_of_a_plain_name_is_the_key_of_any_name(name: str) -> None:
    assert comparison_key(name) == comparison_key(f"{name}\u200b"), "the invisible character makes it be read with care"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_without_odd_signs_is_cleaned_like_any_other(encoding: str) -> None:
    plain = ["名称,代码", ' 甲公司\u3000,"9134\t"', '"乙,公司","6 7"', ",", "“丙”公司,8"]
    odd = [*plain, "丁公司,'9"]
    (one,), (other,) = ([*open_sheets("\r\n".join(lines).encode(encoding), "csv")] for lines in (plain, odd))
    read = [*one.rows]
    assert [*other.rows] == [*read, (6, ["丁公司", "9"])]
    assert [row for _, row in read] == [["名称", "代码"], ["甲公司", "9134"], ["乙,公司", "6 7"], ["“丙”公司", "8"]]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("cell", ['"=""9134"""', "'9134", "\ufeff9134"])
def test_what_exports_put_around_digits_is_taken_away(encoding: str, cell: str) -> None:
    (sheet,) = open_sheets(f"名称,代码\r\n甲,{cell}".encode(encoding), "csv")
    assert [*sheet.rows][-1] == (2, ["甲", "9134"])
