"""What a plan leaves undecided until missing figures are supplied, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulebook.assessment import Assessment
from rulebook.dictionary import Fact
from rulebook.plan_draft import Draft
from rulebook.plan_missing import Lacking, lacking_in, lacks_of
from rulebook.plan_score import counted, scored_on
from rulebook.plan_search import Search, needs, route_in
from rulebook.status import Status
from rulebook.wording import period_label

MOST_NAMED = 4


def pending(search: Search, draft: Draft, verified: Assessment) -> Iterator[str]:
    """Every line that waits for what is asked for, and what it waits for."""
    clock, labels = search.remedies.clock, {each.id: each.label for each in verified.conditions}
    for need in needs(search.pack, search.route, search.kind, verified):
        if need.status is Status.UNKNOWN:
            tests = [test for test, _ in (*need.tests, *need.spared)]
            lacking = [each for test in tests for each in lacking_in(test, draft, clock) if _asked(each, draft)]
            if lacking:
                yield f"“{labels.get(need.id, search.route.label)}”：补齐{named(lacking)}后才能算出"
    for check in route_in(verified, search.route).score_checks:
        if check.status is Status.UNKNOWN:
            lacking = [
                each
                for indicator in counted(search.pack, check)
                if scored_on(indicator, draft, search.remedies).cause is Status.UNKNOWN
                for each in lacks_of(indicator, draft, clock)
                if _asked(each, draft)
            ]
            if lacking:
                now = f"{check.label}现可能为 {check.points.display}（要求{check.threshold}）"
                yield f"{now}：补齐{named(lacking)}后才能算出"


def _asked(lacking: Lacking, draft: Draft) -> bool:
    fact, year = lacking
    return draft.asks((fact.id, year))


def named(lacking: Iterable[Lacking]) -> str:
    """What is asked for by name and year, each once."""
    said = list(dict.fromkeys(_name(fact, year) for fact, year in lacking))
    more = f"等 {len(said)} 项" if len(said) > MOST_NAMED else ""
    return "、".join(said[:MOST_NAMED]) + more


def _name(fact: Fact, year: int) -> str:
    label = period_label(fact, year)
    return f"是否“{label}”" if fact.type == "boolean" else label
