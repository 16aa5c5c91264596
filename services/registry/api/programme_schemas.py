"""Shapes of programmes: the plan, its targets as written, its tasks as written, conflicts and versions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from services.registry.api.schemas import Coded, Wanted

TEXT_LIMIT = 1_000_000
"""Characters of a programme; the largest shipped one has forty thousand."""

ProgrammeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,59}$")]
LineId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,3}-[A-Za-z0-9-]{1,30}$")]


class QuotationOut(BaseModel):
    """The document's own words and where they stand in the copy that was read."""

    lines: str = Field(description="physical lines of the copy, for example 12 or 3-4")
    text: str


class ReadingOut(BaseModel):
    """One side of a conflict."""

    source: str
    quotation: QuotationOut | None
    gist: str | None = Field(description="where another document's wording was not read word for word")
    evidence: str = Field(description="V word for word, S and S2 from other encodings, M from memory, D decided here")
    says: str


class ConflictOut(BaseModel):
    """Two sources, or two ways to read one; both stay, `used` is the one that counts."""

    id: str
    decision: str
    about: list[str] = Field(description="ids of targets and tasks; empty: the whole plan")
    question: str
    readings: list[ReadingOut]
    used: str
    because: str


class DocumentOut(BaseModel):
    """The document of the plan."""

    name: str
    number: str
    issuer: str
    issued_on: dt.date | None
    copy_read: str = Field(description="which copy of it was read")


class PeriodOut(BaseModel):
    """The plan's years."""

    start: dt.date
    end: dt.date
    quotation: QuotationOut
    note: str


class OrderOut(BaseModel):
    """Supervision that the plan itself orders; nothing else is done (通报, 赛马 and the like)."""

    kind: Coded
    label: str
    quotation: QuotationOut


class UnitOut(BaseModel):
    """A unit as the document calls it."""

    name: str
    written: str | None = Field(description="as the copy writes it, where that differs")
    now: str | None = Field(description="what it is called today")
    evidence: str | None


class ProgrammeSummary(BaseModel):
    """One version of a programme."""

    id: str
    sha256: str
    label: str
    areas: list[Coded] = Field(description="GB/T 2260 prefixes with their names")
    standing: Coded = Field(description="running 执行中 | over 已到期: its targets are then a final evaluation (A-17)")
    state: Coded = Field(description="draft | active | retired")
    period_start: dt.date
    period_end: dt.date
    targets: int
    tasks: int
    stored_at: dt.datetime
    activated_at: dt.datetime | None


class ProgrammeOut(ProgrammeSummary):
    """A programme with everything but its targets and tasks."""

    document: DocumentOut
    area_note: str
    members: Coded = Field(description="which enterprises are the programme's")
    period: PeriodOut
    orders: list[OrderOut]
    units: list[UnitOut]
    conflicts: list[ConflictOut]
    remark: str = Field(description="how local numbers are to be seen beside the national rules (A-33)")


class DeadlineOut(BaseModel):
    """When a task is due, in the document's words; `none` where it does not say."""

    kind: Coded
    on: dt.date | None
    every: str | None = Field(description="MM-DD of every year")
    quote: str | None
    event: str | None


class TaskOut(BaseModel):
    """A task with its full wording; units in the roles that the document gives them, none inferred from order."""

    id: str
    item: str
    part: Coded
    section: str
    label: str
    wording: QuotationOut
    units_quote: str | None
    lead: list[str]
    cooperating: list[str]
    responsible: list[str]
    also_responsible: list[str]
    deadline: DeadlineOut
    note: str
    targets: list[str] = Field(description="ids of the targets that it carries")
    conflicts: list[ConflictOut]


class ProgrammeNew(Wanted):
    """A programme to keep as a draft."""

    source: str = Field(min_length=1, max_length=TEXT_LIMIT, description="YAML; see contracts/rules")
    file: str = Field(default="programme.yaml", pattern=r"^[\w.-]{1,100}$", description="name for messages")
