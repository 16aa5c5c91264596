"""Response shapes of what is asked about one enterprise: its history, its contradictions, the findings it waits for."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field

from services.eligibility.api.schemas import AssessmentSummary, Coded


class ChangeOut(BaseModel):
    """One difference from the assessment before; null before: it was not there, null after: it is gone."""

    what: Coded
    id: str = Field(description="id of the condition or fact, code of the title; else the same as what.code")
    label: str
    fiscal_year: int | None
    before: str | None
    after: str | None


class HistoryItem(AssessmentSummary):
    """A stored assessment of the history, with what changed from the one before for the same title."""

    current: bool
    trigger: Coded = Field(description="event | request | calendar | batch")
    since: dt.datetime = Field(description="when this outcome was first found; assessed_at is when it was last found")
    previous_id: str | None = Field(description="null for the first assessment of the title")
    changes: list[ChangeOut]


class FigureOut(BaseModel):
    """A value as it was declared."""

    fact: str
    label: str
    fiscal_year: int | None
    display: str
    source: Coded
    as_of: dt.date | None
    recorded_at: dt.datetime | None


class DiscrepancyOut(BaseModel):
    """What does not agree, and why it should."""

    check: str
    label: str
    reason: str
    severity: Coded = Field(description="impossible: cannot be so by definition; doubtful: ask the enterprise")
    fiscal_year: int | None
    message: str
    figures: list[FigureOut]


class ConsistencyOut(BaseModel):
    """The outcome of the consistency check (一致性核对). It changes no assessment."""

    uscc: str
    enterprise_name: str
    checked_on: dt.date
    checks: int = Field(description="rules of the check")
    compared: int = Field(description="comparisons that the data on file allows; what is missing is not compared")
    discrepancies: list[DiscrepancyOut]


class AskedFigureOut(BaseModel):
    label: str
    display: str
    source_label: str


class AskedConditionOut(BaseModel):
    """A rule line that waits for the finding, with the figures beside it."""

    id: str
    label: str
    document: str
    document_name: str
    clause: str
    quote: str
    figures: list[AskedFigureOut]


class AskingTitleOut(BaseModel):
    title: Coded
    kind: Coded
    pack_id: str
    conditions: list[AskedConditionOut]


class FindingsRequestOut(BaseModel):
    """A judgement that an official is asked for. It closes when the finding is recorded and reopens when that ends."""

    id: str
    uscc: str
    enterprise_name: str
    synthetic: bool
    district_code: str | None
    finding: Coded
    description: str
    evidence: list[str] = Field(description="what to look at")
    state: Coded = Field(description="open | closed")
    closed_because: Coded | None = Field(description="answered | not_needed")
    decisive: bool = Field(description="found to hold, it alone makes the enterprise eligible for a title")
    titles: list[AskingTitleOut]
    openings: int = Field(description="1 for the first time; more when an earlier finding ended or was withdrawn")
    opened_at: dt.datetime
    announced_at: dt.datetime | None = Field(description="when the commissioner was told; only a decisive one is told")
    closed_at: dt.datetime | None
    answer_at: str = Field(description="where the finding is recorded: POST by an officer of the area")
