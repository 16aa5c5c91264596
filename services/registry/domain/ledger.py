"""What the ledger keeps of the change of a record, and the documents that acts are done by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.errors import FieldProblem
from services.registry.domain.errors import TitleActInvalid, TitleActRefused
from services.registry.domain.life_cycle import ACTS, STAGES, LifeCycle, labels

TRACKED = (
    "state",
    "review_outcome",
    "batch",
    "document_number",
    "decision_reference",
    "issued_by",
    "announced_on",
    "valid_from",
    "valid_to",
    "cancelled_kind",
    "cancelled_reason",
    "cancelled_on",
    "reapply_ban",
    "banned_until",
)
"""The columns whose changes make up a record's history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAct:
    """An act on a record as a request states it: what is done, on which day, by which document.

    `valid_from` and `valid_to` are those of the document of a recognition or of a passed review; of a failed review
    `valid_to` is the last day that the title still counts.
    """

    act: str
    on: dt.date
    document_number: str | None = None
    decision_reference: str | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    reason: str | None = None


def of_record(record: Any) -> dict[str, Any]:
    """The tracked columns of a row, or of a mapping with its columns."""
    if isinstance(record, Mapping):
        return {name: record.get(name) for name in TRACKED}
    return {name: getattr(record, name) for name in TRACKED}


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Column → [before, after], in JSON values; of a new record all that it states."""
    old = before or {}
    return {name: [_plain(old.get(name)), _plain(after[name])] for name in TRACKED if old.get(name) != after[name]}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def require_possible(cycle: LifeCycle, stage: str, act: str) -> str:
    """The stage that the act leads to. Raises TitleActRefused where the title's process does not allow it."""
    transition = cycle.process.transitions.get(act)
    if transition is not None and stage in transition.sources:
        return transition.target
    possible = "、".join(ACTS[each.act] for each in cycle.acts_in(stage) if each.act != "expire")
    if transition is None:
        message = f"“{cycle.process.label}”的称号没有“{ACTS[act]}”这一步"
    else:
        message = f"该称号现为“{STAGES[stage][0]}”，只有处于{labels(transition.sources)}时才能“{ACTS[act]}”"
    raise TitleActRefused(f"{message}；现在可以办理：{possible or '无'}", stage=stage)


def require_sound_act(
    stated: StatedAct, *, today: dt.date, begins: dt.date | None, ends: dt.date | None, cycle: LifeCycle
) -> None:
    """Raise TitleActInvalid unless the act names its document and its dates are possible.

    `begins` and `ends` are the record's validity so far. That a passed review moves the end on is for the document to
    say: what the provisions let expect is told, and not filled in.
    """
    problems: list[FieldProblem] = []
    if not stated.document_number and not stated.decision_reference:
        message = f"“{ACTS[stated.act]}”只凭正式文件办理：请填写文号（document_number）或决定依据（decision_reference）"
        problems.append(FieldProblem("document_number", message, "document-missing", None, "文号或决定依据"))
    if stated.on > today:
        expected = f"不晚于 {today.isoformat()}"
        problems.append(
            FieldProblem("on", "文件日期晚于今天，请核对", "date-in-future", stated.on.isoformat(), expected)
        )
    if stated.act in ("recognise", "pass_review"):
        problems += _validity(stated, begins, ends, cycle)
    elif stated.valid_from is not None or (stated.valid_to is not None and stated.act != "fail_review"):
        message = f"“{ACTS[stated.act]}”不改变有效期，请去掉 valid_from 和 valid_to"
        problems.append(FieldProblem("valid_to", message, "validity-not-asked"))
    elif stated.valid_to is not None and stated.valid_to > today:
        message = "复核未通过的，称号的最后有效日不能晚于今天；如仍有效，请到期后再办理"
        expected = f"不晚于 {today.isoformat()}"
        problems.append(FieldProblem("valid_to", message, "date-in-future", stated.valid_to.isoformat(), expected))
    if problems:
        raise TitleActInvalid("填写有误，请按 errors 中的说明修改后重试", problems=problems)


def _validity(stated: StatedAct, begins: dt.date | None, ends: dt.date | None, cycle: LifeCycle) -> list[FieldProblem]:
    starts = stated.valid_from or begins or stated.on
    if stated.act == "pass_review" and ends is not None:
        starts = stated.valid_from or ends + dt.timedelta(days=1)
    proposed = cycle.proposed_end(starts)
    hint = f"；按现行规定推算为 {proposed.isoformat()}，须以文件为准" if proposed else ""
    if stated.act == "pass_review" and stated.valid_to is None:
        message = "复核通过的，请填写文件写明的有效期止" + hint
        return [FieldProblem("valid_to", message, "validity-missing", None, "文件写明的最后有效日")]
    if stated.valid_to is None:
        return []
    if stated.valid_to < starts:
        expected = f"不早于 {starts.isoformat()}"
        found = stated.valid_to.isoformat()
        return [FieldProblem("valid_to", "有效期止早于有效期起，请核对" + hint, "validity-reversed", found, expected)]
    if stated.act == "pass_review" and ends is not None and stated.valid_to <= ends:
        expected, found = f"晚于 {ends.isoformat()}", stated.valid_to.isoformat()
        message = "复核通过延长有效期，有效期止应晚于原来的" + hint
        return [FieldProblem("valid_to", message, "validity-not-extended", found, expected)]
    return []
