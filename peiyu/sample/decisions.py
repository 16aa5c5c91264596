"""What officials and enterprises decided: findings, consents; and the commissioners who look after them."""

from __future__ import annotations

import datetime as dt
import random

from peiyu.sample.chance import happens, weighted
from peiyu.sample.model import Commissioner, Consent, Finding
from peiyu.sample.places import PLACES
from peiyu.sample.profiles import Profile, Standing

INSTITUTIONS = {
    "demo-bank-a": "合成示例银行甲",
    "demo-bank-b": "合成示例银行乙",
    "demo-guarantor": "合成示例融资担保公司",
}
"""Demo institutions: code → name."""

PURPOSES = {"matching": "产品匹配", "credit_assessment": "授信评估", "post_loan": "贷后管理"}
"""Purposes of a consent: code → label."""

_FOUND = {Standing.STRONG: 0.82, Standing.PROMISING: 0.14, Standing.ORDINARY: 0.02, Standing.WEAK: 0.0}
_FAVOURABLE = {Standing.STRONG: 0.92, Standing.PROMISING: 0.5, Standing.ORDINARY: 0.15, Standing.WEAK: 0.0}
_CONSENTED = {Standing.STRONG: 0.40, Standing.PROMISING: 0.22, Standing.ORDINARY: 0.09, Standing.WEAK: 0.03}

_MET = ("合成示例：核心产品在细分市场排名靠前，行业内有一定知名度", "合成示例：主要客户为行业龙头，市场份额稳定")
_UNMET = ("合成示例：产品同质化明显，市场份额较小", "合成示例：提供的材料不足以说明市场地位")
_EVIDENCE = ("合成示例：企业说明与行业协会证明", "合成示例：第三方市场报告摘要", "合成示例：实地走访记录")


def draw_finding(chance: random.Random, profile: Profile, uscc: str, today: dt.date) -> Finding | None:
    """The officials' decision on the market position, mostly about enterprises that come into question."""
    if not happens(chance, _FOUND[profile.standing]):
        return None
    met = happens(chance, _FAVOURABLE[profile.standing])
    decided_on = today - dt.timedelta(days=chance.randint(5, 420))
    return Finding(
        uscc=uscc,
        fact="market_position_leading",
        decision="met" if met else "unmet",
        reason=chance.choice(_MET if met else _UNMET),
        evidence=chance.choice(_EVIDENCE),
        decided_on=decided_on,
        valid_until=decided_on + dt.timedelta(days=365 if happens(chance, 0.1) else 730),
    )


def draw_consent(chance: random.Random, profile: Profile, uscc: str, today: dt.date, number: int) -> list[Consent]:
    """The consents of one enterprise: to one institution, seldom to two; some withdrawn, some run out."""
    if not happens(chance, _CONSENTED[profile.standing]):
        return []
    institutions = chance.sample(list(INSTITUTIONS), 2 if happens(chance, 0.15) else 1)
    return [
        _consent(chance, uscc, institution, today, f"合成授权书-{number:05d}-{part}")
        for part, institution in enumerate(institutions, start=1)
    ]


def _consent(chance: random.Random, uscc: str, institution: str, today: dt.date, document: str) -> Consent:
    granted_on = today - dt.timedelta(days=chance.randint(3, 480))
    withdrawn_on = None
    if happens(chance, 0.09):
        withdrawn_on = granted_on + dt.timedelta(days=chance.randint(1, (today - granted_on).days))
    return Consent(
        uscc=uscc,
        institution=institution,
        purpose=weighted(chance, {"matching": 0.5, "credit_assessment": 0.35, "post_loan": 0.15}),
        document_number=document,
        granted_on=granted_on,
        expires_on=granted_on + dt.timedelta(days=365 if happens(chance, 0.7) else 730),
        withdrawn_on=withdrawn_on,
    )


def commissioners() -> tuple[Commissioner, ...]:
    """Four to eight per area, every district looked after by at least one."""
    people: list[Commissioner] = []
    for place in PLACES:
        largest_first = sorted((-share, code) for code, (_, share) in place.districts.items())
        districts = [code for _, code in largest_first]
        for seat in range(place.commissioners):
            number = len(people) + 1
            people.append(
                Commissioner(
                    id=f"demo-commissioner-{number:02d}",
                    name=f"合成专员{number:02d}",
                    unit=f"（合成示例）{place.city or place.districts[districts[0]][0]}企业服务中心",
                    districts=(districts[seat % len(districts)],),
                    capacity=100,
                )
            )
    return tuple(people)
