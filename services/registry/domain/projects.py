"""Major industrial projects (重大产业项目库): their stages, and what a record of one must say."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from chassis.errors import FieldProblem
from services.registry.domain.errors import ItemInvalid

STAGES = {
    "reserve": "储备",
    "approved": "立项",
    "started": "开工",
    "building": "在建",
    "completed": "竣工",
    "operating": "投产",
    "suspended": "停建",
}
THEMES = {
    "cultivation": "梯度培育",
    "finance": "融资服务",
    "service": "企业服务",
    "digital": "数字化转型",
    "green": "绿色低碳",
    "innovation": "技术创新",
    "brand": "质量品牌",
    "supply_chain": "产业链协同",
    "talent": "人才",
    "other": "其他",
}
"""What a typical case (典型案例) is about: the fields of work of the five plans."""


def require_sound_project(
    *,
    investment_yuan: Decimal | None,
    entered_on: dt.date,
    starts_on: dt.date | None,
    ends_on: dt.date | None,
    left_on: dt.date | None,
    left_reason: str | None,
    today: dt.date,
) -> None:
    """Raise ItemInvalid unless figures and dates of a project are possible; plans may lie ahead, entries may not."""
    problems = []
    if investment_yuan is not None and investment_yuan <= 0:
        message = "总投资应大于 0（单位：元）；未知的请不要填写"
        problems.append(
            FieldProblem("investment_yuan", message, "amount-impossible", str(investment_yuan), "大于 0 的金额")
        )
    if entered_on > today:
        problems.append(_late("entered_on", "入库日期", entered_on, today))
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        expected, found = f"不早于 {starts_on.isoformat()}", ends_on.isoformat()
        problems.append(FieldProblem("ends_on", "竣工日期早于开工日期，请核对", "period-reversed", found, expected))
    if left_on is not None and left_on > today:
        problems.append(_late("left_on", "出库日期", left_on, today))
    if left_on is not None and left_on < entered_on:
        expected, found = f"不早于 {entered_on.isoformat()}", left_on.isoformat()
        problems.append(FieldProblem("left_on", "出库日期早于入库日期，请核对", "period-reversed", found, expected))
    if (left_on is None) != (left_reason is None):
        problems.append(FieldProblem("left_reason", "出库日期和出库原因须同时填写", "reason-missing"))
    if problems:
        raise ItemInvalid("项目填写有误，请按 errors 中的说明修改后重试", problems=problems)


def _late(field: str, label: str, found: dt.date, today: dt.date) -> FieldProblem:
    expected = f"不晚于 {today.isoformat()}"
    return FieldProblem(field, f"{label}晚于今天，请核对", "date-in-future", found.isoformat(), expected)
