"""What is read the short way is read as the careful way reads it, whatever stands in the cells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peiyu.documents.maps import dictionary
from rulebook.divisions import parse_divisions
from rulebook.industries import parse_industries
from rulebook.values import cell_reader, parse_cell
from services.registry.domain.columns import Recognised
from services.registry.domain.enterprise_rows import EnterpriseRows
from services.registry.domain.fact_rows import FactRows, read_fact_row
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
    "uscc", "name", "district", "park", "registered_address", "industry", "established_on", "registered_capital",
    "status", "risk_flags", "listing_status", "synthetic",
)  # fmt: skip
SOUND = "91341302MA2N0C3K5" + check_digit("91341302MA2N0C3K5")

CELLS = {
    "uscc": st.sampled_from(["", SOUND, SOUND.lower(), SOUND[:17] + "0", "9134", "ＭＡ2N0C3K5X", SOUND + " "]),
    "name": st.sampled_from(["", "甲有限公司", "（）", "乙" * 501, "ＡＢＣ公司"]) | st.text(max_size=8),
    "district": st.sampled_from(["", "341302", "230711", "999999", "埇桥区", "341300", "鼓楼区"]),
    "park": st.sampled_from(["", "无", "宿州高新区", "x" * 501]),
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
    cells = [SOUND, "甲有限公司", "999999", "", "", "3911", "昨天", "500", "？", "别的", "月球", "也许"]
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
    head=st.sampled_from(["9134", "5234", "9X34", "4534", "913A", "A134", "9934"]),
    area=st.text("0123456789", min_size=4, max_size=4) | st.just("13A2"),
    organization=st.text(ALPHABET, min_size=9, max_size=9),
    digit=st.sampled_from([None, *ALPHABET, "I", "o", "０"]),
)
def test_a_code_is_found_sound_at_once_or_read_with_care(
    head: str, area: str, organization: str, digit: str | None
) -> None:
    code = head + area + organization
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


FACTS = {
    "revenue_yuan": "万元",
    "rd_expense_yuan": "元",
    "net_profit_yuan": "亿元",
    "headcount": None,
    "market_share": "%",
    "segment_years": None,
    "hte_points_tech_level": None,
    "hte_field_in_scope": None,
    "industry_code": None,
    "recommending_body": None,
    "established_on": None,
    "secrecy_incidents": None,
}
FIGURES = st.sampled_from(
    ["", "12", "0", "007", "-3", "1234.5", "1,234.50", "(12)", "12.345678", "0.005", "-0.001", "999999999999.99", "1e3",
     "12.5%", "120%", "0.3", "１２", "一百", "无数据", "-", "12万元", "12 人", "6.5", "C3911", "9999", "轴承",
     "2015-03-20", "符合|专家意见", "符合", "是", "²", "9" * 30, "x" * 20_001]
)  # fmt: skip
STATED = {
    "uscc": st.sampled_from([SOUND, SOUND, SOUND, SOUND[:-1], ""]),
    "name": st.sampled_from(["", "甲有限公司", "x" * 501]),
    "fiscal_year": st.sampled_from(["2024", "2024", "2025年度", "2026", "时点", "", "1066", "明年"]),
    "source": st.sampled_from(["", "", "税务", "审计报告", "official_finding", "风闻"]),
    "as_of": st.sampled_from(["", "", "2025-06-30", "2031-01-01", "昨天"]),
}


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.fixed_dictionaries(STATED), st.fixed_dictionaries(dict.fromkeys(FACTS, FIGURES))),
        min_size=1,
        max_size=6,
    ),
    keys=st.lists(st.sampled_from(list(STATED)), unique=True, min_size=1),
    facts=st.lists(st.sampled_from(list(FACTS)), unique=True, min_size=1),
    year=st.sampled_from([None, 2023]),
    width=st.integers(1, 12),
)
def test_a_row_of_figures_is_read_at_once_as_with_care(
    rows: list[tuple[dict[str, str], dict[str, str]]],
    keys: list[str],
    facts: list[str],
    year: int | None,
    width: int,
) -> None:
    columns = {key: Recognised(at, f"列{key}", key=key) for at, key in enumerate(keys)}
    stated = [
        Recognised(at, fact_id, fact=dictionary()[fact_id], unit=FACTS[fact_id], fiscal_year=year)
        for at, fact_id in enumerate(facts, start=len(keys))
    ]
    known = {"industries": INDUSTRIES, "source": "import", "today": TODAY}
    reader = FactRows(columns, stated, **known)
    for said, values in [*rows, *rows]:
        cells = [*(said[key] for key in keys), *(values[fact_id] for fact_id in facts)][:width]
        careful = read_fact_row(
            {key: cells[each.index] for key, each in columns.items() if each.index < len(cells) and cells[each.index]},
            columns,
            [(each, cells[each.index]) for each in stated if each.index < len(cells) and cells[each.index]],
            **known,
        )
        found = reader.read(cells)
        assert (found.values, found.problems, found.remarks) == (careful.values, careful.problems, careful.remarks)


@settings(max_examples=400, deadline=None)
@given(
    text=FIGURES | st.from_regex(r"\A-?[0-9]{1,14}(\.[0-9]{1,8})?\Z"),
    fact_id=st.sampled_from(list(FACTS)),
    unit=st.sampled_from([None, "元", "万元", "亿元", "%", "吨"]),
)
def test_a_column_is_read_as_its_cells_are(text: str, fact_id: str, unit: str | None) -> None:
    fact = dictionary()[fact_id]
    read, expected = cell_reader(fact, unit)(text), parse_cell(fact, text, unit)
    assert (read, type(read)) == (expected, type(expected))
