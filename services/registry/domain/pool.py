"""The cultivation pool (培育库): tiers, lists, reasons to leave, and the rules by which it is adjusted."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rulebook.pack import EFFORTS
from services.registry.domain.life_cycle import Source

WHENS = {
    "eligible": "测算首次达标",
    "near_miss": "测算接近达标",
    "holds": "持有称号",
    "lost": "失去称号",
    "has_item": "有认证项目",
    "struck_off": "登记状态",
}
ACTS = {"enter": "入库", "move": "调整", "leave": "出库"}
BY = {"person": "由人决定", "rule": "自动执行"}
OF_ASSESSMENTS = ("eligible", "near_miss")
"""Rules that eligibility's assessments set off; the others are looked up in the registry's own tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRule:
    """When it applies to an enterprise, and what is to become of it in a pool; `source` is null for evidence D."""

    id: str
    label: str
    when: str
    act: str
    pool: str
    by: str
    evidence: str
    titles: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    open_lines: int | None = None
    effort: str | None = None
    area: tuple[str, ...] = ()
    from_tiers: tuple[str, ...] = ()
    tier: str | None = None
    source_list: str | None = None
    leaving: str | None = None
    source: Source | None = None
    clause: str | None = None
    quote: str | None = None

    def binds(self, district_code: str | None) -> bool:
        return not self.area or (district_code is not None and district_code.startswith(self.area))


@dataclass(frozen=True, slots=True)
class Pool:
    """Tiers by code, from the lowest to the highest."""

    code: str
    label: str
    tiers: Mapping[str, str]
    source: Source
    clause: str
    quote: str
    evidence: str

    def rank(self, tier: str) -> int:
        """The place of a tier; one that the file no longer has is below all others."""
        return list(self.tiers).index(tier) if tier in self.tiers else -1


@dataclass(frozen=True, slots=True)
class PoolRules:
    """One edition of the file."""

    edition: str
    sha256: str
    pause_days: int
    pools: Mapping[str, Pool] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    leaving: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[PoolRule, ...] = ()

    def tier_label(self, pool: str, tier: str) -> str:
        return self.pools[pool].tiers.get(tier, tier) if pool in self.pools else tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """How an enterprise stands towards a title, as eligibility told it last."""

    title: str
    verdict: str
    open_lines: int | None
    effort: str | None


def applies(rule: PoolRule, signal: Signal) -> bool:
    """Whether a rule of assessments is set off. How near it is not known is not near."""
    if signal.title not in rule.titles:
        return False
    if rule.when == "eligible":
        return signal.verdict == "eligible"
    if signal.verdict not in ("not_eligible", "unknown") or signal.open_lines is None or rule.open_lines is None:
        return False
    within = 0 < signal.open_lines <= rule.open_lines
    return within and (not signal.effort or EFFORTS.index(signal.effort) <= EFFORTS.index(rule.effort or EFFORTS[-1]))


def content_hash(rows: Iterable[Mapping[str, Any]]) -> str:
    """The hash of a frozen list: of its rows as lines of JSON with sorted keys, in their order."""
    digest = hashlib.sha256()
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be in a frozen list")
