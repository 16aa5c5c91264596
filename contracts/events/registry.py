"""What the registry tells the others: enterprises, their facts, their titles."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.base import Event

TOPIC = "registry.enterprises"


class EnterpriseCard(BaseModel):
    """The public identity of an enterprise, as every other service needs it. No person, no phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uscc: str = Field(description="统一社会信用代码, 18 characters")
    name: str
    district_code: str | None = Field(description="GB/T 2260, 6 digits; null when not resolved")
    district_name: str | None = None
    industry_code: str | None = Field(description="GB/T 4754-2017 class, for example 3912")
    industry_name: str | None = None
    size_class: str | None = Field(description="大型 large | 中型 medium | 小型 small | 微型 micro; null when unknown")
    status: str = Field(description="registration status code, for example active, revoked, deregistered")
    established_on: dt.date | None = None
    listing_status: str | None = None
    risk_flags: tuple[str, ...] = Field(
        default=(),
        description="public flags: abnormal_operation 经营异常, serious_dishonesty 严重失信, stopped 停产",
    )
    synthetic: bool = Field(default=False, description="true for generated sample enterprises (合成样例)")


class PeriodFacts(BaseModel):
    """The whole current state of one period, so that a consumer replaces and never merges."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fiscal_year: int = Field(description="the fiscal year; 0 for facts that hold as of a date")
    facts: dict[str, dict[str, Any]] = Field(
        description="fact id → {value, source, as_of, recorded_at}; an absent id is missing, not false or zero"
    )


class EnterpriseEvent(Event):
    """Common to all events about one enterprise; `version` rises with each change of that enterprise."""

    topic: ClassVar[str] = TOPIC

    uscc: str
    version: int


class EnterpriseRegistered(EnterpriseEvent):
    """An enterprise entered the register."""

    type: ClassVar[str] = "registry.enterprise-registered.v1"

    enterprise: EnterpriseCard


class EnterpriseUpdated(EnterpriseEvent):
    """At least one field of an enterprise's public identity changed."""

    type: ClassVar[str] = "registry.enterprise-updated.v1"

    changed: tuple[str, ...]
    enterprise: EnterpriseCard


class EnterpriseMoved(EnterpriseEvent):
    """An enterprise came under another jurisdiction; EnterpriseUpdated of the same version carries the change."""

    type: ClassVar[str] = "registry.enterprise-moved.v1"

    from_district: str | None = Field(description="GB/T 2260; null when it was not resolved")
    to_district: str | None = Field(description="GB/T 2260; null when it is not resolved")
    effective_on: dt.date | None = Field(description="since when, by the document; null when none says it")
    document: str | None = Field(description="the document that the move rests on; null for an imported list")
    enterprise: EnterpriseCard


class SuccessorCard(BaseModel):
    """One of those who carry on what was merged or divided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uscc: str
    name: str


class EnterpriseMerged(EnterpriseEvent):
    """An enterprise was merged into another and ended; its file is closed, and its card says deregistered."""

    type: ClassVar[str] = "registry.enterprise-merged.v1"

    successor: SuccessorCard
    effective_on: dt.date
    document: str
    enterprise: EnterpriseCard


class EnterpriseSplit(EnterpriseEvent):
    """An enterprise was divided; unless it `continues` (存续分立), its file is closed."""

    type: ClassVar[str] = "registry.enterprise-split.v1"

    successors: tuple[SuccessorCard, ...]
    continues: bool
    effective_on: dt.date
    document: str
    enterprise: EnterpriseCard


class FactsRecorded(EnterpriseEvent):
    """Facts or findings of one enterprise changed; carries the whole state of every period that changed."""

    type: ClassVar[str] = "registry.facts-recorded.v1"

    changed: tuple[str, ...] = Field(description="fact ids that changed, in any period")
    periods: tuple[PeriodFacts, ...]


class TitleCard(BaseModel):
    """One row of the title ledger, entered by official act only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title_id: str
    title: str = Field(description="title code, for example specialized_sme")
    title_label: str
    batch: str | None = None
    document_number: str | None = None
    issued_by: str | None = None
    announced_on: dt.date | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    state: str = Field(description="valid | publicized | under_review | expired | cancelled")
    cancelled_on: dt.date | None = None
    reapply_ban: bool | None = Field(
        default=None, description="whether the cancellation forbids a new application for years; null when not known"
    )
    banned_until: dt.date | None = Field(
        default=None, description="last day without a new application, at the least; null without a ban or not known"
    )
    review_outcome: str | None = Field(
        default=None, description="passed | failed: of the latest review that is decided; null when there was none"
    )


