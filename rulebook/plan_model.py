"""What a gap plan consists of: windows, changes, one plan per route, and what stands in the way. 不作为认定依据."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum

from rulebook.assessment import DISCLAIMER, Assessment
from rulebook.pack import Document
from rulebook.status import Status, Verdict
from rulebook.units import plain_decimal

EFFORT_LABELS = {"paperwork": "补材料", "months": "数月", "year": "约一年", "years": "一年以上"}


@dataclass(frozen=True, slots=True)
class Window:
    """When applications for a title are taken, the first and the last day included."""

    title: str
    opens: date
    closes: date
    label: str = ""


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A day on which the plan would apply. `window` is None where no notice has named one yet."""

    day: date
    label: str
    window: Window | None = None

    @property
    def fiscal_year(self) -> int:
        return self.day.year - 1


class Kind(StrEnum):
    """What a change is: a figure to reach, something to supply, someone to ask, something to obtain."""

    REACH = "reach"
    SUPPLY = "supply"
    CONFIRM = "confirm"
    OBTAIN = "obtain"
    TITLE = "title"
    DECIDE = "decide"
    WAIT = "wait"

    @property
    def label(self) -> str:
        return _KINDS[self]


_KINDS = {
    Kind.REACH: "达到数值",
    Kind.SUPPLY: "补充资料",
    Kind.CONFIRM: "取得认可来源的数据",
    Kind.OBTAIN: "取得记录",
    Kind.TITLE: "取得称号",
    Kind.DECIDE: "请主管部门认定",
    Kind.WAIT: "等待",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the plan, in words and as data.

    `target` and `current` are canonical values, to be stated as they are. A figure that is missing has a target where a
    line limits it by itself (at least, or at most), and none when any value or only a relation will do. To obtain a
    record, `target` is the entry that joins the list of `current`; of a title it is the row of the ledger. `ready` is
    the first day on which the change can be complete.
    """

    kind: Kind
    text: str
    conditions: tuple[str, ...]
    goals: tuple[str, ...]
    effort: str
    ready: date
    earliest: str
    distance: Decimal
    fact_id: str = ""
    label: str = ""
    fiscal_year: int = 0
    unit: str | None = None
    current: object = None
    target: object = None
    title: str = ""
    consequences: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    warning: str = ""
    """Why it is hardly reached; empty for an ordinary step."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that is not met on the day the plan is made, what closes it, and the other ways to close it."""

    id: str
    label: str
    role: str
    status: Status
    value: str
    threshold: str
    clause: str
    closed_by: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A line that nothing closes before the next window, and why."""

    condition_id: str
    label: str
    reason: str


class Outcome(StrEnum):
    """How a route stands: met as it is, left to officials as it is, reached by the changes, undecided until what is
    missing is supplied, or out of reach."""

    MET = "met"
    UNDECIDED = "undecided"
    PLANNED = "planned"
    PENDING = "pending"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.MET: "已满足",
    Outcome.UNDECIDED: "待认定",
    Outcome.PLANNED: "可达到",
    Outcome.PENDING: "补齐资料后才能算出",
    Outcome.REFUSED: "目前无法规划",
}


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """The way to the title on one route. `verified` is what the evaluator says of the changed facts.

    `pending` names what the changes leave undecided until missing figures are supplied: then it is not verified that
    the title is reached, and what else it takes can be computed only with them.
    """

    route: str
    label: str
    outcome: Outcome
    changes: tuple[Change, ...]
    opportunity: Opportunity | None
    verified: Assessment | None
    effort: str
    distance: Decimal
    assumptions: tuple[str, ...]
    left_to_officials: tuple[str, ...]
    lines: tuple[OpenLine, ...]
    obstacles: tuple[Obstacle, ...]
    reasons: tuple[str, ...]
    pending: tuple[str, ...] = ()

    @property
    def outcome_label(self) -> str:
        """How the route stands, whether officials still decide, and whether it takes a step that is hardly reached."""
        decided = "" if self.outcome is not Outcome.PLANNED or not self.judgement else "，尚待认定"
        return f"{self.outcome.label}{decided}{'（幅度大，很难实现）' if self.steep else ''}"

    @property
    def steep(self) -> bool:
        return any(each.warning for each in self.changes)

    @property
    def judgement(self) -> bool:
        """Everything an enterprise can do is done; a person still has to decide."""
        return bool(self.left_to_officials)


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition by what it is cited as."""

    pack_id: str
    label: str
    edition: str
    sha256: str
    document: Document
    in_force_from: date


@dataclass(frozen=True, slots=True)
class Succession:
    """Until which day an edition serves, and which edition serves from the next day on; None where none is loaded."""

    ends: date
    following: Edition | None = None


@dataclass(frozen=True, slots=True)
class GapPlan:
    """The smallest set of changes that reaches the title, and the other routes, ranked."""

    pack_id: str
    pack_label: str
    pack_edition: str
    pack_sha256: str
    document: Document
    title: str
    title_label: str
    kind: str
    as_of: date
    application_date: date
    verdict: Verdict
    routes: tuple[RoutePlan, ...]
    next_opportunity: Opportunity | None
    summary: str
    edition_ends: date | None = None
    """The last day that this edition serves, where that is known."""
    following: Edition | None = None
    """The edition that serves from the next day on, where one is in use."""
    disclaimer: str = field(default=DISCLAIMER)

    @property
    def best(self) -> RoutePlan | None:
        """The first of the ranked routes that reaches the title."""
        return next((route for route in self.routes if route.outcome is not Outcome.REFUSED), None)

    def to_json(self) -> dict[str, object]:
        """The plan in plain JSON types; the evaluator's assessment is given by its verdict."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def _plain(value: object) -> object:
    if isinstance(value, Assessment):
        return value.verdict.value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
