"""How facts look in a spreadsheet: header with unit, and the cell an official would have typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TypeAlias

from peiyu.sample.model import Scalar, Value
from rulebook.dictionary import Dictionary, Fact, Shape, parse_dictionary

Cell: TypeAlias = str | int | float | dt.date | None

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts" / "facts"

YEARLY_FACTS = (
    "headcount",
    "full_time_staff",
    "rd_staff",
    "revenue_yuan",
    "main_revenue_yuan",
    "operating_cost_yuan",
    "main_cost_yuan",
    "total_profit_yuan",
    "net_profit_yuan",
    "total_assets_yuan",
    "total_liabilities_yuan",
    "net_assets_yuan",
    "rd_expense_yuan",
    "tax_paid_yuan",
    "bank_loans_yuan",
    "segment_years",
    "market_share",
    "market_rank",
    "development_score",
    "hte_tech_staff",
    "hte_total_staff",
    "hte_rd_expense_yuan",
    "hte_rd_expense_domestic_yuan",
    "hte_sales_revenue_yuan",
    "hte_total_income_yuan",
    "hte_product_income_yuan",
    "hte_conversions",
    "tsme_total_staff",
    "tsme_tech_staff",
    "tsme_sales_revenue_yuan",
    "tsme_rd_expense_yuan",
    "tsme_cost_expense_yuan",
    "champion_field_years",
    "champion_global_rank",
    "taxable_sales_yuan",
    "insured_headcount",
    "product_sales_cost_yuan",
    "selling_expense_yuan",
    "admin_expense_yuan",
    "export_yuan",
    "valuation_yuan",
    "onshore_bonds_yuan",
    "offshore_bonds_yuan",
    "audit_report_code",
    "own_brand_revenue_yuan",
    "global_market_share",
    "lead_product_revenue_yuan",
    "accounts_basis",
    "staff_basis",
    "ip_basis",
)
CURRENT_FACTS = (
    "registered_in_prc",
    "legal_person",
    "established_on",
    "industry_code",
    "abnormal_list",
    "dishonest_list",
    "prohibited_product",
    "info_update_missed",
    "accidents",
    "lead_product",
    "lead_product_in_sei",
    "ip_class1_high_value_count",
    "ip_class1_own_count",
    "ip_class1_count",
    "ip_class2_count",
    "ip_class1_applied_count",
    "ip_class1_applied_with_transferred_count",
    "science_awards",
    "honors",
    "rd_institutions",
    "equity_financing",
    "hte_core_ip_owned",
    "hte_ip_class1_count",
    "hte_ip_class2_count",
    "hte_ip_self_developed",
    "hte_standard_setting",
    "tsme_resident_enterprise",
    "tsme_ip_class1_count",
    "tsme_ip_class2_count",
    "research_misconduct",
    "led_standards",
    "champion_new_product",
    "secrecy_incidents",
    "harms_nation",
    "truth_statement",
    "ownership",
    "mail_address",
    "postcode",
    "controlling_shareholder",
    "actual_controller",
    "actual_controller_nationality",
    "controlling_link_with_giant",
    "group_peer_with_similar_product",
    "listing_plan",
    "stock_code",
    "listing_progress",
    "target_board",
    "company_intro",
    "audit_reports_registered",
    "audit_reports_show_main",
    "valid_invention_patents",
    "maker_china",
    "digital_level",
    "it_supported_processes",
    "management_certs",
    "product_certs",
    "provincial_quality_award",
    "own_brand_count",
    "standards_led_national",
    "standards_led_industry",
    "standards_joined",
    "lead_product_code",
    "industry_chain",
    "chain_roles",
    "key_customers",
    "serves_key_chain_leader",
    "time_honoured_brand",
    "six_bases",
    "lead_product_key_fields",
    "chain_link_2026",
)

# Headers that officials use more often than the form's own wording; all are aliases in the dictionary.
_USUAL = {
    "revenue_yuan": "营业收入总额",
    "main_revenue_yuan": "主营业务收入总额",
    "headcount": "从业人员",
    "established_on": "成立日期",
    "industry_code": "行业代码",
}
_NONE = "无"


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of a facts sheet: money in 万元, shares in percent, both said in the header."""

    fact: Fact

    @property
    def fact_id(self) -> str:
        return self.fact.id

    @property
    def header(self) -> str:
        unit = {"money": "(万元)", "ratio": "(%)"}.get(self.fact.type, "")
        return _USUAL.get(self.fact.id, self.fact.label) + unit

    def cell(self, value: Value | None) -> Cell:
        """The cell of a canonical value; missing stays empty, an empty list is 无."""
        if value is None:
            return None
        if isinstance(value, list):
            return ";".join(map(self._record, value)) or _NONE
        return _cell(self.fact, value)

    def _record(self, record: dict[str, Scalar]) -> str:
        parts = []
        for each in self.fact.fields:
            value = record.get(each.name)
            parts.append("" if value is None else _text(each, value))
        return "|".join(parts)


def fact_columns(fact_ids: Iterable[str]) -> list[FactColumn]:
    """The columns of these facts, by the facts dictionary."""
    return [FactColumn(dictionary()[fact_id]) for fact_id in fact_ids]


@cache
def dictionary() -> Dictionary:
    """The facts dictionary of this version, read once."""
    files = sorted(CONTRACTS.glob("*.yaml"))
    return parse_dictionary({file.name: file.read_text(encoding="utf-8") for file in files})


def _cell(shape: Shape, value: Scalar) -> Cell:
    match shape.type:
        case "money":
            return float(Decimal(value) / 10_000)
        case "ratio":
            return float(Decimal(value) * 100)
        case "number":
            return float(value)
        case "date":
            return dt.date.fromisoformat(str(value))
        case _:
            return value if isinstance(value, int) and not isinstance(value, bool) else _text(shape, value)


def _text(shape: Shape, value: Scalar) -> str:
    """A value inside a record's cell, with its unit where one is needed."""
    match shape.type:
        case "money":
            return f"{Decimal(value) / 10_000:f}万元"
        case "ratio":
            return f"{Decimal(value) * 100:f}%"
        case "boolean":
            return "是" if value else "否"
        case _:
            return shape.label_of(str(value))
