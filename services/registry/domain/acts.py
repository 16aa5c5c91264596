"""An official act on a title, as a request states it: complete and without contradiction, or refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Any

from chassis.errors import FieldProblem
from services.registry.domain.errors import TitleInvalid
from services.registry.domain.titles import act_key, state_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What an official document says of one title of one enterprise."""

    title: str
    batch: str | None = None
    document_number: str | None = None
    decision_reference: str | None = None
    issued_by: str | None = None
    announced_on: dt.date | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    state: str = "valid"

    @property
    def key(self) -> str:
        """What tells it from other acts on the same title."""
        return act_key(self.batch, self.document_number or self.decision_reference or "")


def columns_of_act(act: Act, today: dt.date) -> dict[str, Any]:
    """The columns of the ledger; a title whose last day is over is recorded as expired."""
    values = {field.name: getattr(act, field.name) for field in fields(act)}
    return {**values, "act_key": act.key, "state": state_on(act.state, act.valid_to, today)}


def require_sound(act: Act, today: dt.date) -> None:
    """Raise TitleInvalid unless the act names its document and its dates are possible."""
    problems: list[FieldProblem] = []
    if not act.document_number and not act.decision_reference:
        message = "称号只凭正式文件登记：请填写公告文号（document_number）或决定依据（decision_reference）"
        problems.append(FieldProblem("document_number", message, "document-missing", None, "公告文号或决定依据"))
    if act.announced_on is not None and act.announced_on > today:
        expected = f"不晚于 {today.isoformat()}"
        found = act.announced_on.isoformat()
        problems.append(FieldProblem("announced_on", "公告日期晚于今天，请核对", "date-in-future", found, expected))
    if act.valid_from is not None and act.valid_to is not None and act.valid_to < act.valid_from:
        expected = f"不早于 {act.valid_from.isoformat()}"
        found = act.valid_to.isoformat()
        problems.append(FieldProblem("valid_to", "有效期止早于有效期起，请核对", "validity-reversed", found, expected))
    if problems:
        raise TitleInvalid("称号记录有误，请按 errors 中的说明修改后重试", problems=problems)


def require_past(cancelled_on: dt.date, today: dt.date) -> None:
    """Raise TitleInvalid when a cancellation is dated later than today."""
    if cancelled_on > today:
        message, expected = "取消决定的日期晚于今天，请核对", f"不晚于 {today.isoformat()}"
        problem = FieldProblem("cancelled_on", message, "date-in-future", cancelled_on.isoformat(), expected)
        raise TitleInvalid("取消日期有误，请按 errors 中的说明修改后重试", problems=[problem])
