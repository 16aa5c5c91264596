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

    @property
    def key(self) -> str:
        return self.uscc
