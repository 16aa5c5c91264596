"""The life of a policy pack: draft → tested → scheduled → active → retired, and who may still be moved where."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from chassis.clock import SHANGHAI
from rulebook.cases import load_cases, run_case
from rulebook.contradictions import problems_together
from rulebook.dictionary import Dictionary
from rulebook.pack import Pack, Term
from rulebook.source import Problem
from services.eligibility.domain.errors import PackStateWrong

STATES = {
    "draft": "草案",
    "tested": "案例已通过",
    "scheduled": "已排期",
    "active": "使用中",
    "retired": "已停用",
}
TESTABLE = ("draft", "tested", "retired")
"""Where running the cases decides the state: a retired version may come back the way every other one comes."""

Report = dict[str, Any]
"""{cases, passed, failed: [{name, line, differences}]}"""


def require_state(state: str, allowed: Collection[str], what: str, remedy: str) -> None:
    """Raise PackStateWrong unless the pack is where this may be done."""
    if state not in allowed:
        wanted = "、".join(STATES[each] for each in allowed)
        raise PackStateWrong(f"规则包现为“{STATES[state]}”，只有“{wanted}”的可以{what}。{remedy}")


def first_moment(day: dt.date) -> dt.datetime:
    """When a pack scheduled for that day begins to serve."""
    return dt.datetime.combine(day, dt.time(), SHANGHAI).astimezone(dt.UTC)


def run_cases(pack: Pack, cases: str | None, dictionary: Dictionary) -> Report:
    """Run the pack's own cases. Raises PackInvalid where they cannot be read; no cases, and cases of another pack,
    are a report that does not pass."""
    if not cases:
        return {"cases": 0, "passed": 0, "failed": []}
    named, written = load_cases(cases, dictionary)
    if named != pack.id:
        wrong = f"案例属于 {named or '（没有填写）'}，规则包是 {pack.id}，请改正其中之一"
        return {"cases": len(written), "passed": 0, "failed": [{"name": "pack", "line": 1, "differences": [wrong]}]}
    failed = [
        {"name": case.name, "line": case.line, "differences": list(differences)}
        for case in written
        if (differences := run_case(pack, case))
    ]
    return {"cases": len(written), "passed": len(written) - len(failed), "failed": failed}


def green(report: Mapping[str, Any]) -> bool:
    """Whether the cases allow the pack to be used: there are some, and none differs."""
    return report["cases"] > 0 and not report["failed"]


class Decided(NamedTuple):
    """A version that serves, or will from the day on for which it is scheduled (or would, if it were)."""

    pack: Pack
    since: dt.date | None = None
    """None: it is in use."""


def contradictions(pack: Pack, others: Sequence[Decided], since: dt.date) -> tuple[Problem, ...]:
    """What would be wrong between the pack, serving from that day on, and the others: a version serves until the next
    one of its own id takes its place. What is wrong among the others already is not told."""
    known = set(_together(others))
    return tuple(each for each in _together([*others, Decided(pack, since)]) if each not in known)


def _together(versions: Sequence[Decided]) -> tuple[Problem, ...]:
    by_id: dict[str, list[Decided]] = {}
    for each in versions:
        by_id.setdefault(each.pack.id, []).append(each)
    days: dict[str, Term] = {}
    for of_id in by_id.values():
        of_id.sort(key=lambda each: each.since or dt.date.min)  # of one day the last one given takes the place
        for before, after in pairwise(of_id):
            assert after.since is not None  # one version of an id is in use
            first = days[before.pack.sha256].start if before.pack.sha256 in days else dt.date.min
            days[before.pack.sha256] = Term(first, after.since - dt.timedelta(days=1))
            days[after.pack.sha256] = Term(after.since)
    serving = [each.pack for each in versions if not _empty(days.get(each.pack.sha256))]
    return problems_together(serving, days)


def _empty(term: Term | None) -> bool:
    return term is not None and term.end is not None and term.end < term.start
