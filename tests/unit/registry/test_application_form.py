"""Every field of the official application form has a place: a fact, the registry's identity, or a figure computed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rulebook.dictionary import Dictionary, parse_dictionary
from services.registry.domain.columns import COLUMNS, recognise

IDENTITY = {
    "company_name": "name",
    "reg_province": "district",  # one 6-digit code holds all three
    "reg_city": "district",
    "reg_county": "district",
    "registered_on": "established_on",
    "registered_capital": "registered_capital",
    "uscc": "uscc",
    "industry2": "industry",
    "industry4": "industry",
}
"""Field → column of the enterprise list."""

FACTS = {
    "recommended_on": "recommended_on", "recommending_body": "recommending_body", "recommendation": "recommendation",
    "mail_address": "mail_address", "postcode": "postcode", "controlling_shareholder": "controlling_shareholder",
    "actual_controller": "actual_controller", "actual_controller_nationality": "actual_controller_nationality",
    "ownership": "ownership", "has_controlling_link": "controlling_link_with_giant",
    "has_group_peer": "group_peer_with_similar_product", "listing_state": "listing_plan", "stock_code": "stock_code",
    "listing_progress": "listing_progress", "target_board": "target_board",
    "employees": "full_time_staff", "rd_staff": "rd_staff", "revenue": "revenue_yuan",
    "main_revenue": "main_revenue_yuan", "net_profit": "net_profit_yuan", "total_profit": "total_profit_yuan",
    "total_assets": "total_assets_yuan", "net_assets": "net_assets_yuan", "total_liabilities": "total_liabilities_yuan",
    "operating_cost": "operating_cost_yuan", "main_cost": "main_cost_yuan",
    "product_sales_cost": "product_sales_cost_yuan", "selling_expense": "selling_expense_yuan",
    "admin_expense": "admin_expense_yuan", "tax_paid": "tax_paid_yuan", "export_amount": "export_yuan",
    "equity_financing": "equity_financing", "valuation": "valuation_yuan", "bank_loans": "bank_loans_yuan",
    "onshore_bonds": "onshore_bonds_yuan", "offshore_bonds": "offshore_bonds_yuan", "rd_expense": "rd_expense_yuan",
    "lead_product": "lead_product", "lead_product_code": "lead_product_code", "segment_years": "segment_years",
    "digital_level": "digital_level", "it_supported_processes": "it_supported_processes",
    "mgmt_certs": "management_certs", "product_certs": "product_certs", "quality_award": "provincial_quality_award",
    "market_share": "market_share", "market_rank": "market_rank", "own_brands": "own_brand_count",
    "own_brand_revenue": "own_brand_revenue_yuan", "ip_class1": "ip_class1_count",
    "ip_class1_self": "ip_class1_own_count", "ip_class2": "ip_class2_count",
    "valid_invention_patents": "valid_invention_patents", "std_lead_national": "standards_led_national",
    "std_lead_industry": "standards_led_industry", "std_joined": "standards_joined",
    "rd_institution_level": "rd_institutions", "maker_china_rank": "maker_china", "industry_chain": "industry_chain",
    "chain_role": "chain_roles", "key_customers": "key_customers", "six_bases": "six_bases",
    "chain_link_2026": "chain_link_2026", "development_score": "development_score",
    "audit_report_code": "audit_report_code", "social_insurance_headcount": "insured_headcount",
    "truth_statement": "truth_statement", "company_intro": "company_intro",
}  # fmt: skip
"""Field → fact that an import knows by the form's own words."""

ENTRIES = {"national_award": "science_awards", "provincial_award": "science_awards"}
"""Field that the form asks yes or no and that is kept as dated entries: its words are no header."""

COMPUTED = {
    "size_class": ("headcount", "revenue_yuan", "total_assets_yuan", "industry_code"),
    "main_revenue_growth": ("main_revenue_yuan",),
    "net_profit_growth": ("net_profit_yuan",),
    "debt_ratio": ("total_liabilities_yuan", "total_assets_yuan"),
    "gross_margin": ("main_revenue_yuan", "main_cost_yuan"),
    "revenue_per_capita": ("revenue_yuan", "full_time_staff"),
    "rd_ratio": ("rd_expense_yuan", "revenue_yuan"),
    "rd_staff_ratio": ("rd_staff", "full_time_staff"),
    "main_ratio": ("main_revenue_yuan", "revenue_yuan"),
    "main_growth_2y": ("main_revenue_yuan",),
    "net_margin": ("net_profit_yuan", "revenue_yuan"),
}
"""Field → the facts it is computed from: stored twice, the two would come to differ."""

TITLES = {"title_validity": ("valid_from", "valid_to")}
"""Field → columns of the title list."""

WITHHELD = (
    "legal_rep", "legal_rep_tel", "legal_rep_mobile", "contact_name", "contact_tel", "contact_mobile", "fax", "email",
)  # fmt: skip
"""Names and numbers of persons. Facts travel in events and stand on the change feed: no place for personal data."""


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    folder = Path(__file__).parents[3] / "contracts" / "facts"
    return parse_dictionary({path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")})


@pytest.fixture(scope="module")
def form(shared_data: Path) -> dict[str, str]:
    """name_en → name_cn of every field."""
    with (shared_data / "application_fields.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["name_en"]: row["name_cn"] for row in csv.DictReader(file)}


def test_every_field_of_the_form_has_a_place(form: dict[str, str]) -> None:
    placed = [*IDENTITY, *FACTS, *ENTRIES, *COMPUTED, *TITLES, *WITHHELD]
    assert len(placed) == len(set(placed)) == len(form) == 99
    assert sorted(set(form) - set(placed)) == []


def test_every_place_exists(dictionary: Dictionary) -> None:
    facts = [*FACTS.values(), *ENTRIES.values(), *(fact for group in COMPUTED.values() for fact in group)]
    assert [fact for fact in facts if fact not in dictionary] == []
    assert {*IDENTITY.values()} <= {column.key for column in COLUMNS["enterprises"]}
    assert {key for keys in TITLES.values() for key in keys} <= {column.key for column in COLUMNS["titles"]}


def test_an_import_knows_each_field_by_the_words_of_the_form(form: dict[str, str], dictionary: Dictionary) -> None:
    """The header as the form prints it, in a file of facts, is the fact it is kept in."""
    unknown = {}
    for field, fact_id in FACTS.items():
        found = recognise("facts", 0, form[field], dictionary)
        if found is None or found.fact is None or found.fact.id != fact_id:
            unknown[form[field]] = found.fact.id if found and found.fact else None
    assert unknown == {}


def test_no_fact_holds_what_is_withheld(form: dict[str, str], dictionary: Dictionary) -> None:
    for field in WITHHELD:
        assert recognise("facts", 0, form[field], dictionary) is None, form[field]
