"""What eligibility tells the others: how an enterprise stands towards a title. It never grants one."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from pydantic import Field

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
