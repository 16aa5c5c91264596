"""Which row is the header, what its columns mean, and what makes a file unusable."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulebook.dictionary import Dictionary, fold_header, parse_dictionary
from services.registry.domain.columns import COLUMNS, FACT_COLUMNS, recognise
from services.registry.domain.layout import no_header, not_taken, read_layout
from services.registry.domain.template import fact_header, template_columns

FACTS = Path(__file__).resolve().parents[3] / "contracts" / "facts"


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return parse_dictionary({file.name: file.read_text(encoding="utf-8") for file in FACTS.glob("*.yaml")})


def rows(*lines: list[str]) -> list[tuple[int, list[str]]]:
    return list(enumerate(lines, start=1))


def test_no_two_columns_of_a_kind_share_a_header(dictionary: Dictionary) -> None:
    for kind, columns in COLUMNS.items():
        names = [fold_header(name) for each in columns for name in {each.label, each.key, *each.aliases}]
        assert len(names) == len(set(names)), kind
    keys = {fold_header(name) for each in FACT_COLUMNS for name in (each.label, each.key, *each.aliases)}
    assert not keys & set(dictionary.headers), "a fact hidden by a named column could never be imported"


def test_every_header_of_the_templates_is_recognised(dictionary: Dictionary) -> None:
    for kind in COLUMNS:
        for place, column in enumerate(template_columns(kind, dictionary)):
            found = recognise(kind, place, column.header, dictionary)
            assert found is not None, (kind, column.header)
    for fact in dictionary:
        found = recognise("facts", 0, fact_header(fact), dictionary)
        assert found is not None
        assert found.fact is fact
        assert found.unit == {"money": "万元", "ratio": "%"}.get(fact.type)


@pytest.mark.parametrize(
    ("header", "key", "unit"),
    [
        ("统一社会信用代码", "uscc", None),
        (" 统一社会 信用代码* ", "uscc", None),
        ("统一社会信用代码（必填）", "uscc", None),
        ("注册资本（万元）", "registered_capital", "万元"),
        ("注册资本(单位：元)", "registered_capital", "元"),
        ("reg_capital_raw", "registered_capital", None),
        ("行业代码(GB/T 4754)", "industry", None),
        ("企业名称(全称)", "name", None),
    ],
)
def test_headers_are_recognised_as_people_write_them(
    dictionary: Dictionary, header: str, key: str, unit: str | None
) -> None:
    found = recognise("enterprises", 3, header, dictionary)
    assert found is not None
    assert (found.key, found.unit, found.index) == (key, unit, 3)


@pytest.mark.parametrize(("before", "header_row"), [(0, 1), (1, 2), (4, 5), (5, 0)])
def test_the_header_is_found_within_the_first_five_rows(dictionary: Dictionary, before: int, header_row: int) -> None:
    titles = [["某市企业名单"]] * before
    layout = read_layout("enterprises", None, rows(*titles, ["企业名称", "统一社会信用代码"]), dictionary)
    assert layout.header_row == header_row


def test_the_row_that_knows_most_columns_is_the_header(dictionary: Dictionary) -> None:
    lines = rows(["名称", "说明"], ["企业名称", "统一社会信用代码", "注册地址"], ["甲", "1", "2"])
    layout = read_layout("enterprises", "一", lines, dictionary)
    assert layout.header_row == 2
    assert set(layout.named()) == {"name", "uscc", "registered_address"}


def test_one_known_word_is_no_header(dictionary: Dictionary) -> None:
    assert not read_layout("facts", "说明", rows(["统一社会信用代码", "18 位"]), dictionary).found


@pytest.mark.parametrize(
    ("kind", "header", "codes"),
    [
        ("enterprises", ["企业名称", "注册地址"], ["column-missing"]),
        ("titles", ["企业名称", "称号"], ["column-missing"]),
        ("titles", ["企业名称", "批次"], ["column-missing", "column-missing"]),
        ("titles", ["信用代码", "称号", "文号"], []),
        ("enterprises", ["企业名称", "信用代码", "单位名称"], ["column-repeated"]),
        ("facts", ["信用代码", "年度", "营业收入(万元)", "营业收入总额(元)"], ["column-repeated"]),
        ("facts", ["信用代码", "2024年营业收入(万元)", "2025年营业收入(万元)"], []),
        ("facts", ["信用代码", "年度", "营业收入", "净利润"], ["unit-missing", "unit-missing"]),
        ("facts", ["信用代码", "年度", "备注"], ["no-fact-column"]),
        ("facts", ["信用代码", "2025年营业收入（人）"], ["unit-invalid"]),
        ("facts", ["信用代码", "年度", "营业收入(%)", "净利润-万美元"], ["unit-invalid", "unit-invalid"]),
        ("facts", ["信用代码", "2025年期末从业人员（万人）", "市场占有率（万元）"], ["unit-invalid", "unit-invalid"]),
        ("facts", ["信用代码", "2025年期末从业人员（名）", "Ⅰ类知识产权数（件）", "市场占有率（%）"], []),
        ("facts", ["信用代码", "年度", "营业收入(合并报表)(万元)", "净利润(单位:元)"], []),
    ],
)
def test_what_makes_a_file_unusable(dictionary: Dictionary, kind: str, header: list[str], codes: list[str]) -> None:
    layout = read_layout(kind, None, rows(header), dictionary)
    assert [problem.cell.code for problem in layout.problems] == codes
    assert all(problem.row == 1 for problem in layout.problems)


def test_unknown_columns_are_listed_and_remarks_are_not(dictionary: Dictionary) -> None:
    layout = read_layout("enterprises", None, rows(["序号", "企业名称", "信用代码", "颜色", "备注"]), dictionary)
    assert [remark.cell.column for remark in layout.remarks] == ["颜色"]
    assert "remark" not in layout.named()


def test_a_unit_of_something_else_is_named_with_what_is_expected(dictionary: Dictionary) -> None:
    [problem] = read_layout("facts", None, rows(["信用代码", "2025年营业收入（人）"]), dictionary).problems
    assert (problem.cell.column, problem.cell.found) == ("2025年营业收入（人）", "人")
    assert problem.cell.expected == "元、千元、万元、百万元、亿元"
    assert problem.cell.message == (
        "表头“2025年营业收入（人）”写的单位是“人”，“营业收入”的单位应为 元、千元、万元、百万元、亿元。"
        "请核对这一列填的是什么：确为该指标的，换算后改为“2025年营业收入(万元)”"
    )
    [problem] = read_layout("facts", None, rows(["信用代码", "2025年期末从业人员(万人)"]), dictionary).problems
    assert "写的单位是“万人”，“期末从业人员”的单位应为 人。" in problem.cell.message
    assert "改为“2025年期末从业人员(人)”" in problem.cell.message


@pytest.mark.parametrize(
    ("kind", "header", "code", "said"),
    [
        (
            "facts",
            ["统一社会信用代码", "胡说八道"],
            "no-fact-column",
            "第 1 行只认出“统一社会信用代码”，不认识“胡说八道”，不足以作为表头。还要有：至少一列指标，",
        ),
        (
            "facts",
            ["2025年营业收入(万元)"],
            "column-missing",
            "第 1 行只认出“2025年营业收入(万元)”，不足以作为表头。还要有：“统一社会信用代码”",
        ),
        ("enterprises", ["信用代码", "颜色"], "column-missing", "第 1 行只认出“信用代码”，不认识“颜色”"),
        ("facts", ["颜色", "形状"], "header-not-found", "没有认出任何一列"),
    ],
)
def test_a_row_that_is_nearly_a_header_is_told_as_what_it_is(
    dictionary: Dictionary, kind: str, header: list[str], code: str, said: str
) -> None:
    layout = read_layout(kind, None, rows(header), dictionary)
    assert not layout.found
    told = no_header(kind, layout.nearest)
    assert told.code == code
    assert said in told.message
    assert told.expected
    lacks = told.message.partition("还要有：")[2]
    assert not any(f"“{each}”" in lacks for each in header), "what is there is not called missing"
    assert all(f"“{each}”" in not_taken("一", layout.nearest).message for each in header) is bool(layout.nearest)


def test_a_fact_without_years_under_a_year_is_told_as_such(dictionary: Dictionary) -> None:
    header = ["信用代码", "2025年营业收入(万元)", "2025年研发机构", "颜色"]
    [year, colour] = read_layout("facts", None, rows(header), dictionary).remarks
    assert "“研发机构”是时点指标，不分年度" in year.cell.message
    assert colour.cell.message == "不认识的列“颜色”，未导入"
