"""A change request before it is one: what it may ask for, what it lacks, and where the file has moved on since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.errors import FieldProblem
from services.registry.domain.change_rules import (
    ASKERS,
    ENTERPRISE,
    OFFICIAL,
    ChangeRule,
)
from services.registry.domain.enterprises import FIELDS, Identity
from services.registry.domain.file_errors import ChangeRequestInvalid
from services.registry.domain.past import LABELS, identity_from, shown

ACT_LABELS = {"merge": "合并", "split": "分立"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for: fields of Identity with their wanted values, or an act, and on what ground."""

    fields: Mapping[str, Any]
    reason: str
    evidence: Sequence[Mapping[str, Any]] = ()
    effective_on: dt.date | None = None
    act: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Of an act, in JSON values."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A field that is not on file any more as it was when its change was asked for."""

    field: str
    base: Any
    present: Any
    wanted: Any


def require_askable(asked: Asked, bound: Sequence[ChangeRule], *, official: bool, today: dt.date) -> None:
    """Raise ChangeRequestInvalid with everything that keeps it from being filed."""
    asker = OFFICIAL if official else ENTERPRISE
    problems: list[FieldProblem] = []
    for rule in bound:
        label = LABELS.get(rule.code) or ACT_LABELS[rule.code]
        where = f"fields.{rule.code}" if rule.code in LABELS else rule.code
        if asker not in rule.ask:
            allowed = "、".join(ASKERS[each] for each in rule.ask)
            message = f"“{label}”不能由{ASKERS[asker]}提出变更，请联系主管部门（{rule.why}）"
            problems.append(FieldProblem(where, message, "asker-not-allowed", ASKERS[asker], allowed))
        elif rule.wants_evidence(asker) and not asked.evidence:
            message = f"变更“{label}”须填写依据（{rule.why}）"
            problems.append(FieldProblem("evidence", message, "evidence-missing", None, "至少一份文件的名称和文号"))
    if not bound:
        message = "申请内容与档案现有内容相同，没有需要变更的字段"
        problems.append(FieldProblem("fields", message, "nothing-changes", None, "至少一个与档案不同的值"))
    if asked.act and asked.fields:
        message = f"{ACT_LABELS[asked.act]}申请不能同时变更字段，请分开提出"
        problems.append(FieldProblem("fields", message, "act-and-fields", None, "不填 fields"))
    if asked.effective_on is not None and asked.effective_on > today:
        message = "生效日期晚于今天；请在变更生效后再提出"
        expected = f"不晚于 {today.isoformat()}"
        found = asked.effective_on.isoformat()
        problems.append(FieldProblem("effective_on", message, "date-in-future", found, expected))
    if problems:
        raise ChangeRequestInvalid("变更申请有误，请按 errors 中的说明修改后重试", problems=problems)


def stored(identity: Identity, fields: Sequence[str]) -> dict[str, Any]:
    """The values of these fields, as kept states hold them."""
    return {name: shown(getattr(identity, name)) for name in fields}


def wanted_values(stored_values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of Identity with the values that a request has kept."""
    read = identity_from({"name": "", **stored_values})
    return {name: getattr(read, name) for name in FIELDS if name in stored_values}


def moved_since(base: Mapping[str, Any], wanted: Mapping[str, Any], present: Identity) -> tuple[Moved, ...]:
    """Fields that somebody else changed since the request was made, and not to what it wants."""
    now = stored(present, tuple(base))
    return tuple(
        Moved(name, base[name], now[name], wanted[name])
        for name in base
        if now[name] != base[name] and now[name] != wanted[name]
    )
