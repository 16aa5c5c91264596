"""Shapes of change requests: what is asked, what it would do, and what became of it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.registry.api.enterprises import EnterpriseChange
from services.registry.api.file_history import FieldName
from services.registry.api.parameters import Line, Passage
from services.registry.api.schemas import Coded, Wanted


class EvidenceNew(Wanted):
    """A document that the change rests on."""

    title: Line = Field(description="文件名称，如 登记通知书、营业执照")
    number: Line | None = Field(default=None, description="文号或编号")
    issued_by: Line | None = None
    issued_on: dt.date | None = None


class TitleCarried(Wanted):
    """A title that goes on to a successor by the document of its authority; titles not named stay on the old file."""

    title_id: uuid.UUID
    successor: str = Field(description="统一社会信用代码, one of the successors", max_length=100)
    document_number: Line | None = None
    decision_reference: Line | None = None


class MergerAsked(Wanted):
    """The enterprise is merged into another and ends."""

    successor: str = Field(description="统一社会信用代码 of the enterprise that carries on", max_length=100)
    titles: list[TitleCarried] = Field(default=[], max_length=100)


class DivisionAsked(Wanted):
    """The enterprise is divided; those who carry on are registered already."""

    successors: list[Annotated[str, Field(max_length=100)]] = Field(min_length=1, max_length=20)
    continues: bool = Field(description="true: it goes on beside them (存续分立); false: it ends (解散分立)")
    titles: list[TitleCarried] = Field(default=[], max_length=100)


class ChangeRequestNew(Wanted):
    """What is wanted changed, why, and by which document: fields, or a merger, or a division."""

    fields: EnterpriseChange = Field(
        default_factory=EnterpriseChange, description="wanted values; an absent field stays, null takes it away"
    )
    merge: MergerAsked | None = None
    split: DivisionAsked | None = None
    reason: Passage
    evidence: list[EvidenceNew] = Field(default=[], max_length=20)
    effective_on: dt.date | None = Field(default=None, description="since when it is so, by the document")


class Approval(Wanted):
    """Agreement to a request."""

    reason: Passage | None = None
    confirm: list[FieldName] = Field(
        default=[],
        max_length=20,
        description="fields that changed since the request was made and are knowingly replaced: exactly the conflicts",
    )


class Refusal(Wanted):
    """A request that is turned down; the asker reads the reason."""

    reason: Passage


class Withdrawal(Wanted):
    """A request that is taken back."""

    reason: Passage | None = None


class WantedFieldOut(BaseModel):
    """One field of a request."""

    field: str
    label: str
    base: Any = Field(description="on file when it was asked for")
    present: Any = Field(description="on file now; once decided, null")
    wanted: Any
    conflict: bool = Field(description="whether it changed since, and not to what is wanted")


class ConsequenceOut(BaseModel):
    """Something that follows from the change."""

    code: str
    text: str


class SideOut(BaseModel):
    """An area whose officials have to agree."""

    side: Coded
    districts: list[str | None]
    agreed_by: str | None = None
    agreed_at: dt.datetime | None = None


class SuccessionAskedOut(BaseModel):
    """What a merger or division asks for."""

    successors: list[str]
    continues: bool
    titles: list[dict[str, Any]]


class ChangePreviewOut(BaseModel):
    """What a request would change and bring about; nothing is written."""

    kind: Coded
    fields: list[WantedFieldOut]
    rules: list[ChangeRuleOut]
    sides: list[SideOut]
    at_once: bool = Field(description="whether it takes effect with its filing")
    consequences: list[ConsequenceOut]


class ChangeRequestOut(BaseModel):
    """A change request."""

    request_id: uuid.UUID
    uscc: str
    name: str = Field(description="the enterprise's name now")
    kind: Coded
    state: Coded
    fields: list[WantedFieldOut]
    succession: SuccessionAskedOut | None = Field(default=None, description="of a merger or division")
    reason: str
    evidence: list[dict[str, Any]]
    effective_on: dt.date | None
    sides: list[SideOut]
    requested_by: str
    requested_as: Coded
    requested_at: dt.datetime
    decided_by: str | None = None
    decided_at: dt.datetime | None = None
    decision_reason: str | None = None
    confirmed: list[str] = []
    applied_version: int | None = Field(default=None, description="the enterprise's version after it")


class ChangeRequestFileOut(ChangeRequestOut):
    """A change request with what would follow; empty once it is decided."""

    consequences: list[ConsequenceOut]


class ChangeGroundOut(BaseModel):
    """The text that a rule stands on."""

    number: str
    name: str
    issuer: str
    clause: str | None
    quote: str | None


class ChangeRuleOut(BaseModel):
    """Who may ask for a change of a field (or for an act), and who decides it."""

    code: str
    label: str
    ask: list[Coded]
    decide: Coded
    evidence: Coded
    sides: list[Coded]
    why: str
    grade: str
    ground: ChangeGroundOut | None = Field(description="null where no text orders it")


class ChangeRulesOut(BaseModel):
    """One edition of the rules."""

    edition: str
    sha256: str
    fields: list[ChangeRuleOut]
    acts: list[ChangeRuleOut]


ChangePreviewOut.model_rebuild()
