"""Shapes of the cultivation pool: its rules, entries, proposals and seed lists."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.registry.api.item_schemas import GroundsOut
from services.registry.api.parameters import Line, Passage
from services.registry.api.schemas import Coded, Wanted
from services.registry.domain.pool import PoolRules


class PoolOut(BaseModel):
    pool: Coded
    tiers: list[Coded] = Field(description="from the lowest to the highest")
    grounds: GroundsOut


class PoolRuleOut(BaseModel):
    """A rule of the dynamic adjustment; `grounds` is null where no text decides it (evidence D)."""

    id: str
    label: str
    when: Coded
    titles: list[str]
    items: list[str]
    statuses: list[str]
    open_lines: int | None
    effort: str | None
    area: list[str]
    act: Coded
    pool: Coded
    from_tiers: list[Coded]
    tier: Coded | None
    source_list: Coded | None
    leaving: Coded | None
    by: Coded
    evidence: str
    grounds: GroundsOut | None


class PoolRulesOut(BaseModel):
    edition: str
    sha256: str
    pause_days: int = Field(description="how long a rule does not propose again what was refused")
    pools: list[PoolOut]
    sources: list[Coded]
    leaving: list[Coded]
    rules: list[PoolRuleOut]


class MemberOut(BaseModel):
    """The enterprise an entry or a proposal is about."""

    uscc: str
    name: str
    district: Coded | None


class PoolEntryOut(BaseModel):
    """One stay in a tier of a pool."""

    entry_id: uuid.UUID
    enterprise: MemberOut
    pool: Coded
    tier: Coded
    source_list: Coded
    reason: str
    document: str | None
    rule_id: str | None = Field(description="the rule that proposed or made it; null: an official alone")
    entered_on: dt.date
    entered_by: str
    left_on: dt.date | None
    left_code: Coded | None
    left_reason: str | None
    left_document: str | None
    left_by: str | None


class PoolProposalOut(BaseModel):
    """What a rule proposes."""

    proposal_id: uuid.UUID
    enterprise: MemberOut
    act: Coded
    pool: Coded
    tier: Coded | None
    source_list: Coded | None
    left_code: Coded | None
    rule_id: str
    rule: str = Field(description="the rule's label, or its id when the file no longer has it")
    ground: dict[str, Any] = Field(description="what set the rule off")
    state: Coded
    proposed_at: dt.datetime
    decision_reason: str | None
    decided_by: str | None
    decided_at: dt.datetime | None


class PoolEntryNew(Wanted):
    uscc: str = Field(description="统一社会信用代码", max_length=100)
    pool: Line
    tier: Line
    source_list: Line = Field(description="来源名单")
    reason: Passage
    document: Line | None = Field(default=None, description="依据文件")
    entered_on: dt.date | None = Field(default=None, description="not later than today; today when left out")


class PoolMove(Wanted):
    tier: Line
    reason: Passage
    source_list: Line | None = Field(default=None, description="来源名单; that of the present entry when left out")
    document: Line | None = None
    on: dt.date | None = None


class PoolExit(Wanted):
    reason_code: Line
    reason: Passage
    document: Line | None = None
    on: dt.date | None = None


class ProposalDecision(Wanted):
    decision: Literal["accept", "refuse"]
    reason: Passage
    document: Line | None = None


class SeedListNew(Wanted):
    year: int = Field(ge=2000, le=2100)
    area: Annotated[str, Field(pattern=r"^\d{6}$")] = Field(description="GB/T 2260 of the city or district")
    pool: Line
    tiers: list[Line] = Field(default=[], max_length=10, description="empty: all tiers")
    name: Line
    document: Line | None = None


class SeedListOut(BaseModel):
    list_id: uuid.UUID
    year: int
    area: Coded
    pool: Coded
    name: str
    document: str | None
    count: int
    sha256: str = Field(description="of the members as lines of JSON with sorted keys")
    frozen_on: dt.date
    frozen_by: str


class SeedListFileOut(SeedListOut):
    intact: bool = Field(description="whether what is stored still has the hash")


class SeedMemberOut(BaseModel):
    position: int
    uscc: str
    name: str
    district_code: str | None
    tier: str
    source_list: str
    reason: str
    entered_on: dt.date


def pool_out(code: str, rules: PoolRules) -> Coded:
    return Coded(code=code, label=rules.pools[code].label if code in rules.pools else code)
