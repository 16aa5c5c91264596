"""The model of a policy pack: one edition of one title's rules, compiled and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rulebook.criteria import (
    AllOf as AllOf,
)
from rulebook.criteria import (
    AnyOf as AnyOf,
)
from rulebook.criteria import (
    Clause as Clause,
)
from rulebook.criteria import (
    Compare as Compare,
)
from rulebook.criteria import (
    CompareTotal as CompareTotal,
)
from rulebook.criteria import (
    DaysSince as DaysSince,
)
from rulebook.criteria import (
    Entries as Entries,
)
from rulebook.criteria import (
    Equals as Equals,
)
from rulebook.criteria import (
    FieldTest as FieldTest,
)
from rulebook.criteria import (
    Found as Found,
)
from rulebook.criteria import (
    Growth as Growth,
)
from rulebook.criteria import (
    Holds as Holds,
)
from rulebook.criteria import (
    InPlan as InPlan,
)
from rulebook.criteria import (
    LeftOpen as LeftOpen,
)
from rulebook.criteria import (
    Limit as Limit,
)
from rulebook.criteria import (
    Measure as Measure,
)
from rulebook.criteria import (
    NoBan as NoBan,
)
from rulebook.criteria import (
    RecordTotal as RecordTotal,
)
from rulebook.criteria import (
    Ref as Ref,
)
from rulebook.criteria import (
    Review as Review,
)
from rulebook.criteria import (
    Share as Share,
)
from rulebook.criteria import (
    SizeIn as SizeIn,
)
from rulebook.criteria import (
    Test as Test,
)
from rulebook.criteria import (
    Total as Total,
)
from rulebook.criteria import (
    Window as Window,
)

# the lower of two that do equally well is asked for first, so the order counts: 创新型、专精特新、小巨人 as they are
# graded by 工信部企业〔2022〕63号, then the others
TITLES = {
    "innovative_sme": "创新型中小企业",
    "tech_sme": "科技型中小企业",
    "specialized_sme": "专精特新中小企业",
    "little_giant": "专精特新“小巨人”企业",
    "high_tech": "高新技术企业",
    "champion": "制造业单项冠军企业",
    "suzhou_specialized_sme": "宿州市专精特新中小企业",
    "suzhou_growing_micro": "宿州市成长性小微企业",
    "suzhou_industry_giant": "宿州市“行业小巨人”",
    "qianjiang_tech_enterprise": "黔江区科技型企业",
}
WATCH_LISTS = {"zhenjiang_small_to_above": "镇江市“小进规”重点对象（关注名单）"}
"""What a pack may select enterprises for without any title: nobody holds one, nothing is granted."""
PACK_TITLES = TITLES | WATCH_LISTS
KINDS = {"new": "新申请", "review": "复核"}
MODALITIES = ("must", "should", "may", "encourage")
SIZES = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
EFFORTS = ("paperwork", "months", "year", "years")
EVIDENCE_GRADES = ("V", "S2", "S", "M", "D")
TOPICS = {
    "structure": "条件之间的关系",
    "definition": "指标和要求说明",
    "overlay": "年度通知和地方规定",
    "process": "程序和过渡安排",
}


@dataclass(frozen=True, slots=True)
class Document:
    """The official text a line stands on."""

    number: str
    name: str
    issuer: str
    annex: str = ""

    @property
    def citation(self) -> str:
        return f"《{self.name}》（{self.number}）{self.annex}"


@dataclass(frozen=True, slots=True)
class Line:
    """What every rule line carries: the rulebook's id and where it is written."""

    id: str
    label: str
    clause: str
    quote: str
    evidence: str
    document: Document
    source_line: int


@dataclass(frozen=True, slots=True)
class Term:
    """From the first day to the last, both included; without a last day it has not ended."""

    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    def meets(self, other: Term) -> bool:
        """Whether some day lies in both."""
        return (self.end is None or other.start <= self.end) and (other.end is None or self.start <= other.end)


@dataclass(frozen=True, slots=True)
class Note:
    """A written rule that no test decides: how conditions combine, a definition, a notice's process data."""

    line: Line
    topic: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """What a title brings with it: its validity, yearly update and reporting deadlines. Data for reminders.

    `years` proposes only: the validity of a title comes from its document.
    """

    line: Line
    years: int | None = None
    months: int | None = None
    due: tuple[int, int] | None = None
    """Month and day of every year, the day included."""


