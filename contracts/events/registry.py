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


class TitleRecorded(EnterpriseEvent):
    """A title was recorded or corrected in the ledger, from an official document."""

    type: ClassVar[str] = "registry.title-recorded.v1"

    record: TitleCard
    enterprise: EnterpriseCard


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
