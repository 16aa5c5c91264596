"""Request and response shapes of gap plans, what-if questions and near-misses."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.eligibility.api.schemas import (
    FIRST_DAY,
    LAST_DAY,
    AssessmentNew,
    Coded,
    PackRef,
    PointsOut,
    ScoreCheckOut,
    StatedFact,
    StatedTitle,
)


class WindowIn(BaseModel):
    """When applications are taken, the first and the last day included."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=50, description="title code; default: the title asked for")
    opens: dt.date
    closes: dt.date
    label: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _in_order(self) -> WindowIn:
        if self.closes < self.opens:
            raise ValueError("窗口的截止日期早于开始日期，请核对 opens 和 closes")
        return self


class GapPlanNew(AssessmentNew):
    """Whose way to which title: a registered enterprise by its code, or facts as stated here."""

    windows: list[WindowIn] = Field(
        default_factory=list, max_length=20, description="announced windows; without any, application years are used"
    )


class ChangeOut(BaseModel):
    """One change, in words and as data."""

    kind: Coded
    text: str
    conditions: list[str] = Field(description="the lines it is for")
    goals: list[str]
    effort: Coded
    ready: dt.date = Field(description="the first day on which it can be complete")
    earliest: str
    distance: str = Field(description="relative size of the move, 0 for paperwork")
    fact: str | None
    label: str
    fiscal_year: int | None
    unit: str | None
    current: Any
    target: Any = Field(description="canonical value; null where any value or only a relation is asked for")
    title: Coded | None = Field(description="the title to obtain; its own plan stands under `first`")
    consequences: list[str]
    evidence: list[str]


class OpenLineOut(BaseModel):
    """A line that is not met today, what closes it, and the other ways, cheapest first."""

    id: str
    label: str
    role: str
    status: Coded
    value: str
    threshold: str
    clause: str
    closed_by: str
    alternatives: list[str]


class ObstacleOut(BaseModel):
    """A line that nothing closes before the next window, and why."""

    condition: str
    label: str
    reason: str


class OpportunityOut(BaseModel):
    """The day on which the plan applies, and the window it lies in when one is announced."""

    day: dt.date
    label: str
    opens: dt.date | None
    closes: dt.date | None
    fiscal_year: int = Field(description="t of an application on that day")


class VerificationOut(BaseModel):
    """What the evaluator says of the changed facts."""

    verdict: Coded
    application_date: dt.date
    fiscal_year: int
    score_checks: list[ScoreCheckOut]
    left_to_officials: list[str]


class RoutePlanOut(BaseModel):
    """The way on one route."""

    route: str
    label: str
    outcome: Coded = Field(
        description="met | undecided (only officials have something to do) | planned | "
        "pending (waits for what is missing) | refused"
    )
    changes: list[ChangeOut]
    opportunity: OpportunityOut | None
    verification: VerificationOut | None
    effort: Coded | None
    distance: str
    assumptions: list[str]
    lines: list[OpenLineOut]
    obstacles: list[ObstacleOut]
    reasons: list[str] = Field(description="why there is no plan")
    pending: list[str] = Field(description="what can be computed only once missing figures are supplied; not verified")


class EditionOut(PackRef):
    """An edition that serves from a day on."""

    in_force_from: dt.date


class TitlePlan(BaseModel):
    """The way to one title."""

    title: Coded
    kind: Coded
    as_of: dt.date
    application_date: dt.date
    verdict: Coded = Field(description="as things stand")
    summary: str
    plan: RoutePlanOut | None = Field(description="the best route; null when no route can be planned")
    alternatives: list[RoutePlanOut] = Field(description="the other routes, ranked")
    next_opportunity: OpportunityOut | None
    pack: PackRef
    edition_ends: dt.date | None = Field(description="the last day that this edition serves, where that is known")
    following: EditionOut | None = Field(description="the edition in use that serves from the next day on")


class GapPlanOut(TitlePlan):
    """A gap plan. 不作为认定依据."""

    uscc: str | None
    enterprise_name: str | None
    synthetic: bool | None
    first: list[TitlePlan] = Field(description="plans of the titles to obtain first, in the order they are needed")
    disclaimer: str


class FindingIf(BaseModel):
    """An official's finding as it might turn out."""

    model_config = ConfigDict(extra="forbid")

    finding: str = Field(max_length=100, description="fact id of the dictionary, for example market_position_leading")
    decision: Literal["met", "unmet"]
    valid_until: dt.date | None = None


class WhatIfNew(BaseModel):
    """What would be different. A fact with value null counts as missing."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=50, description="title code")
    uscc: str = Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="a registered enterprise")
    facts: list[StatedFact] = Field(default_factory=list, max_length=1000)
    titles: list[StatedTitle] = Field(
        default_factory=list, max_length=100, description="entries that take the place of those of the same title"
    )
    findings: list[FindingIf] = Field(default_factory=list, max_length=100)
    kind: Literal["new", "review"] | None = None
    application_date: dt.date | None = Field(
        default=None, ge=FIRST_DAY, le=LAST_DAY, description="default: today in Asia/Shanghai"
    )


class StandingOut(BaseModel):
    """How the enterprise stands, in short."""

    verdict: Coded
    route: str | None
    points: PointsOut | None
    reasons: list[str]


class LineStateOut(BaseModel):
    status: Coded
    value: str
    points: PointsOut | None


class DifferenceOut(BaseModel):
    """One line that reads differently."""

    id: str
    label: str
    role: str
    threshold: str
    before: LineStateOut
    after: LineStateOut
    decided: bool = Field(description="the status changed, and not only value or points")


class WhatIfOut(BaseModel):
    """Before and after. Nothing was stored. 不作为认定依据."""

    uscc: str
    enterprise_name: str
    synthetic: bool
    title: Coded
    kind: Coded
    application_date: dt.date
    before: StandingOut
    after: StandingOut
    differences: list[DifferenceOut]
    disclaimer: str


class NearMiss(BaseModel):
    """An enterprise close to a title; its plan is at POST /gap-plans."""

    uscc: str
    enterprise_name: str
    synthetic: bool
    district_code: str | None
    title: Coded
    kind: Coded
    verdict: Coded
    open_lines: int
    effort: Coded | None = Field(description="the hardest class among the changes of its plan")
    short: Decimal = Field(default=Decimal(0), description="share of the demanded points that a score lacks, 0 to 1")
    first_change: str = Field(description="what its plan begins with, by the enterprise or by who decides")
    assessment_id: str
    assessed_at: dt.datetime
