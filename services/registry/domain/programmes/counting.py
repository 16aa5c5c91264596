"""Where a target's number comes from: the port to the registers, and why an enterprise is not counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.registry.domain.programmes.model import Metric

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
    "outside": "登记地不在计划区域内",
    "district_missing": "登记地区划未填，不能确认在计划区域内",
    "not_listed": "未列入计划的企业名单",
}
"""Why a holder of a record is not counted."""

NO_REGISTER = {
    "items": "目标统计尚未接入认定事项登记（技术中心、绿色工厂、智能车间等），数见“认定事项”",
    "pool": "目标统计尚未接入培育库，数见“培育库”",
    "listing": "上市挂牌进程尚无登记",
    "activity": "活动签到尚无登记",
}
"""What targets are not counted in yet, or what the suite has no register of: the number is not known, and not zero."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted. `start` null: who is on the register on `until`; else who is new from `start` to `until`."""

    start: dt.date | None
    until: dt.date


class Counts(Protocol):
    """A register in which targets are counted, limited to the enterprises of one programme."""

    def missing(self, metric: Metric) -> str:
        """Why the metric cannot be counted; empty where it can."""

    def count(self, metric: Metric, windows: Sequence[Window], area: str | None = None) -> Mapping[Window, int]:
        """The counts of `windows`, each in the whole programme or in the part `area` of it."""

    def first(self, metric: Metric) -> dt.date | None:
        """The first day on which any record of the metric begins: the register says nothing about days before."""

    def ending(self, metric: Metric, on: dt.date, before: dt.date) -> int:
        """How many of those on the register on a day have a term that ends not later than `before`."""
