"""Facts that hold as of a date: standing, products, intellectual property, awards, and the platform's score."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping

from peiyu.sample.chance import happens, weighted
from peiyu.sample.model import Scalar, Title, Value
from peiyu.sample.profiles import Profile, Standing

# Class I patents (own research), by standing: count → weight.
_CLASS1: dict[Standing, dict[int, float]] = {
    Standing.STRONG: {0: 0.04, 1: 0.22, 2: 0.24, 3: 0.2, 5: 0.18, 8: 0.12},
    Standing.PROMISING: {0: 0.46, 1: 0.30, 2: 0.16, 3: 0.08},
    Standing.ORDINARY: {0: 0.87, 1: 0.10, 2: 0.03},
    Standing.WEAK: {0: 0.97, 1: 0.03},
}
_AWARD = {Standing.STRONG: 0.08, Standing.PROMISING: 0.015, Standing.ORDINARY: 0.003, Standing.WEAK: 0.0}
_RD_BODY = {Standing.STRONG: 0.75, Standing.PROMISING: 0.40, Standing.ORDINARY: 0.12, Standing.WEAK: 0.02}
_EQUITY = {Standing.STRONG: 0.14, Standing.PROMISING: 0.06, Standing.ORDINARY: 0.01, Standing.WEAK: 0.0}
_EMERGING = {Standing.STRONG: 0.6, Standing.PROMISING: 0.4, Standing.ORDINARY: 0.15, Standing.WEAK: 0.08}

_SCORED = {Standing.STRONG: 0.92, Standing.PROMISING: 0.26, Standing.ORDINARY: 0.05, Standing.WEAK: 0.0}
_SCORE = {Standing.STRONG: (49, 93), Standing.PROMISING: (30, 78), Standing.ORDINARY: (15, 60), Standing.WEAK: (5, 40)}
_SELF_SCORED = {Standing.STRONG: 0.6, Standing.PROMISING: 0.12, Standing.ORDINARY: 0.01, Standing.WEAK: 0.0}


def draw_current_facts(
    chance: random.Random, profile: Profile, title: Title | None, today: dt.date
) -> dict[str, Value]:
    """Every point fact. `title` is the enterprise's 高新技术企业 title, if any: the honours repeat it."""
    own = weighted(chance, _CLASS1[profile.standing])
    bought = 1 if happens(chance, 0.05) else 0
    applied = chance.randint(max(0, own - 1), own) if own else 0
    return {
        "registered_in_prc": True,
        "legal_person": not happens(chance, 0.005),
        "established_on": profile.established_on.isoformat(),
        "industry_code": profile.industry.code,
        "abnormal_list": happens(chance, 0.0 if profile.standing is Standing.STRONG else 0.018),
        "dishonest_list": happens(chance, 0.0 if profile.standing is Standing.STRONG else 0.006),
        "prohibited_product": happens(chance, 0.004),
        "accidents": _accidents(chance, today),
        "lead_product": profile.industry.product,
        "lead_product_in_sei": happens(chance, _EMERGING[profile.standing]),
        "ip_class1_high_value_count": chance.randint(0, own) if happens(chance, 0.2) else 0,
        "ip_class1_own_count": own,
        "ip_class1_count": own + bought,
        "ip_class2_count": chance.randint(0, 4 + 3 * own),
        "ip_class1_applied_count": applied,
        "ip_class1_applied_with_transferred_count": applied + bought,
        "science_awards": _awards(chance, profile, today),
        "honors": _honors(chance, profile, title, today),
        "rd_institutions": _rd_institutions(chance, profile),
        "equity_financing": _equity(chance, profile, today),
    }


def draw_scores(chance: random.Random, profile: Profile, year: int) -> tuple[dict[int, str], dict[int, str]]:
    """Development scores by calendar year: those of the official platform, and those the enterprise wrote itself."""
    low, high = _SCORE[profile.standing]
    if not happens(chance, _SCORED[profile.standing]):
        own = f"{chance.randint(max(low, 40), 85)}"
        return {}, ({year: own} if happens(chance, _SELF_SCORED[profile.standing]) else {})
    score = f"{chance.randint(low, high)}.{chance.randint(1, 9)}"
    if profile.boundary:
        score = chance.choice(("50", "49.99", "60", score))
    earlier = {year - 1: f"{chance.randint(low, high)}"} if happens(chance, 0.4) else {}
    return {year: score} | earlier, {}


def reported_only(chance: random.Random, values: Mapping[str, Value], share: float) -> dict[str, Value]:
    """The values that the enterprise reported; the rest is missing, neither zero nor false."""
    if not share:
        return dict(values)
    return {fact: value for fact, value in values.items() if chance.random() >= share}


def _days_ago(chance: random.Random, today: dt.date, low: int, high: int) -> str:
    return (today - dt.timedelta(days=chance.randint(low, high))).isoformat()


def _accidents(chance: random.Random, today: dt.date) -> list[dict[str, Scalar]]:
    if not happens(chance, 0.025):
        return []
    kind = weighted(chance, {"work_safety": 3, "quality": 2, "environment": 3, "tax_evasion": 1, "data_security": 0.5})
    severity = weighted(chance, {"ordinary": 4, "larger": 3, "major": 2})
    return [{"kind": kind, "severity": severity, "happened_on": _days_ago(chance, today, 30, 1800)}]


def _awards(chance: random.Random, profile: Profile, today: dt.date) -> list[dict[str, Scalar]]:
    if not happens(chance, _AWARD[profile.standing]):
        return []
    level = weighted(chance, {"national": 1, "ministerial": 1, "provincial": 5, "municipal": 3})
    # 1095 days ago is the first day that no longer counts.
    age = 1095 if profile.boundary else chance.randint(60, 1600)
    awarded = (today - dt.timedelta(days=age)).isoformat()
    return [{"level": level, "rank": chance.randint(1, 6), "awarded_on": awarded}]


def _honors(chance: random.Random, profile: Profile, title: Title | None, today: dt.date) -> list[dict[str, Scalar]]:
    honors: list[dict[str, Scalar]] = []
    if title is not None and title.valid_to is not None:
        honors.append({"kind": "high_tech", "valid_to": title.valid_to.isoformat()})
    if profile.standing is Standing.STRONG and happens(chance, 0.10):
        honors.append({"kind": "ip_advantage", "valid_to": _days_ago(chance, today, -900, 200)})
    if happens(chance, 0.06):
        honors.append({"kind": "other", "valid_to": _days_ago(chance, today, -900, -30)})
    return honors


def _rd_institutions(chance: random.Random, profile: Profile) -> list[dict[str, Scalar]]:
    if not happens(chance, _RD_BODY[profile.standing]):
        return []
    level = weighted(chance, {"national": 0.1, "provincial": 0.7, "municipal": 5, "below_municipal": 5})
    return [{"level": level, "recognised": level != "below_municipal" or happens(chance, 0.2)}]


def _equity(chance: random.Random, profile: Profile, today: dt.date) -> list[dict[str, Scalar]]:
    if not happens(chance, _EQUITY[profile.standing]):
        return []
    amount = 500 if profile.boundary else chance.choice((200, 300, 800, 1000, 2000, 3500, 6000))
    share = chance.randint(5, 38)
    return [
        {
            "closed_on": _days_ago(chance, today, 30, 1400),
            "amount_yuan": f"{amount * 10_000}.00",
            "registered_investor": happens(chance, 0.85),
            "equity_share": f"0.{share:02d}".rstrip("0"),
        }
    ]
