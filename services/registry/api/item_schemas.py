"""Shapes of certified items: the catalogue, an item, what a request states, counts."""

from __future__ import annotations

import datetime as dt
import uuid

from pydantic import BaseModel, Field

from services.registry.api.parameters import Line, Passage
from services.registry.api.schemas import Coded, Wanted
from services.registry.domain.items import ItemKind, ItemSet
from services.registry.domain.life_cycle import Source


class GroundsOut(BaseModel):
    """Where it is written."""

    document: str
    document_number: str
    clause: str
    quote: str
    evidence: str


class ItemKindOut(BaseModel):
    kind: Coded
    group: str
    unit: str
    levels: list[Coded]
    subjects: list[Coded] = Field(description="enterprise, or kinds of carriers")
    grounds: GroundsOut
    targets: list[str] = Field(description="ids of the targets that count it")


class SetLineOut(BaseModel):
    label: str
    any_of: list[Coded]
    levels: list[Coded] = Field(description="empty: any")


class ItemSetOut(BaseModel):
    """What a carrier of a kind is to have."""

    code: str
    label: str
    carrier: Coded
    lines: list[SetLineOut]
    grounds: GroundsOut


class ItemKindsOut(BaseModel):
    edition: str
    sha256: str
    carriers: list[Coded]
    kinds: list[ItemKindOut]
    sets: list[ItemSetOut]


class ItemSubjectOut(BaseModel):
    """Who has it: an enterprise, or a carrier."""

    kind: Coded
    uscc: str | None
    carrier_id: uuid.UUID | None
    name: str
    district: Coded | None


class ItemOut(BaseModel):
    """One certified item."""

    item_id: uuid.UUID
    kind: Coded
    level: Coded
    subject: ItemSubjectOut
    name: str | None
    number: str | None = Field(description="证书或认定编号")
    document_number: str | None
    decision_reference: str | None
    issued_by: str | None
    certified_on: dt.date
    valid_from: dt.date | None
    valid_to: dt.date | None
    state: Coded = Field(description="as of today")
    revoked_on: dt.date | None
    revoked_document: str | None
    revoked_reason: str | None
    recorded_at: dt.datetime


class ItemNew(Wanted):
    """An official act; exactly one of `uscc` and `carrier_id`, and a document, must be there."""

    kind: Line
    level: Line
    uscc: str | None = Field(default=None, description="统一社会信用代码", max_length=100)
    carrier_id: uuid.UUID | None = None
    name: Line | None = Field(default=None, description="项目名称，如车间、产品、商标的名称")
    number: Line | None = Field(default=None, description="证书或认定编号")
    document_number: Line | None = None
    decision_reference: Line | None = None
    issued_by: Line | None = None
    certified_on: dt.date
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class ItemRevocation(Wanted):
    revoked_on: dt.date
    document: Line = Field(description="撤销文件的文号或决定依据")
    reason: Passage


class ItemCountOut(BaseModel):
    kind: Coded
    level: Coded
    items: int
    subjects: int = Field(description="enterprises and carriers that have at least one of them")


class ItemCountsOut(BaseModel):
    """A stock: what was in force on a day; or, between two days, what was certified in them, whatever became of it."""

    on: dt.date | None
    certified_from: dt.date | None
    certified_until: dt.date | None
    counts: list[ItemCountOut]


def grounds_out(each: ItemKind | ItemSet) -> GroundsOut:
    return source_out(each.source, each.clause, each.quote, each.evidence)


def source_out(source: Source, clause: str, quote: str, evidence: str) -> GroundsOut:
    """A document with the place in it."""
    return GroundsOut(
        document=source.name, document_number=source.number, clause=clause, quote=quote, evidence=evidence
    )
