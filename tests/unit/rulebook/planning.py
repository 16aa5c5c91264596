"""Enterprises that want a plan, and the shape of asking for one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from rulebook.plan_model import RoutePlan
from rulebook.subject import Subject, Title

DAY = date(2026, 6, 30)
Build = Callable[..., Subject]
Plan = Callable[..., RoutePlan]

CLEAN: dict[str, object] = {
    "registered_in_prc": "是", "legal_person": "是", "abnormal_list": "否", "dishonest_list": "否",
    "prohibited_product": "否", "accidents": "无", "science_awards": "无", "honors": "无", "rd_institutions": "无",
    "equity_financing": "无",
}  # fmt: skip
NEARLY_INNOVATIVE: dict[str, object] = CLEAN | {
    "ip_class1_high_value_count": 0, "ip_class1_own_count": 0, "ip_class1_count": 0, "ip_class2_count": 3,
    "lead_product_in_sei": "否",
    "revenue_yuan": {2025: "1500 万元", 2024: "1450 万元"}, "main_revenue_yuan": {2025: "1200 万元", 2024: "1150 万元"},
    "rd_expense_yuan": {2025: "36 万元", 2024: "30 万元"}, "total_assets_yuan": {2025: "2000 万元"},
    "total_liabilities_yuan": {2025: "1200 万元"},
}  # fmt: skip
SPECIALIZED: dict[str, object] = CLEAN | {
    "segment_years": {2025: 5}, "revenue_yuan": {2025: "3000 万元", 2024: "2500 万元"},
    "main_revenue_yuan": {2025: "2700 万元", 2024: "2200 万元"}, "total_assets_yuan": {2025: "2000 万元"},
    "total_liabilities_yuan": {2025: "1000 万元"}, "rd_expense_yuan": {2025: "100 万元", 2024: "90 万元"},
    "ip_class1_applied_count": 2, "market_position_leading": "符合|省内前三|协会证明|2029-12-31",
    "development_score": {2026: "62 分"},
}  # fmt: skip
HOLDS_INNOVATIVE = (Title("innovative_sme", "valid", date(2024, 6, 1), date(2029, 5, 31)),)
