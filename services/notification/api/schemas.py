"""Request and response shapes of notification."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from chassis.pagination import Page
from services.notification.domain.kinds import ASSIGNMENT_REASONS, KINDS, STATES
from services.notification.store.queries import DistrictCoverage, Held
from services.notification.store.tables import CommissionerRow, EnterpriseRow, MessageRow

USCC = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
Language = Literal["zh", "en"]

Weight = Annotated[Decimal, Field(ge=Decimal("0.1"), le=10, max_digits=4, decimal_places=2)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Areas = Annotated[
    list[str],
    Field(min_length=1, max_length=100, description="GB/T 2260 prefixes: 34 省, 3413 市, 341302 区县"),
]


class Labelled(BaseModel):
    """A code and what people call it."""

    code: str
    label: str


class EnterpriseBrief(BaseModel):
    """Which enterprise; the name is null until the registry has told it."""

    uscc: str
    name: str | None
    district_code: str | None
    district_name: str | None
    synthetic: bool = Field(description="true for generated sample enterprises (合成样例)")

    @classmethod
    def of(cls, row: EnterpriseRow) -> Self:
        return cls.model_validate(row, from_attributes=True)


class MessageOut(BaseModel):
    """One message; `why` says why you get it."""

    id: uuid.UUID
    kind: Labelled
    state: Labelled
    enterprise: EnterpriseBrief
    title: str
    body: str
    why: str
    details: dict[str, Any] = Field(description="what the text was made of; the keys depend on the kind")
    template: str = Field(description="template and version, for example title-recorded@1")
    correlation_id: str = Field(description="names the request that set everything off")
    created_at: dt.datetime
    delivered_at: dt.datetime | None
    read_at: dt.datetime | None

    @classmethod
    def of(cls, row: MessageRow, enterprise: EnterpriseRow, language: Language) -> Self:
        kind = KINDS[row.kind]
        english = language == "en"
        return cls(
            id=row.id,
            kind=Labelled(code=row.kind, label=kind.label_en if english else kind.label),
            state=Labelled(code=row.state, label=row.state if english else STATES[row.state]),
            enterprise=EnterpriseBrief.of(enterprise),
            title=row.title_en if english else row.title,
            body=row.body_en if english else row.body,
            why=row.why_en if english else row.why,
            details=row.payload,
            template=row.template,
            correlation_id=row.correlation_id,
            created_at=row.created_at,
            delivered_at=row.delivered_at,
            read_at=row.read_at,
        )


class InboxOut(Page[MessageOut]):
    """One page of an inbox, the latest delivered first."""

    unread: int = Field(description="unread messages in the whole inbox, whatever the filter")
    notice: str | None = Field(default=None, description="what to say when the page is empty")


class ReadAll(BaseModel):
    """How far the inbox was seen."""

    model_config = ConfigDict(extra="forbid")

    up_to: uuid.UUID | None = Field(
        default=None, description="the newest message seen; later ones stay unread. Null: everything"
    )


class ReadAllOut(BaseModel):
    """What became of it."""

    read: int
    unread: int


class CommissionerNew(BaseModel):
    """A commissioner to enter."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="unique; the identity claim names it")
    display_name: Name
    areas: Areas
    weight: Weight = Field(default=Decimal(1), description="share of a full post; 0.5 gets half as many enterprises")


class CommissionerChange(TypedDict, total=False):
    """What to change; what is absent stays, null is refused."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    display_name: Name
    areas: Areas
    weight: Weight
    active: Annotated[bool, Field(description="false hands all enterprises over to others")]


class CommissionerOut(BaseModel):
    """A commissioner and the present load."""

    code: str
    display_name: str
    areas: list[str]
    active: bool
    weight: Decimal
    load: int = Field(description="enterprises at the moment")
    version: int = Field(description="for If-Match")
    updated_at: dt.datetime

    @classmethod
    def of(cls, row: CommissionerRow) -> Self:
        return cls.model_validate(row, from_attributes=True)


class CommissionersOut(Page[CommissionerOut]):
    """One page of commissioners."""

    notice: str | None = None


class AssignmentNew(BaseModel):
    """An assignment by hand."""

    model_config = ConfigDict(extra="forbid")

    uscc: str = Field(pattern=USCC)
    commissioner: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=500, description="why it is decided by hand; kept with the assignment")


class AssignmentOut(BaseModel):
    """Who looks, or looked, after an enterprise."""

    id: uuid.UUID
    enterprise: EnterpriseBrief
    commissioner: str
    commissioner_name: str
    reason: Labelled
    note: str | None
    started_at: dt.datetime
    ended_at: dt.datetime | None = Field(description="null: at present")

    @classmethod
    def of(cls, held: Held) -> Self:
        row, enterprise, commissioner = held
        return cls(
            id=row.id,
            enterprise=EnterpriseBrief.of(enterprise),
            commissioner=commissioner.code,
            commissioner_name=commissioner.display_name,
            reason=Labelled(code=row.reason, label=ASSIGNMENT_REASONS[row.reason]),
            note=row.note,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )


class AssignmentsOut(Page[AssignmentOut]):
    """One page of assignments."""

    notice: str | None = None


class DistrictOut(BaseModel):
    """How one district is covered."""

    district_code: str | None = Field(description="null: enterprises whose district is not known")
    district_name: str | None
    enterprises: int
    unassigned: int
    commissioners: int = Field(description="active commissioners who serve the district")
    pending_messages: int = Field(description="messages that wait for a commissioner")

    @classmethod
    def of(cls, row: DistrictCoverage) -> Self:
        return cls(
            district_code=row.code,
            district_name=row.name or ("（未填区县）" if row.code is None else None),
            enterprises=row.enterprises,
            unassigned=row.unassigned,
            commissioners=row.commissioners,
            pending_messages=row.pending_messages,
        )


class CoverageOut(BaseModel):
    """Which enterprises have a commissioner, by district."""

    enterprises: int
    unassigned: int
    pending_messages: int
    notice: str = Field(description="what to do next, in Chinese")
    districts: list[DistrictOut]


class KindCount(BaseModel):
    """Messages of one kind by state."""

    kind: Labelled
    pending: int
    delivered: int = Field(description="delivered and not read")
    read: int
    total: int


class MessageStatistics(BaseModel):
    """Messages by kind and state; kinds without messages are listed with zeros."""

    pending: int
    delivered: int
    read: int
    total: int
    kinds: list[KindCount]
