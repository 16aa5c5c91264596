"""What an enterprise of the sample is like before any figure is drawn: how good, how old, how carefully it reports."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from enum import StrEnum

from peiyu.sample.chance import happens, weighted
from peiyu.sample.places import PLACES, Place


class Standing(StrEnum):
    """Four kinds of enterprise; every distribution of the sample hangs on them."""

    STRONG = "strong"
    PROMISING = "promising"
    ORDINARY = "ordinary"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Industry:
    """A GB/T 4754 class, what its firms call themselves and their main product, and revenue per head in 万元."""

    code: str
    trade: str
    product: str
    revenue_per_head: int


INDUSTRIES = (
    Industry("3525", "模具", "精密注塑模具", 60),
    Industry("3484", "精密机械", "高强度传动零件", 65),
    Industry("3670", "汽车部件", "轻量化底盘零件", 90),
    Industry("3824", "电力电子", "功率变换模块", 85),
    Industry("3829", "电气", "中压配电控制柜", 80),
    Industry("3831", "线缆", "耐火特种电缆", 130),
    Industry("3841", "新能源", "动力锂电池组", 120),
    Industry("3825", "光伏科技", "光伏逆变组件", 110),
    Industry("3981", "电子元件", "贴片电感", 60),
    Industry("3982", "电路科技", "高频印制电路板", 70),
    Industry("3985", "电子材料", "导热界面材料", 85),
    Industry("2651", "高分子材料", "改性工程塑料", 140),
    Industry("2669", "精细化工", "水处理药剂", 120),
    Industry("2929", "塑业", "医用塑料零件", 65),
    Industry("1781", "非织造", "过滤用非织造布", 75),
    Industry("3024", "新型建材", "轻质隔墙板", 80),
    Industry("3061", "玻纤", "玻璃纤维织物", 75),
    Industry("3252", "铝业", "高精铝板带", 160),
    Industry("2740", "药业", "中成药颗粒", 85),
    Industry("3584", "医疗器械", "微创手术器械", 75),
    Industry("3443", "阀门", "高压调节阀", 70),
    Industry("3451", "轴承", "精密滚动轴承", 60),
    Industry("3491", "智能装备", "搬运机器人", 95),
    Industry("3562", "半导体装备", "晶圆清洗设备", 110),
    Industry("4011", "自动化", "过程控制系统", 80),
    Industry("4014", "仪器", "水质分析仪", 70),
    Industry("1371", "食品", "脱水蔬菜", 70),
    Industry("1432", "速冻食品", "速冻调理食品", 80),
    Industry("2110", "家居", "定制木质家具", 50),
    Industry("6513", "软件", "工业管理软件", 45),
    Industry("6531", "信息技术", "物联网集成系统", 55),
    Industry("6550", "数据科技", "工业数据存储服务", 60),
    Industry("7320", "技术研究", "材料检测技术服务", 40),
    Industry("4620", "环保", "工业废水处理服务", 90),
)

_SHARES = {Standing.STRONG: 0.13, Standing.PROMISING: 0.25, Standing.ORDINARY: 0.46, Standing.WEAK: 0.16}

# Youngest year of establishment, counted back from t.
_YOUNGEST = {Standing.STRONG: 5, Standing.PROMISING: 3, Standing.ORDINARY: 0, Standing.WEAK: 0}

# Share of cells that stay empty → how many enterprises report so.
_GAPS: dict[Standing, dict[float, float]] = {
    Standing.STRONG: {0.0: 0.60, 0.05: 0.28, 0.22: 0.12},
    Standing.PROMISING: {0.0: 0.46, 0.06: 0.38, 0.26: 0.16},
    Standing.ORDINARY: {0.0: 0.28, 0.08: 0.50, 0.24: 0.22},
    Standing.WEAK: {0.0: 0.25, 0.08: 0.50, 0.28: 0.25},
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The drawn character of one enterprise. `gaps` is the share of its cells that it leaves empty."""

    standing: Standing
    place: Place
    district: str
    industry: Industry
    established_on: dt.date
    gaps: float
    large: bool
    boundary: bool


def draw_profile(chance: random.Random, index: int, year: int) -> Profile:
    """Draw one enterprise; the five areas take turns. `year` is t."""
    place = PLACES[index % len(PLACES)]
    standing = weighted(chance, _SHARES)
    age = int(chance.triangular(_YOUNGEST[standing], 26, 8))
    return Profile(
        standing=standing,
        place=place,
        district=weighted(chance, {code: share for code, (_, share) in place.districts.items()}),
        industry=chance.choice(INDUSTRIES),
        established_on=dt.date(year - age, chance.randint(1, 12), chance.randint(1, 28)),
        gaps=weighted(chance, _GAPS[standing]),
        large=standing is not Standing.WEAK and happens(chance, 0.012),
        boundary=happens(chance, 0.12),
    )
