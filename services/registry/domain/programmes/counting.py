"""Where a target's number comes from: the port to the registers, and why an entry of a register is not counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.registry.domain.programmes.model import COUNTS, ONCE, Metric

REASONS = {
    "recorded_in_error": "登记有误，已收回",
    "publicized": "只公示，尚未认定",
    "later": "统计日之后才认定",
    "cancelled": "统计日前已取消",
    "expired": "统计日前已到期",
    "ended_undated": "已到期或复核未通过，终止日期未登记",
    "undated": "没有公告日期和有效期起，不能确认在统计期内",
    "before_window": "统计期之前已首次认定，不算新增",
    "not_among": "没有同时持有目标要求的另一称号",
    "not_holder": "不是持有目标要求的称号的企业",
    "other_level": "级别不是目标要求的",
    "revoked": "统计日前已撤销",
    "left": "统计日前已出库",
    "closed": "统计日前已撤并",
    "lacks": "还没有目标要求的项目，或数量不足",
    "outside": "登记地不在计划区域内",
    "district_missing": "登记地区划未填，不能确认在计划区域内",
    "not_listed": "未列入计划的企业名单",
}
"""Why an entry of a register, or the holder of a record, is not counted."""

NO_REGISTER = {"activity": "活动签到尚无登记"}
"""What the suite has no register of: the number is not known, and not zero."""

_ONE = {
    "pool": "企业数（一家企业计一次）",
    "carriers": "载体数",
    "projects": "项目数",
    "cases": "案例数",
}
_STANDS = {"items": "有效", "listing": "有效", "pool": "在库", "projects": "在库"}
_BEGINS = {
    "items": "首次认定",
    "listing": "首次上市、挂牌或报审",
    "pool": "首次入库（调整梯次、再次入库不算新增）",
    "projects": "入库",
    "cases": "发布",
}


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted. `start` null: who is on the register on `until`; else who is new from `start` to `until`."""

    start: dt.date | None
    until: dt.date


class Counts(Protocol):
    """A register in which targets are counted, limited to the enterprises of one programme."""

    def missing(self, metric: Metric) -> str:
        """Why the metric cannot be counted; empty where it can."""

    def subjects(self, metric: Metric, window: Window) -> int:
        """Of a metric that asks each carrier of a kind: how many there are."""

    def count(self, metric: Metric, windows: Sequence[Window], area: str | None = None) -> Mapping[Window, int]:
        """The counts of `windows`, each in the whole programme or in the part `area` of it."""

    def first(self, metric: Metric) -> dt.date | None:
        """The first day on which any record of the metric begins: the register says nothing about days before."""

    def ending(self, metric: Metric, on: dt.date, before: dt.date) -> int:
        """How many of those on the register on a day have a term that ends not later than `before`."""


def register_of(metric: Metric) -> str:
    """What the register is called in sentences."""
    return "台账" if metric.counts == "titles" else COUNTS[metric.counts]


def counted_words(metric: Metric, window: Window) -> str:
    """How a number came about: which register, which day or days, what is one."""
    if metric.counts == "titles":
        if window.start is None:
            return f"称号台账中 {window.until} 在册的企业数（有效和复核中，一家企业计一次）"
        return f"称号台账中 {window.start} 至 {window.until} 首次认定的企业数（复核、重新认定不算新增）"
    where = COUNTS[metric.counts]
    if metric.each is not None:
        return f"{where}中 {window.until} 有 {metric.least} 项以上有效“{metric.label}”的载体数"
    one = _ONE.get(metric.counts) or ("主体数" if metric.once == "subject" else "项目数") + f"（{ONCE[metric.once]}）"
    if window.start is None:
        return f"{where}中 {window.until} {_STANDS.get(metric.counts, '在册')}的{one}"
    return f"{where}中 {window.start} 至 {window.until} {_BEGINS.get(metric.counts, '登记')}的{one}"
