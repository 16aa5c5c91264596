"""Three fiscal years of figures for one enterprise: consistent with each other, some exactly on a boundary."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from peiyu.sample.chance import between, happens
from peiyu.sample.model import Value
from peiyu.sample.profiles import Profile, Standing

_WAN = 10_000


@dataclass(slots=True)
class Year:
    """The figures of one year that decide something; money in whole yuan."""

    revenue: int
    main: int
    rd: int
    assets: int
    liabilities: int
    headcount: int
    rd_staff: int
    segment_tenths: int


@dataclass(frozen=True, slots=True)
class _Habit:
    """What is usual for a standing: (low, high) of each ratio; revenue's median in 万元 and its spread."""

    revenue: tuple[int, float]
    growth: tuple[float, float]
    main: tuple[float, float]
    rd: tuple[float, float]
    debt: tuple[float, float]
    margin: tuple[float, float]
    rd_staff: tuple[float, float]


_HABITS = {
    Standing.STRONG: _Habit(
        revenue=(6500, 0.7),
        growth=(-0.10, 0.32),
        main=(0.83, 1.0),
        rd=(0.036, 0.10),
        debt=(0.20, 0.76),
        margin=(0.04, 0.18),
        rd_staff=(0.12, 0.40),
    ),
    Standing.PROMISING: _Habit(
        revenue=(2600, 0.8),
        growth=(-0.24, 0.24),
        main=(0.58, 1.0),
        rd=(0.005, 0.060),
        debt=(0.30, 0.90),
        margin=(0.01, 0.14),
        rd_staff=(0.08, 0.32),
    ),
    Standing.ORDINARY: _Habit(
        revenue=(1300, 1.1),
        growth=(-0.24, 0.24),
        main=(0.42, 0.97),
        rd=(0.0, 0.038),
        debt=(0.30, 0.92),
        margin=(-0.03, 0.09),
        rd_staff=(0.0, 0.16),
    ),
    Standing.WEAK: _Habit(
        revenue=(500, 1.1),
        growth=(-0.45, 0.08),
        main=(0.35, 0.92),
        rd=(0.0, 0.02),
        debt=(0.45, 1.15),
        margin=(-0.20, 0.03),
        rd_staff=(0.0, 0.08),
    ),
}


def draw_years(chance: random.Random, profile: Profile, year: int) -> dict[int, dict[str, Value]]:
    """Fiscal year → fact id → value, for t, t-1 and t-2 as far as the enterprise existed."""
    years = _draw_core(chance, profile, year)
    if profile.boundary:
        chance.choice(_BOUNDARIES)(years)
    margin = between(chance, *_HABITS[profile.standing].margin)
    drawn = {}
    for back, figures in enumerate(years):
        if profile.established_on.year <= year - back:
            drawn[year - back] = _facts(chance, figures, margin, profile)
    return drawn


def _draw_core(chance: random.Random, profile: Profile, year: int) -> list[Year]:
    """t first. Revenue is whole 万元, so that a ratio can be met exactly."""
    habit = _HABITS[profile.standing]
    median, spread = habit.revenue
    revenue = max(20, round(median * math.exp(chance.gauss(0, spread))))
    if profile.large:
        revenue = 40_000 + chance.randint(0, 60_000)
    revenue = min(revenue, 120_000 if profile.large else 39_000) * _WAN
    main_share, rd_share = between(chance, *habit.main), between(chance, *habit.rd)
    debt, turnover = between(chance, *habit.debt), between(chance, 0.6, 1.6)
    staff_share = between(chance, *habit.rd_staff)
    started = profile.established_on.year + (chance.randint(0, 2) if profile.standing is not Standing.STRONG else 0)
    years = []
    for back in range(3):
        head = max(3, round(revenue / _WAN / profile.industry.revenue_per_head * between(chance, 0.7, 1.3)))
        head = 1000 + head if profile.large else min(head, 960)
        assets = _hundreds(revenue * turnover)
        years.append(
            Year(
                revenue=revenue,
                main=_hundreds(revenue * min(1.0, main_share * between(chance, 0.97, 1.03))),
                rd=_hundreds(revenue * rd_share * between(chance, 0.9, 1.15)),
                assets=assets,
                liabilities=_hundreds(assets * debt * between(chance, 0.95, 1.05)),
                headcount=head,
                rd_staff=round(head * min(0.9, staff_share)),
                segment_tenths=max(0, year - back - started) * 10 + chance.choice((0, 0, 0, 5)),
            )
        )
        revenue = max(10, round(revenue / (1 + between(chance, *habit.growth)) / _WAN)) * _WAN
    return years


