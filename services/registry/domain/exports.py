"""Cells of an exported list: text that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.csv_cells import csv_cell

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
COLUMNS = {
    "统一社会信用代码": 22,
    "企业名称": 40,
    "区划代码": 10,
    "区划": 26,
    "所属园区": 26,
    "行业代码": 10,
    "行业": 26,
    "企业规模": 10,
    "登记状态": 12,
    "持有称号": 40,
    "上市挂牌": 20,
    "风险标记": 20,
    "成立日期": 12,
    "注册资本": 16,
    "币种": 8,
    "注册地址": 50,
    "实际经营地址": 50,
    "合成样例": 10,
}
"""Headers and the widths of their columns."""

LABELS = {
    "q": "名称或信用代码",
    "district": "区划",
    "industry": "行业",
    "size": "企业规模",
    "title": "持有称号",
    "tier": "梯度",
    "status": "登记状态",
    "listing": "上市挂牌",
    "flag": "风险标记",
    "park": "所属园区",
    "revenue": "上一完整年度营业收入",
    "synthetic": "合成样例",
}
"""What the filters are called."""


def csv_line(cells: Iterable[str]) -> str:
    """One line of CSV with its line end; a cell that would start a formula is preceded by an apostrophe."""
    return ",".join(map(csv_cell, cells)) + "\r\n"
