"""A million made-up enterprises to search in: names of places, brands and trades, titles and sizes at usual shares."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from services.registry.domain.search.classes import BANDS, tier_of, weight_of
from services.registry.domain.search.readings import readings
from services.registry.domain.search.tokens import district_tokens, filter_token, index_name, sample_tokens
from services.registry.store.reference import Reference
from services.registry.store.search_index import _places, revenue_token

FIRST = (
    "恒瑞锐卓启晟泽铭博宏昊朗睿旭凌翰嘉腾鼎沃科远华信诚达安泰盛精德润微迅荣新智创天海中国金银龙凤鸿鹏飞宝富贵祥庆丰"
    "顺永吉万千百亿三正大东西南北春夏秋青绿蓝红白紫玉珠晶星月阳光云风雷电山水江河湖林森木石岩川源"
)
SECOND = (
    "源力达能川峰岳骏驰航宇翔辉耀联合图维思通拓捷凯元方正和裕隆兴成光明东升平康泰富丰盛茂荣昌顺利来发财华美丽佳好优"
    "良特奇异景致雅静宁安定固强劲健壮伟宏博广阔深远长久恒永"
)
TRADES = (  # noqa: SIM905 - easier to read and to change
    "科技 机械 精密机械 电子 电子科技 自动化 模具 智能装备 新材料 生物科技 环保科技 汽车零部件 "
    "建材 食品 医疗器械 信息技术 软件 网络科技 贸易 物流 化工 塑料制品 五金制品 电气 电力设备 "
    "新能源 光电 仪器仪表 纺织 服饰 包装 印刷 农业发展 工程 建筑工程 装饰 商贸 实业 投资 "
    "管理咨询 文化传媒 教育科技 药业 制药 轴承 阀门 铸造 机电 制冷设备 泵业 电缆 半导体 "
    "集成电路 机器人 航空科技 轨道交通装备 船舶 玻璃 陶瓷 家具 玩具 体育用品 饮料 酒业 茶业 "
    "种业 饲料 水产 木业 纸业 橡胶"
).split()
FORMS = ("有限公司",) * 84 + ("股份有限公司",) * 8 + ("有限责任公司",) * 8
SIZES = ("micro",) * 70 + ("small",) * 24 + ("medium",) * 5 + ("large",)
LISTINGS = ("unlisted",) * 985 + ("regional",) * 10 + ("neeq",) * 3 + ("bse", "szse")
COLUMNS = ("uscc", "name_key", "core", "pinyin", "initials", "weight", "version", "tokens")


def names(chance: random.Random, known: Reference, count: int) -> Iterator[tuple[str, str]]:
    """(name, district code): three quarters begin with a city or province, the others with a county."""
    current = known.places.divisions.current.values()
    wide = [each for each in current if each.level in ("city", "province") and len(each.name) <= 8]
    counties = [each for each in current if each.level == "county"]
    weights = [1 / (1 + place * 0.12) for place in range(len(TRADES))]
    for _ in range(count):
        county = chance.choice(counties)
        place = chance.choice(wide).name.removesuffix("市") if chance.random() < 0.75 else county.name
        brand = chance.choice(FIRST) + "".join(chance.sample(SECOND, 2 if chance.random() < 0.35 else 1))
        if chance.random() < 0.05:
            brand = chance.choice(("ABC", "TCL", "3D", "Hi")) + brand
        yield place + brand + chance.choices(TRADES, weights)[0] + chance.choice(FORMS), county.code


def rows(known: Reference, count: int, year: int, seed: int = 7) -> Iterator[Sequence[Any]]:
    """Rows of search_names as the index would have them."""
    chance = random.Random(seed)
    places, spoken = _places(known), readings()
    for number, (name, district) in enumerate(names(chance, known, count)):
        key = name.lower()
        indexed = index_name(key, places, spoken)
        size = chance.choice(SIZES)
        held = {"specialized_sme"} if chance.random() < 0.012 else set()
        held |= {"little_giant"} if chance.random() < 0.0015 else set()
        held |= {"innovative_sme"} if chance.random() < 0.03 else set()
        held |= {"high_tech"} if chance.random() < 0.04 else set()
        weight = weight_of(held, size)
        tokens = [*indexed.tokens, *district_tokens(district), filter_token("size", size)]
        tokens += [filter_token("title", each) for each in held] + [filter_token("tier", tier_of(held))]
        tokens += [filter_token("listing", chance.choice(LISTINGS)), filter_token("weight", str(weight))]
        tokens += [filter_token("flag", "none" if chance.random() < 0.97 else "abnormal_operation")]
        tokens += [filter_token("status", "active"), filter_token("synthetic", "true")]
        if chance.random() < 0.3:
            tokens.append(revenue_token(year, chance.choice(list(BANDS))))
        code = f"91{district}{number:010d}"
        tokens += sample_tokens(code)
        yield code, key, indexed.core, indexed.pinyin, indexed.initials, weight, 1, sorted(set(tokens))
