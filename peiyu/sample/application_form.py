"""What only the application form for 专精特新 and 小巨人 asks: costs, brands, certificates, market, chain, listing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from peiyu.sample.chance import between, happens, weighted
from peiyu.sample.model import Scalar, Value
from peiyu.sample.profiles import Profile, Standing

_BETTER = {Standing.STRONG: 0.8, Standing.PROMISING: 0.45, Standing.ORDINARY: 0.15, Standing.WEAK: 0.04}
_DIGITAL = {
    Standing.STRONG: {"level_2": 4, "level_3": 5, "level_4": 1},
    Standing.PROMISING: {"level_1": 2, "level_2": 6, "level_3": 2},
    Standing.ORDINARY: {"level_1": 6, "level_2": 3},
    Standing.WEAK: {"level_1": 9, "level_2": 1},
}


def draw_form_figures(chance: random.Random, profile: Profile, values: Mapping[str, Value]) -> dict[str, Value]:
    """One year: expenses, exports, bonds and brands in proportion to the accounts of that year."""
    revenue, cost = _yuan(values, "revenue_yuan"), _yuan(values, "main_cost_yuan")
    found: dict[str, Value] = {
        "insured_headcount": round(int(str(values["full_time_staff"])) * between(chance, 0.9, 1.0)),
        "product_sales_cost_yuan": _money(cost * between(chance, 0.85, 1.0)),
        "selling_expense_yuan": _money(revenue * between(chance, 0.01, 0.08)),
        "admin_expense_yuan": _money(revenue * between(chance, 0.03, 0.1)),
        "export_yuan": _money(revenue * between(chance, 0.0, 0.3)) if happens(chance, 0.3) else "0.00",
        "onshore_bonds_yuan": "0.00",
        "offshore_bonds_yuan": "0.00",
        "own_brand_revenue_yuan": _money(revenue * between(chance, 0.0, 0.9)),
        "audit_report_code": f"合成样例{chance.randint(10**7, 10**8 - 1)}",
    }
    if happens(chance, _BETTER[profile.standing] / 8):
        found["valuation_yuan"] = _money(revenue * between(chance, 1, 8))
    if happens(chance, _BETTER[profile.standing] / 4):
        found["global_market_share"] = f"0.{chance.randint(1, 19):02}".rstrip("0")
    basis = "consolidated" if happens(chance, _BETTER[profile.standing] / 6) else "parent"
    return found | {
        "accounts_basis": basis,
        "staff_basis": "parent" if happens(chance, 0.1) else basis,
        "ip_basis": "parent" if happens(chance, 0.1) else basis,
    }


def draw_form_current(chance: random.Random, profile: Profile, current: Mapping[str, Value]) -> dict[str, Value]:
    """As of the day. Names and addresses are plainly made up."""
    better = _BETTER[profile.standing]
    patents = int(str(current["ip_class1_count"]))
    listing = weighted(chance, {"none": 8, "planned": better * 3, "listed": better / 4})
    found: dict[str, Value] = {
        "truth_statement": True,
        "ownership": weighted(chance, {"private": 9, "joint": 0.5, "state": 0.5, "foreign": 0.3}),
        "mail_address": "（合成样例）合成路 1 号",
        "postcode": "000000",
        "controlling_shareholder": "（合成样例）控股股东",
        "actual_controller": "（合成样例）实际控制人",
        "actual_controller_nationality": "中国",
        "controlling_link_with_giant": happens(chance, 0.02),
        "group_peer_with_similar_product": happens(chance, 0.02),
        "listing_plan": listing,
        "company_intro": "（合成样例）生成的企业，用于演示。",
        "audit_reports_registered": happens(chance, 0.5 + better / 2),
        "audit_reports_show_main": happens(chance, 0.5 + better / 2),
        "valid_invention_patents": patents,
        "maker_china": [],
        "digital_level": weighted(chance, _DIGITAL[profile.standing]),
        "it_supported_processes": _some(chance, "process", ("research", "production", "supply_chain"), better),
        "management_certs": _some(chance, "kind", ("iso9001", "iso14001", "iso45001"), better),
        "product_certs": _some(chance, "kind", ("ce", "ul"), better / 4),
        "provincial_quality_award": happens(chance, better / 8),
        "own_brand_count": chance.randint(1, 3) if happens(chance, better) else 0,
        "standards_led_national": 0,
        "standards_led_industry": 1 if happens(chance, better / 10) else 0,
        "standards_joined": chance.randint(1, 3) if happens(chance, better / 3) else 0,
        "lead_product_code": f"{chance.randint(13, 43)}01",
        "industry_chain": chance.choice(("高端装备", "新材料", "新能源汽车", "电子信息", "医疗器械")),
        "chain_roles": _some(chance, "role", ("weakness", "strength", "gap"), better / 3),
        "key_customers": "（合成样例）龙头企业",
        "serves_key_chain_leader": happens(chance, better / 3),
        "time_honoured_brand": happens(chance, 0.01),
        "six_bases": _some(chance, "base", ("parts", "components", "software", "materials"), better / 2),
        "lead_product_key_fields": _some(chance, "field", ("materials", "machine_tools_robots", "power"), better / 2),
        "chain_link_2026": weighted(
            chance, {"none": 3, "traditional": 3, "emerging": better * 4, "future": better / 2}
        ),
    }
    if listing != "none":
        found["target_board"] = chance.choice(("bse", "szse_chinext", "sse_star"))
        found["listing_progress"] = weighted(chance, {"before_reform": 5, "after_reform": 3, "applied": 1})
    if listing == "listed":
        found["stock_code"] = "000000"
    return found


def draw_lead_product(chance: random.Random, profile: Profile, values: Mapping[str, Value]) -> dict[str, Value]:
    """One year: what the lead products earned of the main revenue; with the weak ones often half or less."""
    least = 0.55 if profile.standing in (Standing.STRONG, Standing.PROMISING) else 0.3
    return {"lead_product_revenue_yuan": _money(_yuan(values, "main_revenue_yuan") * between(chance, least, 1.0))}


def draw_update(chance: random.Random) -> dict[str, Value]:
    """Whether a yearly update of the enterprise's information was missed."""
    return {"info_update_missed": happens(chance, 0.01)}


def _some(chance: random.Random, field: str, codes: Sequence[str], share: float) -> list[dict[str, Scalar]]:
    """Entries of a list with one code each: every code with this probability."""
    return [{field: code} for code in codes if happens(chance, share)]


def _yuan(values: Mapping[str, Value], fact: str) -> int:
    return int(str(values[fact]).partition(".")[0])


def _money(yuan: float) -> str:
    """Whole hundreds of yuan: 0.01 万元."""
    return f"{round(yuan / 100) * 100}.00"
