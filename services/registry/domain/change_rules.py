"""Who may ask for a change of a file, who decides it, and what has to be named for it: one edition of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.registry.domain.life_cycle import Source

ENTERPRISE, OFFICIAL = "enterprise", "official"
ASKERS = {ENTERPRISE: "企业", OFFICIAL: "工作人员"}
SELF, OTHER = "self", "other"
DECIDERS = {SELF: "工作人员提出即生效", OTHER: "须由提出人以外的工作人员审批"}
ALWAYS, NEVER = "always", "never"
EVIDENCE = {ALWAYS: "须填写依据", ENTERPRISE: "企业提出的须填写依据", NEVER: "不要求依据"}
HOLDING, RECEIVING = "holding", "receiving"
SIDES = {HOLDING: "现管辖地", RECEIVING: "迁入地或承继企业所在地"}
MERGE, SPLIT, MOVE, AMEND = "merge", "split", "move", "amend"
KINDS = {AMEND: "信息变更", MOVE: "迁移", MERGE: "合并", SPLIT: "分立"}
STATES = {
    "open": "待审批",
    "approved": "已通过",
    "rejected": "已驳回",
    "withdrawn": "已撤回",
    "lapsed": "已失效",
}
"""`lapsed`: the enterprise was merged or divided before it was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRule:
    """The rule of one field (or act); `source` is null where no text orders it (evidence D)."""

    code: str
    ask: tuple[str, ...]
    decide: str
    evidence: str
    sides: tuple[str, ...]
    why: str
    grade: str
    source: Source | None = None
    clause: str | None = None
    quote: str | None = None

    def wants_evidence(self, asker: str) -> bool:
        return self.evidence == ALWAYS or self.evidence == asker


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """One edition of the file."""

    edition: str
    sha256: str
    fields: Mapping[str, ChangeRule]
    acts: Mapping[str, ChangeRule]

    def of(self, fields: Iterable[str], act: str | None) -> tuple[ChangeRule, ...]:
        """The rules that bind a request."""
        return (*((self.acts[act],) if act else ()), *(self.fields[each] for each in fields))


def sides_of(rules: Iterable[ChangeRule]) -> tuple[str, ...]:
    """Whose officials have to agree, by the strictest."""
    needed = {side for rule in rules for side in rule.sides}
    return tuple(side for side in SIDES if side in needed)


def decided_by_another(rules: Iterable[ChangeRule]) -> bool:
    return any(rule.decide == OTHER for rule in rules)


def settled_at_once(rules: Iterable[ChangeRule]) -> bool:
    """Whether an official may simply make the change: nobody else decides, and nothing has to be named for it."""
    return all(rule.decide == SELF and not rule.wants_evidence(OFFICIAL) for rule in rules)
