"""Cells and request values: what is read, what is missing, what is refused. Missing is never 0 and never false."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.dictionary import Dictionary, RecordField, Shape
from rulebook.headers import match_header
from rulebook.values import CellError, Value, date_ahead, expectation, parse_cell, to_canonical
from rulebook.wording import shown
from tests.unit.rulebook.conftest import shipped_dictionary


@pytest.mark.parametrize(
    ("cell", "unit", "yuan"),
    [
        ("1,230.5", "万元", "12305000.00"),
        ("1230.5万元", None, "12305000.00"),
        ("１２３０．５ 万元", None, "12305000.00"),
        ("2亿元", None, "200000000.00"),
        ("0", "元", "0.00"),
        ("-0", "元", "0.00"),
        ("(1,200)", "万元", "-12000000.00"),
        ("-3.5", "万元", "-35000.00"),
        ("1e3", "元", "1000.00"),
        ("1234.5600000000001", "万元", "12345600.00"),
        ("100万元", "元", "1000000.00"),
        ("￥", "元", None),
        ("12", None, None),
        ("1,23", "元", None),
        ("无", "万元", None),
        ("12人", "元", None),
        ("1e400", "元", None),
    ],
)
def test_money(dictionary: Dictionary, cell: str, unit: str | None, yuan: str | None) -> None:
    value = parse_cell(dictionary["net_profit_yuan"], cell, unit)
    assert value == yuan if yuan is not None else isinstance(value, CellError)


@pytest.mark.parametrize("cell", ["", " ", "-", "—", "/", "无数据", "未知", "N/A", "　"])
@pytest.mark.parametrize("fact_id", ["revenue_yuan", "headcount", "abnormal_list", "accidents", "industry_code"])
def test_an_empty_cell_is_missing_never_zero_or_false(dictionary: Dictionary, fact_id: str, cell: str) -> None:
    assert parse_cell(dictionary[fact_id], cell, "万元") is None


@pytest.mark.parametrize(
    ("fact_id", "cell", "value"),
    [
        ("headcount", "12", 12),
        ("headcount", "12.0", 12),
        ("headcount", "1,200 人", 1200),
        ("headcount", "0", 0),
        ("segment_years", "2.50", "2.5"),
        ("segment_years", "3年", "3"),
        ("market_share", "12%", "0.12"),
        ("market_share", "0.12", "0.12"),
        ("market_share", "１２．５％", "0.125"),
        ("abnormal_list", "是", True),
        ("abnormal_list", "否", False),
        ("abnormal_list", "无", False),
        ("established_on", "2024-05-01", "2024-05-01"),
        ("established_on", "2024/5/1", "2024-05-01"),
        ("established_on", "2024年5月1日", "2024-05-01"),
        ("established_on", "2024.05.01", "2024-05-01"),
        ("established_on", "20240501", "2024-05-01"),
        ("established_on", "2024-05-01 00:00:00", "2024-05-01"),
        ("established_on", "45413", "2024-05-01"),
        ("established_on", "45413.0", "2024-05-01"),
        ("lead_product", " 伺服电机（交流） ", "伺服电机（交流）"),
    ],
)
def test_a_cell_is_read(dictionary: Dictionary, fact_id: str, cell: str, value: object) -> None:
    read = parse_cell(dictionary[fact_id], cell)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("fact_id", "cell"),
    [
        ("headcount", "12.5"),
        ("headcount", "-1"),
        ("headcount", "十二"),
        ("headcount", "12万元"),
        ("market_share", "12"),
        ("market_share", "120%"),
        ("development_score", "101"),
        ("abnormal_list", "也许"),
        ("established_on", "2024-02-30"),
        ("established_on", "2024年5月"),
        ("established_on", "12"),
        ("science_awards", "宇宙级|1|2024-05-01"),
        ("science_awards", "国家级|1"),
        ("science_awards", "国家级|1|2024-05-01|多余"),
        ("science_awards", "国家级"),
        ("equity_financing", "2024-01-01|3000|是|10%"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_is_expected(dictionary: Dictionary, fact_id: str, cell: str) -> None:
    refused = parse_cell(dictionary[fact_id], cell)
    assert isinstance(refused, CellError)
    assert len(refused.expected) > 1


def test_a_ratio_column_headed_percent_is_percent(dictionary: Dictionary) -> None:
    assert parse_cell(dictionary["market_share"], "12.5", "%") == "0.125"


def test_records_keep_the_declared_order_and_leave_optional_fields_out(dictionary: Dictionary) -> None:
    cell = "国家级|3|2024-05-01；省级||2024年6月1日\n市级|1|2020/1/1"
    assert parse_cell(dictionary["science_awards"], cell) == [
        {"level": "national", "rank": 3, "awarded_on": "2024-05-01"},
        {"level": "provincial", "awarded_on": "2024-06-01"},
        {"level": "municipal", "rank": 1, "awarded_on": "2020-01-01"},
    ]


def test_no_records_is_a_known_empty_list(dictionary: Dictionary) -> None:
    assert parse_cell(dictionary["accidents"], "无") == []


def test_the_unit_of_the_column_holds_for_money_in_records(dictionary: Dictionary) -> None:
    read = parse_cell(dictionary["equity_financing"], "2024-01-01|3000|是|10%", "万元")
    assert read == [
        {"closed_on": "2024-01-01", "amount_yuan": "30000000.00", "registered_investor": True, "equity_share": "0.1"}
    ]


def test_a_finding_needs_a_decision_and_a_reason(dictionary: Dictionary) -> None:
    fact = dictionary["market_position_leading"]
    assert parse_cell(fact, "符合|前三|证明|2027-12-31") == {
        "decision": "met",
        "reason": "前三",
        "evidence": "证明",
        "valid_until": "2027-12-31",
    }
    assert isinstance(parse_cell(fact, "符合"), CellError)
    assert isinstance(to_canonical(fact, {"decision": "maybe", "reason": "x"}), CellError)
    assert isinstance(to_canonical(fact, {"decision": "met", "reason": "x", "by": "y"}), CellError)


@pytest.mark.parametrize(
    ("fact_id", "value", "canonical"),
    [
        ("revenue_yuan", "12300000", "12300000.00"),
        ("revenue_yuan", 12, "12.00"),
        ("revenue_yuan", Decimal("1.5"), "1.50"),
        ("headcount", "12", 12),
        ("headcount", 12, 12),
        ("abnormal_list", False, False),
        ("established_on", date(2024, 5, 1), "2024-05-01"),
        ("accidents", [], []),
        ("revenue_yuan", None, None),
    ],
)
def test_a_request_value_becomes_canonical(
    dictionary: Dictionary, fact_id: str, value: object, canonical: object
) -> None:
    read = to_canonical(dictionary[fact_id], value)
    assert (read, type(read)) == (canonical, type(canonical))


@pytest.mark.parametrize(
    ("fact_id", "value"),
    [
        ("revenue_yuan", 1.5),
        ("revenue_yuan", True),
        ("revenue_yuan", "1.234"),
        ("revenue_yuan", "100 万元"),
        ("revenue_yuan", "NaN"),
        ("revenue_yuan", Decimal("NaN")),
        ("revenue_yuan", {}),
        ("headcount", "1.5"),
        ("abnormal_list", "是"),
        ("abnormal_list", 0),
        ("accidents", {}),
        ("accidents", ["无"]),
        ("accidents", [{"kind": "quality"}]),
        ("accidents", [{"kind": "quality", "happened_on": "2024-01-01", "who": "x"}]),
    ],
)
def test_a_request_value_of_the_wrong_shape_is_refused(dictionary: Dictionary, fact_id: str, value: object) -> None:
    assert isinstance(to_canonical(dictionary[fact_id], value), CellError)


@settings(deadline=None)
@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2, allow_nan=False, allow_infinity=False))
def test_what_a_cell_gives_is_canonical_and_exact(dictionary: Dictionary, amount: Decimal) -> None:
    read = parse_cell(dictionary["net_profit_yuan"], f"{amount}元")
    assert isinstance(read, str)
    assert Decimal(read) == amount
    assert to_canonical(dictionary["net_profit_yuan"], read) == read


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_makes_the_reader_fail(dictionary: Dictionary, text: str) -> None:
    for fact in dictionary:
        read = parse_cell(fact, text, "万元")
        if read is not None and not isinstance(read, CellError):
            assert to_canonical(fact, read) == read


@pytest.mark.parametrize(
    ("header", "fact_id", "unit", "year"),
    [
        ("研发费用总额", "rd_expense_yuan", None, None),
        ("2025年研发费用总额（万元）", "rd_expense_yuan", "万元", 2025),
        ("研发投入(元)", "rd_expense_yuan", "元", None),
        ("总资产（单位：万元）2024年度", "total_assets_yuan", "万元", 2024),
        ("其中：主营业务收入（亿元）", "main_revenue_yuan", "亿元", None),
        ("revenue_yuan", "revenue_yuan", "元", None),
        ("Ⅰ类知识产权数", "ip_class1_count", None, None),
        ("I类知识产权数", "ip_class1_count", None, None),
        ("从事特定细分市场时间（截至上年末）", "segment_years", None, None),
        ("市场占有率（%）", "market_share", "%", None),
        ("期末从业人员 2024", "headcount", None, 2024),
    ],
)
def test_a_header_names_fact_unit_and_year(
    dictionary: Dictionary, header: str, fact_id: str, unit: str | None, year: int | None
) -> None:
    match = match_header(dictionary, header)
    assert match is not None
    assert (match.fact.id, match.unit, match.fiscal_year) == (fact_id, unit, year)


@pytest.mark.parametrize("header", ["", "备注", "营业收入增长率", "2025年研发机构", "（万元）"])
def test_a_header_that_names_no_fact_is_not_guessed(dictionary: Dictionary, header: str) -> None:
    assert match_header(dictionary, header) is None


def test_a_text_or_list_without_end_is_refused_with_its_limit(dictionary: Dictionary) -> None:
    """All facts of an enterprise travel in one event: what has no end would never arrive."""
    product = dictionary["lead_product"]
    assert to_canonical(product, "轴" * 2000) == "轴" * 2000
    for refused in (to_canonical(product, "轴" * 2001), parse_cell(product, "轴" * 2001)):
        assert isinstance(refused, CellError)
        assert "2000" in refused.expected
    honors = dictionary["honors"]
    entry = {each.name: _some(each) for each in honors.fields}
    assert isinstance(to_canonical(honors, [entry] * 500), list)
    too_many = to_canonical(honors, [entry] * 501)
    assert isinstance(too_many, CellError)
    assert "500" in too_many.expected


TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("fact_id", "value", "path", "message"),
    [
        ("established_on", "2026-11-25", "", "“注册时间”应为不晚于 2026-11-24 的日期，现为“2026-11-25”"),
        (
            "science_awards",
            [
                {"level": "national", "rank": 1, "awarded_on": "2026-11-24"},
                {"level": "national", "rank": 1, "awarded_on": "2027-01-01"},
            ],
            "[1].awarded_on",
            "“科技奖励”第 2 条的“获奖日期”应为不晚于 2026-11-24 的日期，现为“2027-01-01”",
        ),
    ],
)
def test_what_has_not_happened_yet_is_found_with_its_place(
    dictionary: Dictionary, fact_id: str, value: Value, path: str, message: str
) -> None:
    found = date_ahead(dictionary[fact_id], value, TODAY)
    assert found is not None
    assert found.path == path
    assert found.message.startswith(message)


@pytest.mark.parametrize(
    ("fact_id", "value"),
    [
        ("established_on", "2026-11-24"),
        ("established_on", None),
        ("honors", [{"kind": "high_tech", "valid_to": "2029-11-24"}]),
        ("science_awards", []),
        ("market_position_leading", {"decision": "met", "reason": "x", "evidence": None, "valid_until": "2029-01-01"}),
        ("lead_product", "2999-01-01"),
    ],
)
def test_today_ends_of_validity_and_what_is_no_date_are_not_ahead(
    dictionary: Dictionary, fact_id: str, value: Value
) -> None:
    assert date_ahead(dictionary[fact_id], value, TODAY) is None


def _some(field: RecordField) -> object:
    return field.allowed[0].code if field.allowed else "2026-01-01" if field.type == "date" else "1"


def test_a_few_yuan_are_told_in_yuan() -> None:
    money = Shape(label="营业收入", type="money", unit="元")
    told = [shown(money, Decimal(each)) for each in ("-1", "0.01", "9999.99", "10000", "-12345.6", "0")]
    assert told == ["-1.00 元", "0.01 元", "9,999.99 元", "1.00 万元", "-1.23 万元", "0.00 万元"]


def test_a_bound_of_a_share_is_told_in_percent() -> None:
    share = Shape(label="占有率", type="ratio", minimum=Decimal(0), maximum=Decimal(1))
    assert expectation(share) == "百分比（0% 至 100%），如 12.5%"


def test_what_is_expected_of_a_field_is_told_once() -> None:
    awards = shipped_dictionary()["science_awards"]
    wrong = parse_cell(awards, "国家级|零|2024-05-01")
    assert isinstance(wrong, CellError)
    assert wrong.message(awards.label) == "“科技奖励”的“获奖单位排名”应为整数（不小于 1），如 12，现为“零”"
    absent = to_canonical(awards, [{"level": "national"}])
    assert isinstance(absent, CellError)
    assert absent.message(awards.label).count("应为") == 1
