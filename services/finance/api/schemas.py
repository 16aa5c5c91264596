"""Request and response shapes of finance."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.finance.domain.consents import STATE_LABELS, Terms
from services.finance.store.tables import ConsentRow, EntryRow

MAX_POSITION = 2**63 - 1
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"

Uscc = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]
Institution = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_NO_CONTROLS)
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROLS)]
TitleCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
District = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,6}$")]
Position = Annotated[int, Query(ge=0, le=MAX_POSITION)]


class Coded(BaseModel):
    """A code and its Chinese label."""

    code: str
    label: str


class EntryOut(BaseModel):
    """One title of one enterprise on the whitelist."""

    uscc: str
    name: str
    title: str
    title_label: str
    batch: str | None
    document_number: str | None
    issued_by: str | None
    announced_on: dt.date | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    state: str = Field(description="valid 有效 | under_review 复核中")
    state_label: str
    district_code: str | None = Field(description="GB/T 2260")
    district_name: str | None
    size_class: str | None = Field(description="large | medium | small | micro; null when unknown")
    industry_code: str | None = Field(description="GB/T 4754-2017")
    industry_name: str | None
    listing_status: str | None
    risk_flags: list[str] = Field(description="abnormal_operation 经营异常, serious_dishonesty 严重失信, stopped 停产")
    synthetic: bool = Field(description="true: generated sample, no real enterprise (合成样例)")
    title_id: str
    seq: int = Field(description="position of the feed at which this row became what it is")

    @classmethod
    def of(cls, row: EntryRow) -> Self:
        return cls(**json.loads(row.line), seq=row.seq)


class EntriesOut(BaseModel):
    """One page of the whitelist."""

    items: list[EntryOut]
    next_cursor: str | None = Field(default=None, description="pass as `cursor` to get the next page")


class FileOut(BaseModel):
    """One form of the content. `bytes` and `sha256` are those of the body as it travels in this encoding."""

    format: str = Field(description="ndjson | csv")
    bom: bool = Field(description="starts with a UTF-8 byte order mark, for Excel")
    encoding: str = Field(description="identity | gzip | zstd: ask for it by Accept-Encoding")
    media_type: str
    bytes: int
    sha256: str
    path: str


class ManifestOut(BaseModel):
    """What a snapshot holds, signed."""

    feed: str
    epoch: int
    seq: int = Field(description="position of the feed: continue with changes?after=SEQ")
    count: int
    built_at: str
    sha256: str = Field(description="of the plain NDJSON")
    files: list[FileOut]
    previous: dict[str, Any] | None = Field(description="epoch and sha256 of the manifest before this one")
    key_id: str
    signature: str = Field(
        description="detached JWS (Ed25519) over this object without `signature`, in the form of RFC 8785"
    )


class SegmentOut(BaseModel):
    """A closed run of changes, signed like a snapshot; it never changes again."""

    feed: str
    segment: int
    first_seq: int
    last_seq: int
    count: int
    sha256: str
    files: list[FileOut]
    previous: dict[str, Any] | None
    key_id: str
    signature: str


class SegmentsOut(BaseModel):
    """Closed segments in order; what lies after `next_after` is fetched from /changes."""

    items: list[SegmentOut]
    next_after: int


class ChangeOut(BaseModel):
    """One step of the feed."""

    seq: int
    type: Literal["entered", "changed", "left"]
    type_label: str
    occurred_at: str
    subject: str = Field(description="统一社会信用代码")
    title: str
    title_id: str
    reason: str = Field(description="title_recorded, title_expired, title_cancelled, moved, struck_off, …")
    reason_label: str
    effective_on: dt.date
    changed: list[str] = Field(description="columns that differ from the row before; empty when it entered or left")
    data: dict[str, Any] | None = Field(description="the whole row afterwards; null when the title left")
    tombstone: bool


class ChangesOut(BaseModel):
    """Changes in the order of `seq`, without gaps."""

    items: list[ChangeOut]
    next_after: int = Field(description="pass as `after` next time")
    latest_seq: int = Field(description="the end of the feed")


class KeysOut(BaseModel):
    """Public keys of the feed (RFC 7517)."""

    keys: list[dict[str, Any]]


class ConsentNew(BaseModel):
    """A consent to be recorded."""

    model_config = ConfigDict(extra="forbid")

    uscc: Uscc
    institution: Institution = Field(description="code of the institution that may see the details")
    purpose: Words = Field(description="what for, for example credit_assessment")
    expires_on: dt.date = Field(description="the last day in force, Asia/Shanghai")
    document_reference: Words | None = Field(
        default=None, description="number of the stamped 授权书; an official must give it"
    )

    def terms(self) -> Terms:
        return Terms(self.uscc, self.institution, self.purpose, self.expires_on, self.document_reference)


class ConsentOut(BaseModel):
    """A consent and what became of it."""

    id: uuid.UUID
    uscc: str
    institution: str
    purpose: str
    state: Coded
    expires_on: dt.date
    document_reference: str | None
    on_behalf: bool = Field(description="recorded by an official for the enterprise")
    given_at: dt.datetime
    ended_at: dt.datetime | None

    @classmethod
    def of(cls, row: ConsentRow) -> Self:
        return cls(
            id=row.id,
            uscc=row.uscc,
            institution=row.institution,
            purpose=row.purpose,
            state=Coded(code=row.state, label=STATE_LABELS[row.state]),
            expires_on=row.expires_on,
            document_reference=row.document_reference,
            on_behalf=row.on_behalf,
            given_at=row.given_at,
            ended_at=row.ended_at,
        )


class ConsentsOut(BaseModel):
    """One page of consents, the latest first."""

    items: list[ConsentOut]
    next_cursor: str | None = Field(default=None, description="pass as `cursor` to get the next page")
