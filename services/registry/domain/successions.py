"""Mergers and divisions: who carries on, and what becomes of each title."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chassis.errors import FieldProblem
from services.registry.domain.file_errors import ChangeRequestInvalid
from services.registry.domain.titles import HELD, TITLES

DISSOLVED = "deregistered"
"""The registration status of an enterprise that ended by merger or division: 注销."""


def dissolved(name: str, successors: Sequence[str]) -> str:
    """What is told of a closed file."""
    told = "、".join(successors)
    return (
        f"“{name}”已合并或分立，档案不再使用；承继企业的统一社会信用代码为 {told}，请改查承继企业。"
        "过去的状态可以用 as_of 查询，变更历史可以照常查看"
    )


def require_sound_act(
    act: str,
    details: Mapping[str, Any],
    *,
    uscc: str,
    known: Mapping[str, Any],
    titles: Sequence[Any],
    held_by: Mapping[str, Collection[str]],
    effective_on: dt.date | None,
) -> None:
    """Raise ChangeRequestInvalid unless the act can be done.

    `known`: registered enterprises among the successors, by code. `titles`: records of the one that ends. `held_by`:
    successor → titles it holds itself.
    """
    problems: list[FieldProblem] = []
    successors = list(details["successors"])
    for number, code in enumerate(successors):
        where = f"{act}.successors[{number}]"
        row = known.get(code)
        if code == uscc or code in successors[:number]:
            message = "承继企业不能是本企业，也不能重复填写"
            problems.append(FieldProblem(where, message, "successor-repeated", code, "另一家已登记的企业"))
        elif row is None:
            message = f"没有登记统一社会信用代码为 {code} 的企业，请先登记承继企业"
            problems.append(FieldProblem(where, message, "successor-not-registered", code, "已登记的企业"))
        elif row.dissolved_into is not None:
            message = dissolved(row.name, row.dissolved_into)
            problems.append(FieldProblem(where, message, "successor-dissolved", code, "仍在使用的档案"))
    if effective_on is None:
        message = "合并、分立须写明生效日期（登记机关核准之日）"
        problems.append(FieldProblem("effective_on", message, "required", None, "YYYY-MM-DD"))
    mine = {str(record.id): record for record in titles}
    seen: set[str] = set()
    for number, wanted in enumerate(details["titles"]):
        where = f"{act}.titles[{number}]"
        record = mine.get(wanted["title_id"])
        if record is None or record.state not in HELD or wanted["title_id"] in seen:
            message = "该企业没有这条有效的称号记录，或重复填写"
            problems.append(FieldProblem(f"{where}.title_id", message, "title-not-held", wanted["title_id"]))
            continue
        seen.add(wanted["title_id"])
        label = TITLES[record.title]
        if wanted["successor"] not in successors:
            message = f"“{label}”的承继企业不在 successors 中"
            problems.append(FieldProblem(f"{where}.successor", message, "successor-unknown", wanted["successor"]))
        elif record.title in held_by.get(wanted["successor"], ()):
            message = f"承继企业自己持有“{label}”，无需转移"
            problems.append(FieldProblem(where, message, "title-held-already", wanted["successor"]))
        if not wanted.get("document_number") and not wanted.get("decision_reference"):
            message = f"“{label}”由谁持有只凭认定机关的文件：请填写文号或决定依据；没有的，请不要列出，称号留在原档案"
            problems.append(
                FieldProblem(f"{where}.document_number", message, "document-missing", None, "文号或决定依据")
            )
        if effective_on is not None and record.valid_from is not None and effective_on <= record.valid_from:
            expected = f"晚于 {record.valid_from.isoformat()}"
            message = f"“{label}”的有效期晚于合并、分立的生效日期，请核对"
            problems.append(
                FieldProblem("effective_on", message, "before-validity", effective_on.isoformat(), expected)
            )
    if problems:
        raise ChangeRequestInvalid("变更申请有误，请按 errors 中的说明修改后重试", problems=problems)
