"""Names, credit codes and register entries of synthetic enterprises."""

from __future__ import annotations

import random

from peiyu.sample.chance import happens, weighted
from peiyu.sample.model import LABEL, Enterprise
from peiyu.sample.profiles import Profile, Standing
from services.registry.domain.uscc import ALPHABET, check_digit, organization_check_digit

_FIRST = "恒瑞锐卓启晟泽铭博宏昊朗睿旭凌翰嘉腾鼎沃科远华信诚达安泰盛精德润微迅荣新智创"
_SECOND = "源力达能川峰岳骏驰航宇翔辉耀联合图维思通拓捷凯元方正和裕隆兴成光明东升平康"
_FORMS = {"有限公司": 0.84, "股份有限公司": 0.08, "有限责任公司": 0.08}

# Register words of both vocabularies; a few enterprises are out of business.
_STATUSES = {
    "存续（在营、开业、在册）": 0.80,
    "在业": 0.14,
    "开业": 0.035,
    "停业": 0.008,
    "吊销，未注销": 0.007,
    "注销": 0.007,
    "迁出": 0.003,
}
_CAPITALS = (50, 100, 200, 300, 500, 800, 1000, 1200, 2000, 3000, 5000, 8000)

# Registrars give out MA… and the letters after it in order; XY is far from being reached.
_BODY = "XY"


class Identities:
    """Hands out credit codes and names, none of them twice."""

    def __init__(self) -> None:
        self._codes: set[str] = set()
        self._names: set[str] = set()

    def register(self, chance: random.Random, profile: Profile) -> Enterprise:
        """The register entry of an enterprise with this profile."""
        place, district = profile.place, profile.district
        other_address = happens(chance, 0.25)
        return Enterprise(
            uscc=self._code(chance, profile),
            name=self._name(chance, profile),
            district_code=district,
            address=place.address(district, chance.randint(1, 999)),
            business_address=place.address(district, chance.randint(1, 999)) if other_address else None,
            industry_code=profile.industry.code,
            established_on=profile.established_on,
            registered_capital=_capital(chance, profile),
            status="存续（在营、开业、在册）" if profile.standing is Standing.STRONG else weighted(chance, _STATUSES),
        )

    def _code(self, chance: random.Random, profile: Profile) -> str:
        """A valid credit code; as with real ones, its area is often that of the office, not of the district."""
        area = profile.district if happens(chance, 0.7) else profile.place.office
        while True:
            main = _BODY + "".join(chance.choices(ALPHABET, k=6))
            first17 = "91" + area + main + organization_check_digit(main)
            code = first17 + check_digit(first17)
            if code not in self._codes:
                self._codes.add(code)
                return code

    def _name(self, chance: random.Random, profile: Profile) -> str:
        town = profile.place.city or profile.place.districts[profile.district][0]
        for attempt in range(1000):
            longer = attempt > 0 or happens(chance, 0.3)
            brand = chance.choice(_FIRST) + "".join(chance.sample(_SECOND, 2 if longer else 1))
            form = weighted(chance, _FORMS)
            name = f"{LABEL}{town.rstrip('市区')}{brand}{profile.industry.trade}{form}"
            if name not in self._names:
                self._names.add(name)
                return name
        raise AssertionError("no unused name left for this district and trade")


def _capital(chance: random.Random, profile: Profile) -> str | None:
    if happens(chance, 0.04):
        return None
    larger = profile.standing in (Standing.STRONG, Standing.PROMISING)
    amount = chance.choice(_CAPITALS[4:] if larger else _CAPITALS[:8])
    return weighted(chance, {f"{amount}万元人民币": 0.93, f"{amount}.5万元人民币": 0.05, f"{amount // 5} 万美元": 0.02})
