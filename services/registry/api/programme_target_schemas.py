"""Shapes of targets: the words, the number that proves itself, and what it is made of."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from services.registry.api.parameters import Line, Passage
from services.registry.api.programme_schemas import ConflictOut, QuotationOut
from services.registry.api.schemas import Coded, Wanted

Number = Annotated[Decimal, Field(max_digits=20, decimal_places=6, ge=0)]


class NumberOut(BaseModel):
    """A number with how it came about; null with the reason. Missing is not zero."""

    value: str | None = Field(description="decimal, in the unit of the target")
    how: str | None
    missing: str | None = Field(description="why there is no number, or what it lacks")


class WindowOut(BaseModel):
    """What was counted: who is on the register on `until`, or who is new from `start` to `until`."""

    start: dt.date | None
    until: dt.date


class YearOut(BaseModel):
    """One year of a target that holds for every year."""

    year: int
    attained: NumberOut
    status: Coded
    final: bool


class TargetOut(BaseModel):
    """A target in the document's words and where it stands."""

    id: str
    label: str
    metric: Coded
    among: Coded | None = Field(description="only those who hold this title too (其中)")
    holders: list[Coded] = Field(default=[], description="only items of enterprises that hold one of these titles")
    levels: list[Coded] = Field(default=[], description="only items of these levels; empty: of all")
    once: Coded | None = Field(default=None, description="what is one among certified items; null for other registers")
    counted_in: Coded = Field(description="the register, or the issuing unit's figures")
    kind: Coded
    operator: list[str] = Field(description="the document's own words")
    comparison: Coded
    value: str | None
    lowest: str | None = Field(description="the number from which on it is reached; with 左右 less than `value`")
    stretch: str | None = Field(description="力争 beside 确保: not reaching it is no failure (A-20)")
    unit: str | None
    by: int | None
    quotation: QuotationOut
    annex: QuotationOut | None
    tasks: list[str]
    decisions: list[str]
    note: str
    conflicts: list[ConflictOut]
    as_of: dt.date
    year: int | None
    due: dt.date
    attained: NumberOut
    percent: str | None
    subjects: int | None = Field(
        default=None, description="where each of several has to have something: how many there are; `attained` have it"
    )
    plan_line: NumberOut = Field(description="where the straight line to the target is on `as_of`")
    forecast: NumberOut
    forecast_on: dt.date | None
    status: Coded
    final: bool = Field(description="the target's last day has come: a final evaluation (A-17)")
    reaches_stretch: bool | None
    drillable: bool = Field(
        description="whether …/entries lists exactly what is counted; of titles …/enterprises lists who"
    )
    window: WindowOut | None
    years: list[YearOut] = Field(default=[], description="targets of every year: each year begun; one target only")


class HolderOut(BaseModel):
    """An enterprise with the record that counts, or why it is not counted."""

    uscc: str
    name: str
    district: Coded | None
    status: Coded = Field(description="registration status today; it does not change the count")
    title_id: uuid.UUID
    document: str | None
    announced_on: dt.date | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    title_state: Coded
    counted: bool
    reason: Coded | None
    undated: bool = Field(description="no beginning is stated: the day of recording stands for it")


class HoldersOut(BaseModel):
    """Who makes up a number; `beyond` of the counted lie outside the caller's areas and are not listed."""

    items: list[HolderOut]
    next_cursor: str | None
    total: int = Field(description="how many are counted, the same number as the target's `attained`")
    beyond: int
    window: WindowOut


class EntryOut(BaseModel):
    """An entry of a register that is counted, or why it is not."""

    entry_id: uuid.UUID = Field(description="of the item, the stay in the pool, the carrier, project, case or title")
    uscc: str | None = Field(description="the enterprise whose it is; null where it is a carrier's or nobody's")
    carrier_id: uuid.UUID | None
    name: str = Field(description="of the enterprise or carrier; of a project or a case its own")
    district: Coded | None
    kind: Coded | None
    level: Coded | None
    label: str | None = Field(description="the item's own name, or the reason of a stay in the pool")
    number: str | None
    document: str | None
    begins: dt.date | None = Field(description="certified, entered, published; it decides in which period it is new")
    valid_from: dt.date | None
    valid_to: dt.date | None
    ended_on: dt.date | None = Field(description="revoked, left, closed")
    counted: bool
    reason: Coded | None
    undated: bool = Field(description="no beginning is stated: the day of recording stands for it")


class EntriesOut(BaseModel):
    """What makes up a number; `beyond` of the counted lie outside the caller's areas and are not listed."""

    items: list[EntryOut]
    next_cursor: str | None
    total: int = Field(description="how many are counted: the target's `attained`, or the part of it asked for")
    beyond: int
    window: WindowOut


class FigureNew(Wanted):
    """A figure of the unit that issues it, in the unit of the target; a milestone is 1 when done, else 0."""

    period_start: dt.date
    period_end: dt.date
    value: Number
    scope: Passage = Field(description="口径")
    issued_by: Line = Field(description="发布单位")
    document: Line = Field(description="文件名称和文号")


class FigureCorrection(FigureNew):
    """What the figure should have been, and why."""

    reason: Passage


class FigureOut(BaseModel):
    """One figure; those that were corrected stay."""

    id: uuid.UUID
    period_start: dt.date
    period_end: dt.date
    value: str
    scope: str
    issued_by: str
    document: str
    recorded_at: dt.datetime
    recorded_by: str
    corrects: uuid.UUID | None
    correction_reason: str | None
    superseded_at: dt.datetime | None = Field(description="when it was corrected; null while it stands")


class MemberPut(Wanted):
    """The days for which an enterprise is on the programme's list, by which document."""

    since: dt.date | None = None
    until: dt.date | None = None
    document: Line


class MemberOut(BaseModel):
    """An enterprise on the programme's list."""

    uscc: str
    since: dt.date | None
    until: dt.date | None
    document: str
    recorded_at: dt.datetime
