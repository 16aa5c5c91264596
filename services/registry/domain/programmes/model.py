"""A programme as data: targets, tasks, conflicts and orders of one plan, each with the document's own words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

COUNTS = {
    "titles": "称号台账",
    "items": "认定事项登记",
    "pool": "培育库",
    "carriers": "载体登记",
    "projects": "重大产业项目库",
    "cases": "典型案例登记",
    "listing": "上市挂牌登记",
    "activity": "活动签到记录",
    "figure": "发布单位的数据",
    "milestone": "完成事项",
}
"""Where the number of a metric comes from."""
LEVELLED = ("items", "listing")
"""Registers of certified items: a target may name their levels, and titles of the enterprises that hold them."""
ONCE = {"subject": "一个主体计一次", "item": "按名称或编号区分，同一项目计一次"}
"""What is one in a count of certified items."""
KINDS = {
    "stock": "存量（期末在册）",
    "flow": "期内新增",
    "yearly": "每年",
    "yearly_average": "年均",
    "ratio": "比率",
    "average": "平均数",
    "relative": "相对指标",
    "annual_level": "当年数",
    "each": "每个主体",
    "milestone": "完成事项",
}
COMPARISONS = {"at_least": "不少于", "more_than": "多于", "about": "左右", "done": "完成"}
PARTS = {"task": "任务", "safeguard": "保障措施", "body": "正文任务", "annex": "附件分工"}
DEADLINES = {"dated": "有日期", "yearly": "每年", "event": "按事项", "none": "未写明"}
ORDERS = {
    "bulletin": "通报",
    "ranking": "赛马比拼",
    "scorecard": "综合评价",
    "yearly_report": "年度发展报告",
    "yearly_targets": "年度目标清单",
    "closed_loop": "闭环落实",
}
MEMBERS = {"district": "登记地在计划区域内的企业", "listed": "列入企业名单的企业"}
"""Which enterprises are the programme's: those of its districts, or those on a list (a zone is no district)."""
GRADES = ("V", "S2", "S", "M", "D")


