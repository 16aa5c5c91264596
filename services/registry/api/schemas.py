"""Shapes that several answers share: a code with its label, the enterprise, its facts and titles."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Wanted(BaseModel):
    """Every request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Coded(BaseModel):
    """A value of a closed list."""

    code: str
    label: str = Field(description="Chinese label")


class EnterpriseOut(BaseModel):
    """The identity of an enterprise."""

    uscc: str = Field(description="统一社会信用代码")
    name: str
    registered_address: str | None = None
    actual_address: str | None = None
    district: Coded | None = Field(default=None, description="GB/T 2260; null when not resolved")
    industry: Coded | None = Field(default=None, description="GB/T 4754-2017")
    established_on: dt.date | None = None
    registered_capital: str | None = Field(default=None, description="decimal, whole units of the currency")
    registered_capital_currency: str | None = Field(default=None, description="ISO 4217")
    status: Coded = Field(description="registration status; unknown when not stated")
    listing_status: Coded | None = None
    risk_flags: list[Coded] = []
    size_class: Coded | None = Field(default=None, description="划型; null when it cannot be told")
    size_reason: str | None = Field(default=None, description="why, and what is missing")
    synthetic: bool = Field(description="true for generated sample data (合成样例)")
    version: int = Field(description="rises with every change; the ETag of this enterprise")
    changed_at: dt.datetime


class TitleOut(BaseModel):
    """One record of the title ledger."""

    title_id: uuid.UUID
    title: Coded
    batch: str | None = None
    document_number: str | None = None
    decision_reference: str | None = None
    issued_by: str | None = None
    announced_on: dt.date | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    state: Coded
    stage: Coded = Field(
        description="the state in the words of the title's own process, for example 复核通过, 取消公告"
    )
    source: str = Field(description="import | recorded")
    recorded_at: dt.datetime
    cancelled_kind: str | None = Field(default=None, description="cancelled | recorded_in_error")
    cancelled_reason: str | None = None
    cancelled_on: dt.date | None = None
    reapply_ban: bool | None = None
    banned_until: dt.date | None = Field(
        default=None, description="last day without a new application, at the least; null without a ban or not known"
    )


class FactOut(BaseModel):
    """One fact as it is on file."""

    fact: str
    label: str
    type: str
    unit: str | None = None
    value: Any = Field(description="canonical: money and numbers as decimal strings, money in yuan")
    value_label: str | None = Field(default=None, description="Chinese label of a code")
    source: Coded
    as_of: dt.date
    recorded_at: dt.datetime


class PeriodOut(BaseModel):
    """The facts of one fiscal year; year 0 holds those that are true as of a date (时点)."""

    fiscal_year: int
    label: str
    facts: list[FactOut]


class MissingOut(BaseModel):
    """A fact that is not on file."""

    fact: str
    label: str
    fiscal_year: int = Field(description="0 for facts that hold as of a date")


class PlaceOut(BaseModel):
    """The district that an address names by its own words."""

    district: Coded | None = Field(description="GB/T 2260; null when the address names none for certain")
    how: Coded = Field(description="how it was resolved; never from the credit code")
    remark: str | None = Field(
        default=None, description="where a person should look, for example another district on file"
    )


class CompletenessOut(BaseModel):
    """How many facts of the dictionary are known: yearly ones of `fiscal_year`, and point facts."""

    fiscal_year: int
    present: int
    expected: int
    score: str = Field(default="0", description="decimal ratio of `present` to `expected`, two places, rounded down")
    missing: list[MissingOut] = Field(default=[], description="the facts that are not on file")


class FormerNameOut(BaseModel):
    """A name that the enterprise bore."""

    name: str
    valid_from: dt.date | None = Field(default=None, description="first day of the name; null when no document says it")
    valid_to: dt.date | None = Field(default=None, description="its last day; null when no document says it")
    document: str | None = None
    known_since: dt.datetime = Field(description="since when the file tells it as a former name")


class SuccessionOut(BaseModel):
    """A merger or division, and the other enterprise in it."""

    kind: Coded
    uscc: str
    name: str
    continues: bool = Field(description="whether the divided enterprise goes on (存续分立)")
    effective_on: dt.date
    document: str


class ParkOut(BaseModel):
    """The park that an enterprise is in."""

    park_id: uuid.UUID
    name: str
    since: dt.date | None = Field(description="null: it was there before it was recorded")


class EnterpriseFile(EnterpriseOut):
    """An enterprise with its titles and facts, as they are or, with `as_of`, as the registry said they were."""

    park: ParkOut | None = Field(default=None, description="所属园区; null when in none, or in none that is recorded")

    titles: list[TitleOut]
    facts: list[PeriodOut]
    completeness: CompletenessOut
    registered_place: PlaceOut | None = None
    actual_place: PlaceOut | None = None
    former_names: list[FormerNameOut] = Field(default=[], description="曾用名, the latest first")
    predecessors: list[SuccessionOut] = Field(default=[], description="whom it carries on")
    successors: list[SuccessionOut] = Field(default=[], description="who carries it on")
    as_of: dt.datetime | None = Field(
        default=None,
        description="the past moment whose state this is, null for the present one. `version` is then the one at which"
        " the enterprise's own fields became what they were; labels are those of today",
    )
    unknown: list[str] = Field(
        default=[], description="fields whose value at that moment was not kept; they are null here"
    )
