"""Certified items (认证项目): what kinds there are, who can have them, and which of them a carrier still lacks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chassis.errors import FieldProblem
from services.registry.domain.errors import ItemInvalid
from services.registry.domain.life_cycle import Source
from services.registry.domain.names import comparison_key

ENTERPRISE = "enterprise"
STATES = {"valid": "有效", "expired": "到期", "revoked": "撤销"}


@dataclass(frozen=True, slots=True)
class ItemKind:
    """A kind of item; `subjects` are `enterprise` and kinds of carriers, `targets` the ids of those that count it."""

    code: str
    label: str
    group: str
    unit: str
    levels: tuple[str, ...]
    subjects: tuple[str, ...]
    source: Source
    clause: str
    quote: str
    evidence: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetLine:
    """At least one item of these kinds, and of these levels where any are given."""

    label: str
    any_of: tuple[str, ...]
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemSet:
    """What a carrier of a kind is to have, for example 五个一."""

    code: str
    label: str
    carrier: str
    source: Source
    clause: str
    quote: str
    evidence: str
    lines: tuple[SetLine, ...]


@dataclass(frozen=True, slots=True)
class ItemKinds:
    """One edition of the file."""

    edition: str
    sha256: str
    levels: Mapping[str, str]
    carriers: Mapping[str, str]
    kinds: Mapping[str, ItemKind] = field(default_factory=dict)
    sets: Mapping[str, ItemSet] = field(default_factory=dict)

    def label_of(self, kind: str) -> str:
        """The label of a kind; one that the file no longer has is shown by its code."""
        return self.kinds[kind].label if kind in self.kinds else kind


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedItem:
    """What an official document says of one item of one subject: `uscc` or `carrier_id`, the other is null."""

    kind: str
    level: str
    name: str | None = None
    number: str | None = None
    document_number: str | None = None
    decision_reference: str | None = None
    issued_by: str | None = None
    certified_on: dt.date
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


def item_key(stated: StatedItem) -> str:
    """What tells an item from others of its subject, kind and level: its number, else its name, else its document."""
    return comparison_key(stated.number or stated.name or stated.document_number or stated.decision_reference or "")


def require_sound_item(stated: StatedItem, subject: str, kinds: ItemKinds, today: dt.date) -> None:
    """Raise ItemInvalid unless kind, level and subject go together, a document is named and the dates are possible."""
    problems: list[FieldProblem] = []
    kind = kinds.kinds.get(stated.kind)
    if kind is None:
        expected = "、".join(f"{code}（{each.label}）" for code, each in kinds.kinds.items())
        problems.append(FieldProblem("kind", f"没有“{stated.kind}”这种项目", "kind-unknown", stated.kind, expected))
    else:
        if stated.level not in kind.levels:
            expected = "、".join(f"{level}（{kinds.levels[level]}）" for level in kind.levels)
            message = f"“{kind.label}”没有这个级别"
            problems.append(FieldProblem("level", message, "level-unknown", stated.level, expected))
        if subject not in kind.subjects:
            names = {ENTERPRISE: "企业", **kinds.carriers}
            expected = "、".join(names[each] for each in kind.subjects)
            message = f"“{kind.label}”不授予{names.get(subject, subject)}"
            problems.append(FieldProblem("subject", message, "subject-not-allowed", subject, expected))
    if not stated.document_number and not stated.decision_reference:
        message = "项目只凭正式文件登记：请填写文号（document_number）或决定依据（decision_reference）"
        problems.append(FieldProblem("document_number", message, "document-missing", None, "文号或决定依据"))
    if stated.certified_on > today:
        expected, found = f"不晚于 {today.isoformat()}", stated.certified_on.isoformat()
        problems.append(FieldProblem("certified_on", "认定日期晚于今天，请核对", "date-in-future", found, expected))
    begins = stated.valid_from or stated.certified_on
    if stated.valid_to is not None and stated.valid_to < begins:
        expected, found = f"不早于 {begins.isoformat()}", stated.valid_to.isoformat()
        problems.append(FieldProblem("valid_to", "有效期止早于有效期起，请核对", "validity-reversed", found, expected))
    if problems:
        raise ItemInvalid("项目填写有误，请按 errors 中的说明修改后重试", problems=problems)


def state_of(revoked_on: dt.date | None, valid_to: dt.date | None, day: dt.date) -> str:
    """The state on `day`; the last day of validity still counts, the day of the revocation does not."""
    if revoked_on is not None and revoked_on <= day:
        return "revoked"
    return "expired" if valid_to is not None and valid_to < day else "valid"


def lacking(wanted: ItemSet, held: Iterable[tuple[str, str]]) -> list[SetLine]:
    """The lines of a set for which none of the items, (kind, level), serves."""
    items = list(held)
    return [
        line
        for line in wanted.lines
        if not any(kind in line.any_of and (not line.levels or level in line.levels) for kind, level in items)
    ]