def _facts(chance: random.Random, figures: Year, margin: float, profile: Profile) -> dict[str, Value]:
    profit = _hundreds(figures.revenue * (margin + between(chance, -0.02, 0.02)))
    cost = between(chance, 0.62, 0.86)
    rd_staff = min(figures.rd_staff, figures.headcount)  # a headcount set to a boundary leaves its parts behind
    values: dict[str, Value] = {
        "headcount": figures.headcount,
        "full_time_staff": max(rd_staff, figures.headcount - chance.randint(0, figures.headcount // 20)),
        "rd_staff": rd_staff,
        "revenue_yuan": _money(figures.revenue),
        "main_revenue_yuan": _money(figures.main),
        "operating_cost_yuan": _money(_hundreds(figures.revenue * cost)),
        "main_cost_yuan": _money(_hundreds(figures.main * cost)),
        "total_profit_yuan": _money(_hundreds(profit / 0.85) if profit > 0 else profit),
        "net_profit_yuan": _money(profit),
        "total_assets_yuan": _money(figures.assets),
        "total_liabilities_yuan": _money(figures.liabilities),
        "net_assets_yuan": _money(figures.assets - figures.liabilities),
        "rd_expense_yuan": _money(figures.rd),
        "tax_paid_yuan": _money(_hundreds(figures.revenue * between(chance, 0.01, 0.05))),
        "bank_loans_yuan": _money(_hundreds(figures.liabilities * between(chance, 0.0, 0.6))),
        "segment_years": _tenths(figures.segment_tenths),
    }
    if profile.standing is Standing.STRONG or happens(chance, 0.25):
        values["market_share"] = f"0.{chance.randint(1, 35):02d}".rstrip("0")
        values["market_rank"] = chance.randint(1, 12)
    return values


def _at_ratio(part: str, whole: str, permille: int, *backs: int) -> Callable[[list[Year]], None]:
    """Set a figure to exactly so many thousandths of another in the given years back."""

    def apply(years: list[Year]) -> None:
        for back in backs:
            setattr(years[back], part, getattr(years[back], whole) * permille // 1000)

    return apply


def _at_value(part: str, value: int, back: int = 0) -> Callable[[list[Year]], None]:
    return lambda years: setattr(years[back], part, value)


def _revenue_of_1500(years: list[Year]) -> None:
    old, years[0].revenue = years[0].revenue, 1500 * _WAN
    years[0].main = _hundreds(years[0].main * years[0].revenue / old)
    years[0].rd = max(100 * _WAN, _hundreds(years[0].rd * years[0].revenue / old))


def _growth_of(percent: int) -> Callable[[list[Year]], None]:
    """Main revenue grown by exactly so many percent; revenue follows at 80 %."""

    def apply(years: list[Year]) -> None:
        years[1].main = round(years[1].main / _WAN / 4) * 4 * _WAN or 4 * _WAN
        years[1].revenue = max(years[1].revenue, years[1].main)
        years[0].main = years[1].main * (100 + percent) // 100
        years[0].revenue = years[0].main * 5 // 4

    return apply


def _rd_of_a_million(years: list[Year]) -> None:
    years[1].revenue, years[1].main, years[1].rd = 3000 * _WAN, 2700 * _WAN, 100 * _WAN


def _rd_just_below(years: list[Year]) -> None:
    """2.999 %: shows as 3.00 % and is still less (A-06)."""
    years[0].revenue = max(1, years[0].revenue // 100_000) * 100_000
    years[0].main = min(years[0].main, years[0].revenue)
    years[0].rd = years[0].revenue // 100_000 * 2999


_BOUNDARIES: tuple[Callable[[list[Year]], None], ...] = (
    _at_ratio("rd", "revenue", 30, 0, 1),
    _at_ratio("rd", "revenue", 50, 0),
    _at_ratio("main", "revenue", 800, 0),
    _at_ratio("main", "revenue", 700, 0),
    _at_ratio("liabilities", "assets", 550, 0),
    _at_ratio("liabilities", "assets", 800, 0),
    _at_value("segment_tenths", 30),
    _at_value("segment_tenths", 29),
    _at_value("headcount", 300),
    _at_value("headcount", 20),
    _at_value("rd", 0),
    _revenue_of_1500,
    _growth_of(0),
    _growth_of(15),
    _rd_of_a_million,
    _rd_just_below,
)
"""Values on the thresholds of the rules: 以上 includes them, and a value on two bands takes the higher."""


def _hundreds(yuan: float) -> int:
    """Whole hundreds of yuan: 0.01 万元."""
    return round(yuan / 100) * 100


def _money(yuan: int) -> str:
    return f"{yuan}.00"


def _tenths(tenths: int) -> str:
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
