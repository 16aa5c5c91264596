"""Figures by the definitions of 高新技术企业, 科技型中小企业, 单项冠军 and local plans: near those of the accounts."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping

from peiyu.sample.chance import between, happens
from peiyu.sample.model import Scalar, Value
from peiyu.sample.profiles import Profile, Standing

_PRODUCT = {
    Standing.STRONG: (0.55, 0.98),
    Standing.PROMISING: (0.35, 0.9),
    Standing.ORDINARY: (0.0, 0.7),
    Standing.WEAK: (0.0, 0.3),
}
_CONVERSIONS = {Standing.STRONG: (2, 7), Standing.PROMISING: (0, 5), Standing.ORDINARY: (0, 2), Standing.WEAK: (0, 1)}
_STANDARDS = {Standing.STRONG: 0.25, Standing.PROMISING: 0.06, Standing.ORDINARY: 0.01, Standing.WEAK: 0.0}


def draw_other_figures(chance: random.Random, profile: Profile, values: Mapping[str, Value]) -> dict[str, Value]:
    """One year: sales, R&D and heads as these titles count them, from the accounts of that year."""
    revenue, rd = _yuan(values, "revenue_yuan"), _yuan(values, "rd_expense_yuan")
    sales = revenue - _hundreds(revenue * between(chance, 0.0, 0.02))
    collected = _hundreds(rd * between(chance, 0.85, 1.0))  # what counts as R&D here is less than in the accounts
    costs = max(100, _yuan(values, "operating_cost_yuan") + rd + _hundreds(revenue * between(chance, 0.04, 0.12)))
    staff, researchers = int(str(values["full_time_staff"])), int(str(values["rd_staff"]))
    found: dict[str, Value] = {
        "hte_tech_staff": researchers,
        "hte_total_staff": staff,
        "hte_rd_expense_yuan": _money(collected),
        "hte_rd_expense_domestic_yuan": _money(_hundreds(collected * between(chance, 0.8, 1.0))),
        "hte_sales_revenue_yuan": _money(sales),
        "hte_total_income_yuan": _money(revenue),
        "hte_product_income_yuan": _money(_hundreds(sales * between(chance, *_PRODUCT[profile.standing]))),
        "hte_conversions": chance.randint(*_CONVERSIONS[profile.standing]),
        "tsme_total_staff": staff,
        "tsme_tech_staff": researchers,
        "tsme_sales_revenue_yuan": _money(sales),
        "tsme_rd_expense_yuan": _money(collected),
        "tsme_cost_expense_yuan": _money(costs),
        "champion_field_years": values["segment_years"],
        "taxable_sales_yuan": _money(sales),
    }
    if profile.standing is Standing.STRONG and happens(chance, 0.1):
        found["champion_global_rank"] = chance.randint(1, 12)
    return found


def draw_other_current(
    chance: random.Random, profile: Profile, current: Mapping[str, Value], today: dt.date
) -> dict[str, Value]:
    """As of the day: the same rights and standards, counted as these titles count them."""
    class1, class2 = current["ip_class1_count"], current["ip_class2_count"]
    standards: list[dict[str, Scalar]] = []
    if happens(chance, _STANDARDS[profile.standing]):
        published = (today - dt.timedelta(days=chance.randint(60, 2600))).isoformat()
        standards.append({"level": chance.choice(("national", "industry", "group")), "published_on": published})
    return {
        "hte_core_ip_owned": bool(class1 or class2),
        "hte_ip_class1_count": class1,
        "hte_ip_class2_count": class2,
        "hte_ip_self_developed": bool(current["ip_class1_own_count"]) or happens(chance, 0.4),
        "hte_standard_setting": bool(standards),
        "tsme_resident_enterprise": True,
        "tsme_ip_class1_count": class1,
        "tsme_ip_class2_count": class2,
        "research_misconduct": [],
        "led_standards": standards,
        "champion_new_product": happens(chance, 0.2),
        "secrecy_incidents": [],
        "harms_nation": False,
    }


def _yuan(values: Mapping[str, Value], fact: str) -> int:
    return int(str(values[fact]).partition(".")[0])


def _hundreds(yuan: float) -> int:
    """Whole hundreds of yuan: 0.01 万元."""
    return round(yuan / 100) * 100


def _money(yuan: int) -> str:
    return f"{yuan}.00"
