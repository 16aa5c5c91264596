"""The outcome of an evaluation: verdict, every condition with its reason, and what is missing. 不作为认定依据."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from rulebook.pack import Document, Note
from rulebook.status import Status, Verdict
from rulebook.units import plain_decimal

DISCLAIMER = "本结果由系统按现有资料测算，不作为认定依据。"


@dataclass(frozen=True, slots=True)
class Input:
    """A value that was read: what, of which year, from where, how old."""

    fact_id: str
    label: str
    fiscal_year: int
    period_label: str
    value: object
    display: str
    unit: str | None
    source: str
    source_label: str
    as_of: date | None
    recorded_at: datetime | None
    age: str


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison inside a condition."""

    label: str
    value: str
    threshold: str
    status: Status
    note: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not there. Kind: fact, finding (a person decides), title or size.

    `blocking` is true when a condition stays undecided for want of it.
    """

    fact_id: str
    label: str
    fiscal_year: int
    kind: str
    conditions: tuple[str, ...] = ()
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """Scored points, exact when low equals high."""

    low: Decimal
    high: Decimal
    max: Decimal

    @property
    def display(self) -> str:
        low, high = plain_decimal(self.low), plain_decimal(self.high)
        return f"{low} 分" if low == high else f"{low}～{high} 分"


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """One rule line, judged. Role: gate, requirement or indicator (met when it earned points)."""

    id: str
    label: str
    role: str
    group: str
    modality: str
    status: Status
    value: str
    threshold: str
    points: Points | None
    clause: str
    document: Document
    quote: str
    evidence_grade: str
    effort: str
    checks: tuple[Check, ...]
    inputs: tuple[Input, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupScore:
    id: str
    label: str
    points: Points


@dataclass(frozen=True, slots=True)
class Score:
    points: Points
    groups: tuple[GroupScore, ...]


@dataclass(frozen=True, slots=True)
class ScoreCheck:
    """A total or sub-total against its threshold."""

    label: str
    points: Points
    threshold: str
    status: Status


@dataclass(frozen=True, slots=True)
class RouteResult:
    id: str
    label: str
    status: Status
    conditions: tuple[str, ...]
    score_checks: tuple[ScoreCheck, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole outcome. `route` is the first route that is met; `fiscal_year` is t (A-03)."""

    pack_id: str
    pack_label: str
    pack_edition: str
    pack_sha256: str
    document: Document
    title: str
    title_label: str
    kind: str
    application_date: date
    fiscal_year: int
    verdict: Verdict
    verdict_label: str
    route: str | None
    decision: Status
    routes: tuple[RouteResult, ...]
    score: Score | None
    conditions: tuple[ConditionResult, ...]
    missing: tuple[Missing, ...]
    reasons: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    """What the pack says beside the conditions: nothing that was computed."""
    disclaimer: str = DISCLAIMER

    def condition(self, condition_id: str) -> ConditionResult:
        return next(each for each in self.conditions if each.id == condition_id)

    def to_json(self) -> dict[str, object]:
        """The assessment in plain JSON types: decimals and dates as text, statuses as codes."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
