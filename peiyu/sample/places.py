"""Where the sample's enterprises are: the districts of the first five customers, with their shares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One customer's area. `districts`: GB/T 2260 code → (name, share of the area's enterprises)."""

    key: str
    province: str
    city: str
    office: str
    commissioners: int
    districts: dict[str, tuple[str, float]]

    def address(self, district: str, number: int) -> str:
        """An address that shows what it is: every street is called 合成路."""
        return f"{self.province}{self.city}{self.districts[district][0]}合成路{number}号"


PLACES = (
    Place("jiulongpo", "重庆市", "", "500000", 8, {"500107": ("九龙坡区", 1.0)}),
    Place(
        "suzhou",
        "安徽省",
        "宿州市",
        "341300",
        8,
        {
            "341302": ("埇桥区", 0.40),
            "341321": ("砀山县", 0.15),
            "341322": ("萧县", 0.17),
            "341323": ("灵璧县", 0.14),
            "341324": ("泗县", 0.14),
        },
    ),
    Place("qianjiang", "重庆市", "", "500114", 6, {"500114": ("黔江区", 1.0)}),
    Place(
        "zhenjiang",
        "江苏省",
        "镇江市",
        "321100",
        8,
        {
            "321102": ("京口区", 0.14),
            "321111": ("润州区", 0.13),
            "321112": ("丹徒区", 0.13),
            "321181": ("丹阳市", 0.30),
            "321182": ("扬中市", 0.16),
            "321183": ("句容市", 0.14),
        },
    ),
    Place(
        "xining",
        "青海省",
        "西宁市",
        "630100",
        7,
        {
            "630102": ("城东区", 0.20),
            "630103": ("城中区", 0.12),
            "630104": ("城西区", 0.16),
            "630105": ("城北区", 0.22),
            "630106": ("湟中区", 0.14),
            "630121": ("大通回族土族自治县", 0.10),
            "630123": ("湟源县", 0.06),
        },
    ),
)
"""九龙坡, 宿州, 黔江, 镇江, 西宁. `office` is the code that many of their credit codes carry."""
