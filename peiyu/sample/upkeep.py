"""What 63 号 asks beside the form: revenue of the lead product (附件4（十）) and the yearly update (第十四条)."""

from __future__ import annotations

import random
from collections.abc import Mapping

from peiyu.sample.chance import between, happens
from peiyu.sample.model import Value
from peiyu.sample.profiles import Profile, Standing

_MISSED = {Standing.STRONG: 0.005, Standing.PROMISING: 0.02, Standing.ORDINARY: 0.06, Standing.WEAK: 0.15}


def draw_lead_product_revenue(chance: random.Random, values: Mapping[str, Value]) -> dict[str, Value]:
    """One year, in 元: most of the main revenue, since the lead product is what the main business sells."""
    main = int(str(values["main_revenue_yuan"]).partition(".")[0])
    return {"lead_product_revenue_yuan": f"{round(main * between(chance, 0.75, 1.0) / 100) * 100}.00"}


def draw_missed_update(chance: random.Random, profile: Profile) -> dict[str, Value]:
    """As of the day: careless enterprises miss it more often."""
    return {"info_update_missed": happens(chance, _MISSED[profile.standing])}