@dataclass(frozen=True, slots=True)
class Lines:
    """Physical lines of the copy that was read, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words of the document, letter for letter as the copy has them."""

    lines: Lines
    text: str


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted. `title` is the ledger's code where titles are counted.

    `among`: only those who hold this title too (其中). Of other registers `kinds` and `levels` are what counts (empty:
    all), `once` what is one (ONCE), `holders` the titles of which the enterprise has to hold one. With `each` it is
    asked of every carrier of that kind whether it has `least` of them. `unavailable` says why nothing can be counted.
    """

    id: str
    counts: str
    label: str
    units: tuple[str, ...]
    title: str | None = None
    among: str | None = None
    kinds: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    once: str = "subject"
    holders: tuple[str, ...] = ()
    each: str | None = None
    least: int = 1
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The closed list of metrics, and what each operator word means."""

    metrics: Mapping[str, Metric]
    comparisons: Mapping[str, str]
    """Word → comparison, for the words that have one."""
    senses: Mapping[str, str]
    tolerance: Decimal
    """The part of a number with 左右 that may be missing."""
    escalation_days: tuple[int, ...]
    """Working days after a task's deadline on which it is announced as overdue, ascending."""
    levels: tuple[str, ...] = ()
    """Of certified items: the levels that a metric or a target can name."""

    def knows(self, word: str) -> bool:
        return word in self.comparisons or word in self.senses

    def comparison(self, words: tuple[str, ...]) -> str:
        """The last word that compares decides; without one the number itself is wanted."""
        found = [self.comparisons[word] for word in words if word in self.comparisons]
        return found[-1] if found else "at_least"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number with the document's operator words. `value` is null for a milestone."""

    operator: tuple[str, ...]
    comparison: str
    value: Decimal | None

    def lowest(self, tolerance: Decimal) -> Decimal | None:
        """The number from which on it is reached (with more_than: beyond which)."""
        if self.value is None:
            return None
        return self.value * (1 - tolerance) if self.comparison == "about" else self.value

    def reached_by(self, attained: Decimal, tolerance: Decimal) -> bool:
        lowest = self.lowest(tolerance)
        if lowest is None:
            return attained >= 1
        return attained > lowest if self.comparison == "more_than" else attained >= lowest


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One number that the plan promises. `by` is the year by whose end; null where it holds for every year."""

    id: str
    label: str
    metric: Metric
    kind: str
    threshold: Threshold
    stretch: Threshold | None
    tolerance: Decimal
    unit: str
    by: int | None
    quotation: Quotation
    annex: Quotation | None
    tasks: tuple[str, ...]
    decisions: tuple[str, ...]
    note: str

    @property
    def row(self) -> str:
        """The row of the table of targets that it is a part of: T-S0-5 for T-S0-5a."""
        return self.id.rstrip("abcdefgh")


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a task is due. `on` is a date (dated) or month and day of every year (yearly)."""

    kind: str
    on: dt.date | None = None
    month_day: tuple[int, int] | None = None
    quote: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task with its full wording. Units are those that the document names, in its own roles; none is inferred."""

    id: str
    item: str
    part: str
    section: str
    label: str
    wording: Quotation
    units_quote: str
    lead: tuple[str, ...]
    cooperating: tuple[str, ...]
    responsible: tuple[str, ...]
    also: tuple[str, ...]
    """Units that the document names once for all tasks."""
    deadline: Deadline
    note: str

    @property
    def units(self) -> tuple[str, ...]:
        return (*self.lead, *self.responsible, *self.cooperating, *self.also)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as the document calls it (simplified); `written` where the copy writes it otherwise, `now` where it has
    been renamed since."""

    name: str
    written: str
    now: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One side of a conflict: its source, and what it says. `gist` where another document's wording was not read."""

    source: str
    quotation: Quotation | None
    gist: str
    evidence: str
    says: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sources, or two ways to read one: both are kept, `used` is the source of the one that counts."""

    id: str
    decision: str
    about: tuple[str, ...]
    question: str
    readings: tuple[Reading, ...]
    used: str
    because: str


@dataclass(frozen=True, slots=True)
class Order:
    """Something of supervision that the plan itself orders."""

    kind: str
    label: str
    quotation: Quotation


@dataclass(frozen=True, slots=True)
class Paper:
    """The document of the plan."""

    name: str
    number: str
    issuer: str
    issued_on: dt.date | None
    copy: str


@dataclass(frozen=True, slots=True)
class Period:
    """The plan's years, both days included."""

    start: dt.date
    end: dt.date
    quotation: Quotation
    note: str

    @property
    def years(self) -> range:
        return range(self.start.year, self.end.year + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One plan, compiled. `sha256` names the version: comments and spacing do not count."""

    id: str
    sha256: str
    label: str
    paper: Paper
    areas: tuple[str, ...]
    """GB/T 2260 prefixes."""
    area_note: str
    members: str
    period: Period
    orders: tuple[Order, ...]
    units: tuple[Unit, ...]
    targets: tuple[Target, ...]
    tasks: tuple[Task, ...]
    conflicts: tuple[Conflict, ...]

    def over(self, day: dt.date) -> bool:
        """Whether the plan's last day has passed (A-17): its targets are then a final evaluation."""
        return day > self.period.end

    def target(self, target_id: str) -> Target | None:
        return next((each for each in self.targets if each.id == target_id), None)

    def task(self, task_id: str) -> Task | None:
        return next((each for each in self.tasks if each.id == task_id), None)

    def order(self, kind: str) -> Order | None:
        return next((each for each in self.orders if each.kind == kind), None)

    def conflicts_about(self, line: str) -> tuple[Conflict, ...]:
        return tuple(each for each in self.conflicts if line in each.about)
