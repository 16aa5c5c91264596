"""Classes that lists are filtered by and results are ordered by: tier, revenue band, weight."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

TIERS = {
    "little_giant": "专精特新“小巨人”企业",
    "specialized_sme": "专精特新中小企业",
    "innovative_sme": "创新型中小企业",
    "none": "不在梯度内",
}
"""The three levels of 优质中小企业, the highest first (工信部企业〔2022〕63号 第二条), and those in none of them."""

BANDS: dict[str, tuple[str, Decimal | None, Decimal | None]] = {
    "under_10m": ("1000 万元以下", None, Decimal(10_000_000)),
    "10m_20m": ("1000 万元至 2000 万元", Decimal(10_000_000), Decimal(20_000_000)),
    "20m_50m": ("2000 万元至 5000 万元", Decimal(20_000_000), Decimal(50_000_000)),
    "50m_100m": ("5000 万元至 1 亿元", Decimal(50_000_000), Decimal(100_000_000)),
    "100m_400m": ("1 亿元至 4 亿元", Decimal(100_000_000), Decimal(400_000_000)),
    "400m_up": ("4 亿元及以上", Decimal(400_000_000), None),
}
"""Bands of 营业收入 to look through a list by: (label, from in yuan, below in yuan). No rule stands on them."""

_CHAMPION = "champion"
_OTHER_NATIONAL = ("high_tech",)
_GROWN = ("large", "medium")


def tier_of(held: Collection[str]) -> str:
    """The highest level of the titles held."""
    return next((tier for tier in TIERS if tier in held), "none")


def band_of(revenue: Decimal) -> str:
    """The band of a year's revenue in yuan."""
    return next(code for code, (_, _, below) in BANDS.items() if below is None or revenue < below)


def weight_of(held: Collection[str], size_class: str | None) -> int:
    """0 to 9: of equally good matches the one with the higher title, then the larger one, is likelier meant."""
    tier = tier_of(held)
    if tier == "little_giant" or _CHAMPION in held:
        rank = 4
    elif tier == "specialized_sme":
        rank = 3
    elif tier == "innovative_sme" or any(each in held for each in _OTHER_NATIONAL):
        rank = 2
    else:
        rank = 1 if held else 0
    return 2 * rank + (size_class in _GROWN)
