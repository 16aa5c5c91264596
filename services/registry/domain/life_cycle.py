"""The life of a title: its states, the acts that lead from one to another, and what its documents provide for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STAGES = {
    "publicized": ("公示", "publicized"),
    "recognised": ("认定", "valid"),
    "under_review": ("复核中", "under_review"),
    "review_passed": ("复核通过", "valid"),
    "review_failed": ("复核未通过", "expired"),
    "expired": ("到期", "expired"),
    "announcement_cancelled": ("取消公告", "cancelled"),
    "recognition_cancelled": ("取消认定", "cancelled"),
    "taken_back": ("登记有误已撤回", "cancelled"),
}
"""Stage → label and the coarse state that the whitelist and the rules know."""

ACTS = {
    "recognise": "认定",
    "open_review": "开始复核",
    "pass_review": "复核通过",
    "fail_review": "复核未通过",
    "expire": "到期",
    "cancel": "取消",
}
"""What a process may provide for; `expire` is the calendar's."""

TRANSFER_OUT, TRANSFER_IN = "transfer_out", "transfer_in"
RECORDING = {
    "record": "登记",
    "correct": "更正",
    "take_back": "撤回",
    TRANSFER_OUT: "转由承继企业持有",
    TRANSFER_IN: "承继原企业的称号",
}
"""What happens to a record whatever its process says."""

KINDS = {
    "recogniser": "认定机关",
    "tier": "梯次",
    "validity": "有效期",
    "yearly_update": "年度信息更新",
    "change_report": "重大变化报告",
    "ban": "取消后禁止申报",
    "renewal": "到期后",
    "expiring": "到期提示",
}
LEVELS = {"nation": "国家", "province": "省级", "city": "市级", "district": "区县级"}
RENEWALS = {"review": "复核", "anew": "重新认定"}

PASSED, FAILED = "passed", "failed"
IN_ERROR = "recorded_in_error"
_OUTCOMES = {"pass_review": PASSED, "fail_review": FAILED}


@dataclass(frozen=True, slots=True)
class Source:
    """The official text a provision stands on."""

    number: str
    name: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One line of what the documents say of a title; which of the values are there depends on `kind`.

    `begins` and `ends` bound the days it is in force, both included; null is open. `source` is null where no text
    decides it (evidence D).
    """

    kind: str
    id: str
    label: str
    source: Source | None
    clause: str | None
    quote: str | None
    evidence: str
    begins: dt.date | None = None
    ends: dt.date | None = None
    level: str | None = None
    who: str | None = None
    after: tuple[str, ...] = ()
    years: int | None = None
    to_year_end: bool = False
    months: int | None = None
    due: tuple[int, int] | None = None
    """Month and day."""
    by: str | None = None
    days: tuple[int, ...] = ()

    def in_force(self, day: dt.date) -> bool:
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Transition:
    """An act, the stages it may be done in, and the one it leads to."""

    act: str
    sources: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Process:
    """How a title comes, is reviewed and ends."""

    code: str
    label: str
    transitions: Mapping[str, Transition]


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """The process of one title and its provisions."""

    title: str
    process: Process
    provisions: tuple[Provision, ...]

    def provision(self, kind: str, day: dt.date) -> Provision | None:
        """What is in force on `day`; null when the documents say nothing."""
        return next((each for each in self.provisions if each.kind == kind and each.in_force(day)), None)

    @property
    def cancelled_stage(self) -> str:
        """取消公告 or 取消认定: what a cancellation of this title is called."""
        cancel = self.process.transitions.get("cancel")
        return cancel.target if cancel else "recognition_cancelled"

    def acts_in(self, stage: str) -> tuple[Transition, ...]:
        """What may be done to a record in this stage, in the order of ACTS."""
        found = self.process.transitions
        return tuple(found[act] for act in ACTS if act in found and stage in found[act].sources)

    def proposed_end(self, begins: dt.date) -> dt.date | None:
        """The last day of validity that the documents let expect; the document of the act decides."""
        validity = self.provision("validity", begins)
        if validity is None:
            return None
        if validity.to_year_end:
            return dt.date(begins.year, 12, 31)
        return add_years(begins, validity.years) - dt.timedelta(days=1) if validity.years else None

    def banned_until(self, cancelled_on: dt.date) -> dt.date | None:
        """The last day of the ban that a cancellation brings at least (A-32); null when no text gives one."""
        ban = self.provision("ban", cancelled_on)
        return add_years(cancelled_on, ban.years) - dt.timedelta(days=1) if ban and ban.years else None

    def next_update(self, today: dt.date) -> dt.date | None:
        """The next day by which the year's information is to be updated, by what is in force on that day."""
        for year in (today.year, today.year + 1):
            for each in self.provisions:
                if each.kind == "yearly_update" and each.due:
                    due = dt.date(year, *each.due)
                    if due >= today and each.in_force(due):
                        return due
        return None

    def steps(self, today: dt.date) -> tuple[int, ...]:
        """Days before the end at which it is announced, the nearest to the end first."""
        expiring = self.provision("expiring", today)
        return tuple(sorted(expiring.days)) if expiring else ()


@dataclass(frozen=True, slots=True)
class LifeCycles:
    """The life cycles of one edition of the file, by title."""

    edition: str
    sha256: str
    by_title: Mapping[str, LifeCycle] = field(default_factory=dict)

    def of(self, title: str) -> LifeCycle:
        return self.by_title[title]

    def announced(self) -> tuple[str, ...]:
        """The titles whose cancellation is a 取消公告."""
        found = (code for code, each in self.by_title.items() if each.cancelled_stage == "announcement_cancelled")
        return tuple(sorted(found))

    def stage(self, title: str, state: str, review_outcome: str | None, cancelled_kind: str | None) -> str:
        """The stage of a record by what the ledger keeps of it."""
        if state == "cancelled":
            return "taken_back" if cancelled_kind == IN_ERROR else self.of(title).cancelled_stage
        if state == "valid":
            return "review_passed" if review_outcome == PASSED else "recognised"
        if state == "expired":
            return "review_failed" if review_outcome == FAILED else "expired"
        return state


def outcome_after(act: str, before: str | None) -> str | None:
    """The outcome of the latest review that is decided, after `act`."""
    return _OUTCOMES.get(act, before)


def add_years(day: dt.date, years: int) -> dt.date:
    """The same day of another year; of 29 February the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = dt.date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(dt.date(year, month + 1, 1) + dt.timedelta(days=day.day - 1), first_of_next - dt.timedelta(days=1))


def labels(stages: Iterable[str]) -> str:
    return "、".join(STAGES[stage][0] for stage in stages)
