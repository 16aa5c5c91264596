"""Shapes of packs with their life, and of simulations."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.eligibility.api.schemas import LAST_DAY, Coded, PackOut

TEXT_LIMIT = 1_000_000
"""Characters of a pack or its cases; the largest shipped ones have some tens of thousands."""


class PackNew(BaseModel):
    """A draft: its rules and its own cases, both as YAML (or JSON, which YAML contains)."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=TEXT_LIMIT, description="the pack, see rulebook/README.md")
    cases: str | None = Field(default=None, max_length=TEXT_LIMIT, description="its cases; without any it cannot serve")
    file: str = Field(
        default="pack.yaml", pattern=r"^[\w.-]{1,100}$", description="name to call the text by in messages"
    )


class CasesNew(BaseModel):
    """Other cases for a draft."""

    model_config = ConfigDict(extra="forbid")

    cases: str = Field(min_length=1, max_length=TEXT_LIMIT, description="YAML")


class ScheduleNew(BaseModel):
    """From when on a tested pack serves."""

    model_config = ConfigDict(extra="forbid")

    activates_on: dt.date = Field(
        le=LAST_DAY, description="serves from the first moment of this day in Asia/Shanghai; today: at once"
    )
    without_cases: bool = Field(
        default=False, description="true: cases of the version in use that this one does not bring may go"
    )


class CaseFailed(BaseModel):
    """A case that gives something else than it expects."""

    name: str
    line: int = Field(description="line in the cases")
    differences: list[str]


class CasesReport(BaseModel):
    """How the pack's own cases came out."""

    cases: int
    passed: int
    green: bool = Field(description="there are cases, and all passed")
    failed: list[CaseFailed]
    at: dt.datetime | None
    by: str | None


class Period(BaseModel):
    """Application dates that a version serves, both included."""

    first_on: dt.date | None = Field(description="null: as far back as the document is in force")
    last_on: dt.date | None = Field(description="null: still serving")


class ConflictOut(BaseModel):
    """What the version contradicts in others: titles that presuppose each other, editions of one day."""

    line: int = Field(description="in this version, or in the one that would begin last")
    code: str = Field(description="cycle | collision")
    found: str
    expected: str
    message: str = Field(description="the titles, packs and lines, and how to mend it")
    decided: bool = Field(
        description="true: with what is in use or scheduled, it cannot be scheduled; false: only with a draft"
    )


class PackDetail(PackOut):
    """One version of a policy pack and its life: draft → tested → scheduled → active → retired."""

    state_label: str
    file: str
    remark: str | None = Field(description="why it was not activated at its moment")
    periods: list[Period]
    conflicts: list[ConflictOut] = Field(description="none for a version that is active or retired")
    report: CasesReport | None = Field(description="null: its cases were not run here")
    activates_on: dt.date | None
    simulation_id: uuid.UUID | None = Field(description="the simulation whose flip list was announced")
    stored_at: dt.datetime
    stored_by: str | None
    scheduled_at: dt.datetime | None
    scheduled_by: str | None
    activated_at: dt.datetime | None
    retired_at: dt.datetime | None
    retired_by: str | None


class OutlineLineOut(BaseModel):
    """One line of the outline."""

    depth: int
    text: str
    clause: str


class PackDifferenceOut(BaseModel):
    """One thing that reads differently in another version."""

    id: str = Field(description="id of the rule line; empty for the pack itself")
    where: str
    clause: str
    what: str
    before: str
    after: str


class FigureChange(BaseModel):
    """Another figure in one line of a pack."""

    model_config = ConfigDict(extra="forbid")

    line: str = Field(min_length=1, max_length=100, description="id of a condition, indicator or route")
    found: str = Field(min_length=1, max_length=50, description="the figure as the pack writes it: 100 万元, 3%, 20")
    wanted: str = Field(min_length=1, max_length=50, description="the figure to try out, with its unit")


class SimulationNew(BaseModel):
    """What to simulate, for whom, and on which application date."""

    model_config = ConfigDict(extra="forbid")

    pack: str = Field(pattern=r"^[0-9a-f]{64}$", description="a stored version: a draft, or any one with `changes`")
    changes: list[FigureChange] = Field(default=[], max_length=50, description="figures to change in it")
    district: str | None = Field(default=None, pattern=r"^\d{2,6}$", description="GB/T 2260 prefix; absent: everybody")
    size: Literal["large", "medium", "small", "micro"] | None = Field(default=None, description="registered size class")
    industry: str | None = Field(
        default=None, pattern=r"^[A-T]?\d{0,4}$", min_length=1, description="GB/T 4754 section letter or 2 to 4 digits"
    )
    as_of: dt.date | None = Field(
        default=None, description="application date; absent: today, or the first day in force"
    )


class CountsOut(BaseModel):
    """How many enterprises stand where, before and after."""

    enterprises: int
    eligible_before: int
    eligible_after: int
    unreadable: int = Field(description="a stored value could not be read; not among the flips")
    flips: int
    gains: int = Field(description="become eligible")
    loses: int = Field(description="are no longer eligible")
    changes: int = Field(description="become something else")


class PlaceCounts(CountsOut):
    """The counts of one district, size class or industry section; an empty code is not known."""

    code: str


class VerdictMove(BaseModel):
    before: Coded
    after: Coded
    count: int


class LineCounts(BaseModel):
    """A line that makes enterprises flip, and how many of them."""

    what: Literal["condition", "indicator", "score", "route", "rules"]
    id: str
    label: str
    gains: int
    loses: int
    changes: int


class SimulationCounts(CountsOut):
    """The whole result but the list itself."""

    verdicts: list[VerdictMove]
    by_district: list[PlaceCounts]
    by_size: list[PlaceCounts]
    by_industry: list[PlaceCounts]
    lines: list[LineCounts]


class ProgressOut(BaseModel):
    done: int
    total: int | None
    message: str | None


class SimulationOut(BaseModel):
    """A simulation (规则模拟), how far it is, and its counts when it is done. 不作为认定依据."""

    id: uuid.UUID
    title: Coded
    pack_id: str
    pack_hash: str = Field(description="of the rules simulated, with their changed figures")
    label: str
    changes: list[FigureChange]
    district: str | None
    size: str | None
    industry: str | None
    as_of: dt.date
    against: list[str] = Field(description="hashes of the versions in use it was compared with")
    state: Coded = Field(description="queued | running | done | failed")
    progress: ProgressOut | None
    error: str | None
    counts: SimulationCounts | None
    requested_by: str
    requested_at: dt.datetime
    finished_at: dt.datetime | None


class StandOut(BaseModel):
    """How a line stands under one version."""

    status: Coded
    value: str
    threshold: str


class CauseOut(BaseModel):
    """A line that does it; a side that is null does not have the line."""

    what: Literal["condition", "indicator", "score", "route", "rules"]
    id: str
    label: str
    clause: str
    before: StandOut | None
    after: StandOut | None
    text: str


class FlipOut(BaseModel):
    """An enterprise whose verdict would become another one."""

    uscc: str
    name: str
    district_code: str | None
    size_class: str | None
    industry_code: str | None
    kind: Coded
    before: Coded
    after: Coded
    direction: Coded = Field(description="gains | loses | changes")
    causes: list[CauseOut]
