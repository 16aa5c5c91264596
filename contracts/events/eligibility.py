"""What eligibility tells the others: how an enterprise stands towards a title, and which rules will serve."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.base import Event


class AssessmentChanged(Event):
    """The verdict of an enterprise for a title became another one, or was given for the first time."""

    topic: ClassVar[str] = "eligibility.assessments"
    type: ClassVar[str] = "eligibility.assessment-changed.v1"

    uscc: str
    assessment_id: str
    title: str
    title_label: str
    kind: str = Field(description="new | review")
    verdict: str = Field(description="eligible | not_eligible | unknown | manual_review")
    previous: str | None = Field(description="the verdict before; null for the first assessment")
    route: str | None = Field(default=None, description="the route that decided, for example 评分 or 直通")
    reasons: tuple[str, ...] = Field(default=(), description="short Chinese sentences, the deciding ones first")
    pack: str = Field(description="pack id and content hash, for example miit-63-2022-innovative@1f2e…")
    assessed_on: dt.date
    open_lines: int | None = Field(
        default=None, description="lines unmet or unknown on the nearest route; 0 where only officials are waited for"
    )
    open_effort: str | None = Field(
        default=None, description="the hardest effort among them: paperwork | months | year | years; null when none"
    )


class NearMiss(Event):
    """More or fewer lines are open to a title than before; the enterprise is not eligible, its verdict is the same."""

    topic: ClassVar[str] = "eligibility.assessments"
    type: ClassVar[str] = "eligibility.near-miss.v1"

    uscc: str
    assessment_id: str
    title: str
    title_label: str
    kind: str = Field(description="new | review")
    verdict: str = Field(description="not_eligible | unknown | manual_review")
    open_lines: int = Field(description="lines unmet or unknown on the nearest route")
    open_lines_before: int | None = Field(description="null when it was not counted then")
    open_effort: str | None = Field(description="the hardest effort among them; null when none is open")
    pack: str = Field(description="pack id and content hash")
    assessed_on: dt.date


class AssessmentEnded(Event):
    """No rules serve the enterprise for this title any more: what AssessmentChanged said last is no longer so."""

    topic: ClassVar[str] = "eligibility.assessments"
    type: ClassVar[str] = "eligibility.assessment-ended.v1"

    uscc: str
    assessment_id: str
    title: str
    title_label: str
    kind: str = Field(description="new | review")
    previous: str = Field(description="eligible | not_eligible | unknown | manual_review")
    ended_on: dt.date


class FindingRequested(Event):
    """An official's judgement is the last thing an enterprise lacks for a title; told once per opening of a request."""

    topic: ClassVar[str] = "eligibility.findings"
    type: ClassVar[str] = "eligibility.finding-requested.v1"

    uscc: str
    request_id: str
    finding: str = Field(description="id of the fact of type finding that the answer is recorded as")
    finding_label: str
    titles: tuple[str, ...] = Field(description="title codes that wait for it")
    title_labels: tuple[str, ...]
    document: str = Field(description="document number and clause, for example 工信部企业〔2026〕2号 附件1 第五项")
    quotation: str
    evidence: tuple[str, ...] = Field(default=(), description="what to look at, in Chinese")
    district_code: str | None
    opening: int = Field(description="1 for the first time; more when an earlier finding ended or was withdrawn")
    requested_on: dt.date


class DistrictFlips(BaseModel):
    """How many enterprises of a district would stand otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    district_code: str | None
    gains: int
    loses: int
    changes: int


class _OfPack(Event):
    """What happened to one version of a pack; the versions of an id keep their order."""

    topic: ClassVar[str] = "eligibility.packs"
    keyed_by: ClassVar[str] = "pack_id"

    pack_id: str
    pack_hash: str
    title: str
    title_label: str


class _OfVersion(_OfPack):
    """The same, with the words it is called by."""

    label: str
    document: str


class FlipListReady(_OfPack):
    """A simulation has found whose verdict a version of rules that is not in use would change.

    The list itself is fetched by those who may see the enterprises: GET /api/eligibility/v1/simulations/{id}/flips.
    """

    type: ClassVar[str] = "eligibility.flip-list-ready.v1"

    simulation_id: str
    stored: bool = Field(description="false: thresholds somebody tries out; the version is not among the packs")
    everybody: bool = Field(description="false: only the enterprises of a filter were looked at")
    as_of: dt.date
    enterprises: int = Field(description="enterprises looked at")
    gains: int = Field(description="would become eligible")
    loses: int = Field(description="would no longer be eligible")
    changes: int = Field(description="verdicts that become other ones without anybody gaining or losing")
    districts: tuple[DistrictFlips, ...] = Field(default=(), description="where somebody flips")


class PackScheduled(_OfVersion):
    """A version of rules will serve from a day on; whom it moves was announced before by FlipListReady."""

    type: ClassVar[str] = "eligibility.pack-scheduled.v1"

    replaces: str | None = Field(description="hash of the version in use that it takes the place of")
    activates_on: dt.date = Field(description="first application date it serves, in Asia/Shanghai")
    activates_at: dt.datetime
    simulation_id: str
    enterprises: int
    gains: int
    loses: int
    changes: int


class PackScheduleWithdrawn(_OfPack):
    """A version of rules will not serve from the day that PackScheduled said: what is in use stays in use."""

    type: ClassVar[str] = "eligibility.pack-schedule-withdrawn.v1"

    activates_on: dt.date = Field(description="the day that was announced")
    because: str | None = Field(description="why it was not activated at its moment; null: somebody took it back")
    withdrawn_at: dt.datetime


class PackRetired(_OfVersion):
    """A version of rules was taken out of use and none put in its place; earlier dates keep their answers."""

    type: ClassVar[str] = "eligibility.pack-retired.v1"

    last_on: dt.date = Field(description="last application date it serves, in Asia/Shanghai")
    retired_at: dt.datetime


class PackActivated(_OfVersion):
    """A version of rules has begun to serve; the enterprises it concerns are being assessed again."""

    type: ClassVar[str] = "eligibility.pack-activated.v1"

    replaces: str | None = Field(description="hash of the version that no longer serves new dates")
    serves_from: dt.date | None = Field(description="first application date; null: as far back as it is in force")
    activated_at: dt.datetime
    simulation_id: str
