"""The task ledger: which periods a task has, when it is due, and how it is closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.working_days import WorkingDays
from services.registry.domain.programmes.errors import TaskNotFound, TaskStateWrong
from services.registry.domain.programmes.model import Programme, Task

STATES = {"open": "待办", "reported": "已报送，待审核", "returned": "已退回", "closed": "已销号"}
DECISIONS = {"accepted": "通过", "returned": "退回"}
WHOLE = 0
"""The period of a task that is not done every year."""


@dataclass(frozen=True, slots=True)
class Due:
    """The day, null where nobody has set one, and where it comes from."""

    on: dt.date | None
    basis: str


def periods_of(task: Task, programme: Programme) -> Sequence[int]:
    """The years of a task of every year; the whole plan (0) for any other."""
    return list(programme.period.years) if task.deadline.kind == "yearly" else [WHOLE]


def require_period(task: Task, programme: Programme, period: int) -> None:
    known = periods_of(task, programme)
    if period not in known:
        wanted = "0（整个计划期）" if known == [WHOLE] else "、".join(map(str, known))
        raise TaskNotFound(f"任务 {task.id} 没有期间 {period}，可用：{wanted}")


def due_of_task(task: Task, period: int) -> Due:
    """As the document says; it says nothing for most tasks."""
    deadline = task.deadline
    if deadline.kind == "dated":
        return Due(deadline.on, deadline.quote)
    if deadline.kind == "yearly" and deadline.month_day is not None:
        return Due(dt.date(period, *deadline.month_day), deadline.quote)
    if deadline.kind == "event":
        return Due(None, f"{deadline.quote}（{deadline.event}）")
    return Due(None, "文件没有写明时限")


def level_of(late: int, steps: Sequence[int]) -> int:
    """How many steps of escalation have passed: `late` and `steps` are working days after the deadline."""
    return sum(late >= step for step in steps)


def due_within(days: WorkingDays, since: dt.date, number: int, basis: str) -> tuple[dt.date, str]:
    """The `number`-th working day after `since`, and the basis with how it was reckoned."""
    found = days.after(since, number)
    reckoned = f"自 {since} 起 {number} 个工作日" + (f"，{found.note}" if found.note else "")
    return found.day, f"{basis}（{reckoned}）"


def require_reportable(state: str) -> None:
    if state == "closed":
        raise TaskStateWrong("这项任务已销号；如需重新办理，请由主管部门退回最后一次报送")
    if state == "reported":
        raise TaskStateWrong("上一次报送还在审核，请等审核后再报送")
