"""Request and response shapes of eligibility's API."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rulebook.pack import TITLES

Uscc = Field(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="统一社会信用代码, 18 characters")

FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2100, 12, 31)
"""Days that can be asked about: before and after them no rules are meant, but a slip of the keyboard is."""


class Coded(BaseModel):
    """A code and its Chinese label."""

    code: str
    label: str


class StatedFact(BaseModel):
    """One fact as the caller states it. Money in yuan unless `unit` says 万元 or 亿元."""

    model_config = ConfigDict(extra="forbid")

    fact: str = Field(description="fact id of the dictionary, for example rd_expense_yuan")
    fiscal_year: int | None = Field(default=None, ge=1990, le=2100, description="for facts per year; else absent")
    value: Any = Field(description="decimal text, integer, boolean, date, code, list of records; null is missing")
    unit: str | None = Field(default=None, max_length=10, description="元 | 万元 | 亿元 | %")
    source: Literal[
        "self_declared", "audit_report", "tax", "official_platform", "official_finding", "official_list", "import"
    ] = "self_declared"
    as_of: dt.date | None = None


class StatedTitle(BaseModel):
    """A title the enterprise holds."""

    model_config = ConfigDict(extra="forbid")

    title: str
    state: Literal["valid", "publicized", "under_review", "expired", "cancelled"] = "valid"
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    cancelled_on: dt.date | None = Field(default=None, description="with state cancelled")
    ban: bool | None = Field(default=None, description="with state cancelled: whether re-application is barred")

    @field_validator("title")
    @classmethod
    def _known(cls, title: str) -> str:
        if title not in TITLES:
            known = "、".join(f"{code}（{label}）" for code, label in TITLES.items())
            raise ValueError(f"称号代码应为以下之一：{known}")
        return title

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"有效期至（{self.valid_to}）早于有效期起（{self.valid_from}），请核对")
        if self.state != "cancelled" and (self.cancelled_on is not None or self.ban is not None):
            raise ValueError("cancelled_on 和 ban 只用于已取消（cancelled）的称号")
        return self


class AssessmentNew(BaseModel):
    """What to assess: a registered enterprise by its code, or facts as stated here."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="title code, for example innovative_sme")
    uscc: str | None = Field(default=None, pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$", description="a registered enterprise")
    facts: list[StatedFact] | None = Field(default=None, max_length=1000)
    titles: list[StatedTitle] | None = Field(
        default=None, max_length=100, description="with `facts`: titles held; [] means none, absent means not known"
    )
    industry_code: str | None = Field(default=None, max_length=10, description="GB/T 4754-2017, with `facts`")
    district_code: str | None = Field(
        default=None, pattern=r"^\d{6}$", description="GB/T 2260, with `facts`: needed for titles of one area"
    )
    kind: Literal["new", "review"] | None = Field(
        default=None, description="default: review when the title is validly held, else new"
    )
    application_date: dt.date | None = Field(
        default=None, ge=FIRST_DAY, le=LAST_DAY, description="default: today in Asia/Shanghai"
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> AssessmentNew:
        if (self.uscc is None) == (self.facts is None):
            raise ValueError("请在 uscc（已登记企业）和 facts（自行给出事实）中任选其一")
        stated = (self.titles, self.industry_code, self.district_code)
        if self.uscc is not None and any(each is not None for each in stated):
            raise ValueError("titles、industry_code、district_code 只能与 facts 一起给出；已登记企业以登记信息为准")
        return self


class PointsOut(BaseModel):
    """Points as decimal text; low and high differ while something is missing."""

    low: str
    high: str
    max: str


class InputOut(BaseModel):
    """A value that a line was decided on."""

    fact: str = Field(description="id in the facts dictionary; `titles` for an entry of the title ledger (称号台账)")
    label: str
    fiscal_year: int | None = Field(description="null for facts that hold as of a date")
    period: str
    value: Any
    display: str
    unit: str | None
    source: Coded = Field(
        description="a source of the facts dictionary, or `register` (企业登记信息), `title_ledger` (称号台账)"
    )
    as_of: dt.date | None
    recorded_at: dt.datetime | None
    age: str = Field(description="on the application date, for example 3 年前的数据, 2 个月前的数据, 数据日期不详")


class CheckOut(BaseModel):
    """One comparison inside a condition."""

    label: str
    value: str
    threshold: str
    status: Coded
    note: str


class MissingOut(BaseModel):
    """Something that is not there: a fact, an official's finding, a title or the size class."""

    kind: str
    fact: str
    label: str
    fiscal_year: int | None
    conditions: list[str]
    blocking: bool = Field(description="a condition stays undecided for want of it")


class DocumentOut(BaseModel):
    number: str
    name: str
    issuer: str
    annex: str


class NextBandOut(BaseModel):
    """The nearest better band of an indicator."""

    reach: str = Field(description="what has to hold, for example 2025年研发费用总额÷2025年营业收入 ≥5%")
    points: PointsOut = Field(description="what it earns")


class ConditionOut(BaseModel):
    """One rule line with its reason."""

    id: str = Field(description="the rulebook's id, for example ZJ26-3")
    label: str
    role: str = Field(description="gate | requirement | indicator")
    group: str
    modality: str
    status: Coded
    met: bool | None = Field(description="true, false, or null while it is not decided")
    value: str
    threshold: str
    points: PointsOut | None
    clause: str
    document: DocumentOut
    quote: str
    evidence_grade: str
    checks: list[CheckOut]
    inputs: list[InputOut]
    missing: list[MissingOut]
    notes: list[str]
    next_band: NextBandOut | None = Field(
        default=None, description="for an indicator that is decided and below its best band"
    )


class ScoreCheckOut(BaseModel):
    label: str
    points: PointsOut
    threshold: str
    status: Coded


class RouteOut(BaseModel):
    id: str
    label: str
    status: Coded
    conditions: list[str]
    score_checks: list[ScoreCheckOut]


class GroupScoreOut(BaseModel):
    id: str
    label: str
    points: PointsOut


class ScoreOut(BaseModel):
    points: PointsOut
    groups: list[GroupScoreOut]


class PackRef(BaseModel):
    id: str
    label: str
    edition: str
    sha256: str
    document: DocumentOut


class NoteOut(BaseModel):
    """A written rule that no test decides: a definition, a notice's process data, how conditions combine."""

    id: str
    topic: Coded
    label: str
    items: list[str] = Field(description="data of the note, such as the batches it is about")
    clause: str
    document: DocumentOut
    quote: str
    evidence_grade: str


class LifeCycleOut(BaseModel):
    """What the title brings with it: validity, yearly update, reporting deadline."""

    id: str
    label: str
    years: int | None = Field(description="proposed validity; the document decides")
    months: int | None = Field(description="to report a change within")
    due: str | None = Field(description="MM-DD of every year, that day included")
    clause: str
    document: DocumentOut
    quote: str
    evidence_grade: str


class TermOut(BaseModel):
    """When the edition serves a kind of application, both days included."""

    kind: Coded
    start: dt.date
    end: dt.date | None


class AssessmentOut(BaseModel):
    """An assessment with its reasons. 不作为认定依据."""

    id: str | None = Field(description="null when the outcome is not stored (stated facts, another date or kind)")
    uscc: str | None
    enterprise_name: str | None
    synthetic: bool | None = Field(description="true: generated sample enterprise (合成样例)")
    title: Coded
    kind: Coded
    application_date: dt.date
    fiscal_year: int = Field(description="t, the last complete fiscal year before the application")
    verdict: Coded
    route: str | None = Field(description="the route that is met")
    routes: list[RouteOut]
    score: ScoreOut | None
    conditions: list[ConditionOut]
    missing: list[MissingOut]
    reasons: list[str]
    notes: list[NoteOut] = Field(description="what the pack says beside the conditions; nothing that was computed")
    pack: PackRef
    assessed_at: dt.datetime
    disclaimer: str


class NoticeSectionOut(BaseModel):
    """A table of the notice; each row has a cell per column."""

    id: str = Field(description="unmet | material | pending | total | score | met | optional | other_material")
    label: str
    columns: list[str]
    rows: list[list[str]]


class NoticeOut(BaseModel):
    """A notice (告知书) to the enterprise, ready to send. 不作为认定依据."""

    assessment_id: str
    uscc: str
    verdict: Coded
    caption: str
    subject: str
    addressee: str
    opening: list[str]
    sections: list[NoticeSectionOut]
    closing: list[str]
    disclaimer: str
    text: str = Field(description="the whole notice as plain text")


class KeysOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class AssessmentSummary(BaseModel):
    """One line of a list; the explanation is at /assessments/{id}."""

    id: str
    uscc: str
    enterprise_name: str
    synthetic: bool
    district_code: str | None
    title: Coded
    kind: Coded
    verdict: Coded
    route: str | None
    score_low: str | None
    score_high: str | None
    missing_count: int
    application_date: dt.date
    assessed_at: dt.datetime
    pack_id: str


class PackOut(BaseModel):
    """One version of a policy pack."""

    id: str
    sha256: str
    title: Coded
    label: str
    edition: str
    document: DocumentOut
    kinds: list[Coded]
    area: list[str] = Field(description="GB/T 2260 prefixes of the area it is for; empty: everywhere")
    in_force_from: dt.date = Field(description="the first day for any kind; see `terms`")
    in_force_to: dt.date | None
    terms: list[TermOut]
    life_cycle: list[LifeCycleOut]
    notes: list[NoteOut]
    state: str = Field(description="draft | tested | scheduled | active | retired")
    conditions: int = Field(description="rule lines in it")


class VerdictCount(BaseModel):
    title: Coded
    verdict: Coded
    count: int


class Statistics(BaseModel):
    """How many enterprises stand where, in the caller's areas."""

    enterprises: int
    pending: int = Field(description="enterprises about which something changed and which wait for their assessment")
    verdicts: list[VerdictCount]
