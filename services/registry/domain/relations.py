"""Who controls, holds or belongs together with an enterprise, and the public risk flags with their grounds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from chassis.errors import FieldProblem
from services.registry.domain.file_errors import RelationInvalid, RiskRecordInvalid

RELATIONS = {
    "controls": "控股",
    "holds": "参股",
    "actual_controller": "实际控制人",
    "group": "集团母公司",
}
"""What the holder is to the enterprise."""
HOLDERS = {"enterprise": "企业", "person": "自然人", "public": "国有资产管理机构或其他单位"}
RISK_SOURCES = {
    "gsxt": "国家企业信用信息公示系统",
    "credit_china": "信用中国",
    "court": "法院公示",
    "department": "主管部门函告",
    "visit": "走访核实",
}


def require_sound_relation(
    *,
    uscc: str,
    kind: str,
    holder: str,
    holder_uscc: str | None,
    share: Decimal | None,
    valid_from: dt.date | None,
    valid_to: dt.date | None,
    today: dt.date,
) -> None:
    """Raise RelationInvalid unless the relation is possible. `share` is a ratio."""
    problems: list[FieldProblem] = []
    if holder_uscc == uscc:
        message = "企业不能是自己的股东或控制人"
        problems.append(FieldProblem("holder_uscc", message, "own-holder", holder_uscc, "另一家企业"))
    if holder == "person" and holder_uscc is not None:
        problems.append(
            FieldProblem("holder_uscc", "自然人没有统一社会信用代码", "person-with-code", holder_uscc, "不填")
        )
    if share is not None and not 0 < share <= 1:
        message = "持股比例应大于 0、不超过 1（1 为 100%）"
        problems.append(FieldProblem("share", message, "share-out-of-range", str(share), "如 0.51"))
    if kind == "holds" and share is None:
        problems.append(FieldProblem("share", "参股须填写持股比例", "share-missing", None, "如 0.15"))
    if valid_from is not None and valid_from > today:
        expected = f"不晚于 {today.isoformat()}"
        message = "开始日期晚于今天，请核对"
        problems.append(FieldProblem("valid_from", message, "date-in-future", valid_from.isoformat(), expected))
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        expected = f"不早于 {valid_from.isoformat()}"
        message = "结束日期早于开始日期，请核对"
        problems.append(FieldProblem("valid_to", message, "validity-reversed", valid_to.isoformat(), expected))
    if problems:
        raise RelationInvalid("关联关系有误，请按 errors 中的说明修改后重试", problems=problems)


def require_risk_dates(listed_on: dt.date, lifted_on: dt.date | None, today: dt.date) -> None:
    """Raise RiskRecordInvalid unless the days are past and in order."""
    field, day = ("listed_on", listed_on) if lifted_on is None else ("lifted_on", lifted_on)
    if day > today:
        message, expected = "日期晚于今天，请核对", f"不晚于 {today.isoformat()}"
        problem = FieldProblem(field, message, "date-in-future", day.isoformat(), expected)
        raise RiskRecordInvalid(message, problems=[problem])
    if lifted_on is not None and lifted_on < listed_on:
        message, expected = "移出日期早于列入日期，请核对", f"不早于 {listed_on.isoformat()}"
        problem = FieldProblem("lifted_on", message, "dates-reversed", lifted_on.isoformat(), expected)
        raise RiskRecordInvalid(message, problems=[problem])