class TitleRecorded(EnterpriseEvent):
    """A title was recorded or corrected in the ledger, from an official document."""

    type: ClassVar[str] = "registry.title-recorded.v1"

    record: TitleCard
    enterprise: EnterpriseCard


class TitleRenewed(EnterpriseEvent):
    """A title passed its review (复核通过): the record says until when it is valid now."""

    type: ClassVar[str] = "registry.title-renewed.v1"

    record: TitleCard
    enterprise: EnterpriseCard
    previous_valid_to: dt.date | None = Field(description="the last day before the review; null when not known")


class TitleExpiring(EnterpriseEvent):
    """The end of a title's validity is near; told once for each step, and not once it is under review."""

    type: ClassVar[str] = "registry.title-expiring.v1"

    record: TitleCard
    enterprise: EnterpriseCard
    days_left: int = Field(description="days from the day of telling to the last day of validity")
    step: int = Field(description="the step that is reached, for example 180, 90 or 30 days before the end")
    renewal: str | None = Field(
        description="review (复核, by the year's notice) | anew (重新认定 or 重新自评); null: no document says it"
    )
    next_update_due: dt.date | None = Field(
        description="by when the year's information is to be updated next; null when no document says it"
    )


class TitleCancelled(EnterpriseEvent):
    """A title was cancelled (取消公告 / 取消认定) or withdrawn as recorded in error."""

    type: ClassVar[str] = "registry.title-cancelled.v1"

    record: TitleCard
    enterprise: EnterpriseCard
    reason: str


class _OfProgramme(Event):
    """Something about a programme (计划) in use. No person; units are those that the plan names."""

    topic: ClassVar[str] = "registry.programmes"
    keyed_by: ClassVar[str] = "programme_id"

    programme_id: str = Field(description="for example qianjiang-2023-2027")
    programme_label: str
    areas: tuple[str, ...] = Field(description="GB/T 2260 prefixes of the programme")


class TaskOverdue(_OfProgramme):
    """A task of a programme is overdue and not closed; announced once per level of escalation."""

    type: ClassVar[str] = "registry.task-overdue.v1"

    task_id: str
    task_label: str
    period: int = Field(description="the year of a task of every year; 0 for the whole plan")
    due_on: dt.date
    due_basis: str = Field(description="the document's words, or the decision that set the day")
    level: int = Field(description="1 for the first announcement, rising")
    lead: tuple[str, ...]
    units: tuple[str, ...] = Field(description="every unit that the plan names for the task")


class TargetAtRisk(_OfProgramme):
    """A target of a programme has fallen behind its plan line; announced once until it has caught up."""

    type: ClassVar[str] = "registry.target-at-risk.v1"

    target_id: str
    target_label: str
    as_of: dt.date
    due: dt.date
    attained: str = Field(description="decimal, in `unit`")
    plan_line: str
    wanted: str
    unit: str


class _OfPool(EnterpriseEvent):
    """What both pool events carry."""

    entry_id: str
    pool: str = Field(description="pool code, for example cultivation, backup")
    pool_label: str
    tier: str = Field(description="tier code, for example reserve 储备, nurture 培育, upgrade 提升, backup 后备")
    tier_label: str
    source_list: str = Field(description="the list that the enterprise came from, for example high_tech")
    enterprise: EnterpriseCard


class PoolEntered(_OfPool):
    """An enterprise entered a tier of the cultivation pool (入库), also from another tier of it."""

    type: ClassVar[str] = "registry.pool-entered.v1"

    entered_on: dt.date
    reason: str


class PoolLeft(_OfPool):
    """An enterprise left a tier of the cultivation pool (出库), also for another tier of it (`moved`)."""

    type: ClassVar[str] = "registry.pool-left.v1"

    left_on: dt.date
    reason_code: str = Field(description="for example struck_off, moved, recognised, unqualified, own_wish")
    reason: str