# -- lines of the pack --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """A gate or a requirement. `tests` holds the test per kind; a kind that is absent makes it not applicable.

    So does an application outside `term` (a notice of one year), and a subject for which `applies_if` is unmet;
    while `applies_if` is open, the condition holds only if its test does, and is as open as that otherwise.
    """

    line: Line
    modality: str
    tests: dict[str, Test] = field(hash=False)
    only_sources: frozenset[str] = frozenset()
    undefined_review_if: Test | None = None
    flag: tuple[Test, str] | None = None
    effort: str = ""
    applies_if: Test | None = None
    term: Term | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """From and to are both inclusive: a value on two bands takes the higher points (A-02). Points may be a range.

    With `above` the lower edge itself is outside: 「大于」 instead of 「以上」.
    """

    low: Decimal | None
    high: Decimal | None
    points_low: Decimal
    points_high: Decimal
    text: str
    above: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """One measure with its bands: one of several ways to earn the points of an indicator (A-10, A-28)."""

    measure: Measure
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Points for the first test that holds; `test` None is the remainder."""

    test: Test | None
    points_low: Decimal
    points_high: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Grade:
    """What experts may call it, and the points that word allows."""

    points_low: Decimal
    points_high: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A scored line: bands over one measure, the better of several scales, choices by test, points for each test
    that holds, grades that experts choose from, or a slot that the province fills (A-11).

    `expert` is the fact that holds the points experts gave (A-29).
    """

    line: Line
    group: str
    maximum: Decimal
    measure: Measure | None
    bands: tuple[Band, ...]
    choices: tuple[Choice, ...]
    only_sources: frozenset[str] = frozenset()
    effort: str = ""
    better_of: tuple[Scale, ...] = ()
    each: tuple[Test, ...] = field(default=(), hash=False)
    each_points: Decimal = Decimal(0)
    """Points for every test of `each` that holds; together never more than `maximum`."""
    grades: tuple[Grade, ...] = ()
    expert: Ref | None = None

    @property
    def slot(self) -> bool:
        return not (self.bands or self.choices or self.better_of or self.each or self.grades)


@dataclass(frozen=True, slots=True)
class Group:
    """Indicators that are added up; `maximum` caps a group whose lines could give more (HT-S1)."""

    id: str
    label: str
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ScoreRule:
    total: Limit | None
    groups: tuple[tuple[str, Limit], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One way to the title: every part that is present must hold."""

    id: str
    label: str
    all_of: tuple[str, ...]
    any_of: tuple[str, ...]
    score: ScoreRule | None


class Kept:
    """Room beside the fields for what the evaluator makes of them once (rulebook.evaluate).

    It goes with the object: a pack that is `replace`d has the hash of the other until it is compiled, and rules of its
    own.
    """

    __slots__ = ("programs",)
    programs: Mapping[tuple[str, int], Any]
    """By the kind and the year of application."""


@dataclass(frozen=True, slots=True)
class Pack(Kept):
    """One edition of one title's rules. `sha256` is over the canonical content; comments and spacing do not count.

    `area` are GB/T 2260 prefixes: the pack is for enterprises registered there; none means everywhere. A pack that
    is not `stated` names a title whose document gives no rule: it explains that and never finds anybody eligible.
    """

    id: str
    edition: str
    title: str
    label: str
    document: Document
    terms: tuple[tuple[str, Term], ...]
    """When the edition is in force, per kind: a review may change its edition on another day (A-43)."""
    kinds: tuple[str, ...]
    decision: Line
    alternatives: Line | None
    """The rule that makes one of the routes enough, where it is a line of its own."""
    gates: tuple[Condition, ...]
    conditions: tuple[Condition, ...]
    groups: tuple[Group, ...]
    indicators: tuple[Indicator, ...]
    routes: tuple[Route, ...]
    notes: tuple[Note, ...]
    life_cycle: tuple[LifeCycle, ...]
    sha256: str
    file: str
    area: tuple[str, ...] = ()
    stated: bool = True

    def serves(self, district: str | None) -> bool:
        """Whether the pack is for enterprises registered in this district; an unknown one lies in no area."""
        return not self.area or (district is not None and district.startswith(self.area))

    def term(self, kind: str) -> Term | None:
        return dict(self.terms).get(kind)

    def in_force(self, day: date, kind: str) -> bool:
        term = self.term(kind)
        return term is not None and term.covers(day)

    @property
    def in_force_from(self) -> date:
        """The first day on which the edition serves any kind."""
        return min(term.start for _, term in self.terms)

    @property
    def in_force_to(self) -> date | None:
        """The last day on which it serves any kind."""
        ends = [term.end for _, term in self.terms]
        return None if None in ends else max(end for end in ends if end is not None)
