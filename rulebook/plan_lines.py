"""The lines that are open today, what closes each of them, the other ways, and what nothing closes in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rulebook.evaluate import evaluate
from rulebook.pack import Route
from rulebook.plan_days import Day, Days
from rulebook.plan_draft import Draft, order_of
from rulebook.plan_model import Change, Obstacle, OpenLine, Opportunity
from rulebook.plan_remedies import Way
from rulebook.plan_score import counted, improve, options_of
from rulebook.plan_search import ANY, OPEN, SCORE, needs, route_in, waits, ways_of

MOST_ALTERNATIVES = 4


def open_lines(
    days: Days, route: Route, changes: Sequence[Change], draft: Draft | None, last: Opportunity
) -> Iterator[OpenLine]:
    """Every line that is open today: how it stands, what closes it, what else would by the end of the window."""
    found = {each.id: each for each in days.now.conditions}
    day = days.on(last)
    for need in needs(days.pack, route, days.kind, days.now):
        line = found.get(need.id)
        members = {asking.condition for _, asking in need.tests}
        ways = ways_of(need, day.start, day.remedies)
        yield OpenLine(
            id=need.id,
            label=line.label if line is not None else route.label,
            role=line.role if line is not None else "requirement",
            status=need.status,
            value=line.value if line is not None else "",
            threshold=line.threshold if line is not None else "满足任一项",
            clause=line.clause if line is not None else days.pack.decision.clause,
            closed_by="；".join(each.text for each in changes if members & set(each.conditions)),
            alternatives=tuple(_others(days, route, day, ways, draft)),
        )
    yield from _score_lines(days, route, changes, draft, day)


def _score_lines(
    days: Days, route: Route, changes: Sequence[Change], draft: Draft | None, day: Day
) -> Iterator[OpenLine]:
    for check in route_in(days.now, route).score_checks:
        if check.status not in OPEN:
            continue
        members = counted(days.pack, check)
        ids = {each.line.id for each in members}
        ways = [option.way for each in members for option in options_of(each, day.start, day.remedies)[:1]]
        yield OpenLine(
            id=SCORE,
            label=check.label,
            role="indicator",
            status=check.status,
            value=check.points.display,
            threshold=check.threshold,
            clause=days.pack.decision.clause,
            closed_by="；".join(each.text for each in changes if ids & set(each.conditions)),
            alternatives=tuple(_others(days, route, day, ways, draft)),
        )


def _others(days: Days, route: Route, day: Day, ways: Sequence[Way], draft: Draft | None) -> Iterator[str]:
    """The ways not taken, cheapest first."""
    taken = {edit.slot for edit in draft.edits} if draft is not None else set()
    said: set[str] = set()
    for way in sorted(ways, key=order_of):
        if len(said) == MOST_ALTERNATIVES:
            return
        after = day.start.with_edits(way)
        if not way or after is None or {edit.slot for edit in way} <= taken:
            continue
        text = "；".join(each.text for each in days.words(route, day.start, after, day.remedies).changes())
        if text not in said:
            said.add(text)
            yield text


def obstacles(days: Days, route: Route, reached: Opportunity | None) -> tuple[Obstacle, ...]:
    """What nothing closes before the next window is over; none when the plan fits into it."""
    first = days.seasons[0] if days.seasons else []
    if not first or reached in first:
        return ()
    return tuple(stuck(days, route, first[-1]))


def stuck(days: Days, route: Route, opportunity: Opportunity) -> Iterator[Obstacle]:
    """Lines that nothing closes on that day, and why."""
    day = days.on(opportunity)
    start, remedies = day.start, day.remedies
    then = evaluate(days.asked(opportunity), start.subject, application_date=opportunity.day, kind=days.kind)
    labels = {each.id: each.label for each in then.conditions} | {ANY: route.label}
    for need in needs(days.pack, route, days.kind, then):
        remedies.blocked.clear()
        if need.status in OPEN and not waits(need, start, remedies) and not ways_of(need, start, remedies):
            reason = "；".join(remedies.blocked) or "没有可推算的改变，需人工判断"
            yield Obstacle(need.id, labels[need.id], reason)
    open_score = [each for each in route_in(then, route).score_checks if each.status in OPEN]
    remedies.blocked.clear()
    if open_score and improve(days.pack, route, start, remedies) is None:
        short = "；".join(f"{each.label}为 {each.points.display}，要求{each.threshold}" for each in open_score)
        reason = "；".join(remedies.blocked[:MOST_ALTERNATIVES])
        yield Obstacle(SCORE, "评价得分", f"{short}。{reason}" if reason else short)
