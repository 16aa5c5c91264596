"""The gap planner: the smallest set of changes that reaches a title, and when.

**Time.** The planner stands on one day, `as_of`. What has ended is history: the figures of a complete fiscal year
cannot be changed any more, only supplied where they are missing. An application in year Y judges fiscal year t = Y − 1,
so an enterprise whose t fell short cannot repair it before its next window: the window after the running year ends
judges the running year instead. The planner therefore does not shift thresholds, it shifts the day. It tries the first
and last day of every window (without windows: of every application year), in order; for each it lays out the years
that have not ended by carrying the last known figures forward unchanged (what counts years grows by one), and looks
for edits among what is not history on that day. A figure asked for year t is then a target for the running year, and
one asked for t−1 may still be history, which moves the plan one more year ahead. The first day on which the route can
be closed is the plan's day; what no edit could close on the days of the next window is said as an obstacle.

**Readiness.** A change that holds from a point in time has a lead by its effort class (`plan_time.LEAD_DAYS`): it must
be complete on the plan's day. Figures of a fiscal year are ready on the first day of the next. Obtaining another title
takes as long as that title's own plan says (`prior`), plus the months of its procedure.

**Missing.** What is not on record is asked for, as paperwork. It has no value in the plan: no target follows from a
guess, and it is no lever. Lines that read it stay undecided; a route on which nothing else is left to do is `pending`:
it says what can be computed only once the figures are there, and is not called verified.

**Possible.** A plan keeps within what figures can come to (`plan_bounds`): the bounds of the dictionary, parts within
their wholes, and in the running year what the days left can bring at the pace of the year before; with what the caller
knows to be impossible (`Possible`) a plan does not end either.

**Smallest.** Effort classes come first (paperwork < months < year < years), then how many changes of each class there
are, then distance (the relative size of the move); of equals the one with fewer consequences, and what the enterprise
does itself before what others grant. On one day the search is exhaustive within its bounds: every way to close a line,
an exact knapsack for the score, and in the end the cheapest subset that still reaches the title, so no change is
superfluous. Routes are ranked by class, then distance: two small moves come before one large one.

**Interaction.** Edits are applied to a copy of the subject and the whole pack is judged again by `rulebook.evaluate`.
A line that an edit breaks (more revenue lowers the share of R&D) is closed in turn, or the way is given up with the
reason. A plan is verified when the evaluator calls the changed facts eligible, or leaves them to officials' judgement,
which is said. Conditions, records and titles that are missing are supposed to be what the line asks; that is said, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from rulebook.assessment import Assessment
from rulebook.pack import PACK_TITLES, Pack, Route
from rulebook.plan_assumptions import assumptions, ending, repeated
from rulebook.plan_bounds import Possible
from rulebook.plan_days import Days
from rulebook.plan_draft import Cost, Draft, Resize, cost_of
from rulebook.plan_lines import obstacles, open_lines, stuck
from rulebook.plan_model import Change, GapPlan, Kind, Opportunity, Outcome, RoutePlan, Succession, Window
from rulebook.plan_pending import pending
from rulebook.plan_search import OPEN, Search, needs, route_in
from rulebook.plan_time import effort_until, run_out
from rulebook.plan_words import spaced, summary_of
from rulebook.status import MANUAL_REVIEW, Status, Verdict
from rulebook.subject import Subject

_WORST = {"": 0, "paperwork": 0, "months": 1, "year": 2, "years": 3}


def plan(
    pack: Pack,
    subject: Subject,
    application_date: date,
    kind: str = "new",
    *,
    windows: Sequence[Window] = (),
    as_of: date | None = None,
    prior: Mapping[str, date | None] | None = None,
    unsettled: Collection[str] = (),
    resize: Resize | None = None,
    possible: Possible | None = None,
    succession: Succession | None = None,
) -> GapPlan:
    """Plan the way to the pack's title, from an application on `application_date` on.

    `as_of` is the day the plan is made (default: the application date). `prior` gives the first day on which other
    titles can be applied for, `unsettled` names those of them whose own plan waits for figures. `resize` gives the size
    class for a fiscal year from the facts. `possible` says what figures cannot come to beside what the dictionary says,
    `succession` when the edition ends and what follows it.
    """
    days = Days(
        pack, subject, application_date, kind, windows, as_of or application_date, prior or {}, resize,
        possible or Possible(), succession or _own_end(pack, kind), frozenset(unsettled),
    )  # fmt: skip
    return _Planner(days).plan()


def _own_end(pack: Pack, kind: str) -> Succession | None:
    """What the edition itself says of its end."""
    term = pack.term(kind)
    return None if term is None or term.end is None else Succession(term.end)


class FirstStep(NamedTuple):
    """The first change of a plan in words, its effort class and the hardest one among all its changes; empty where only
    officials have something to do. `titles`: those that the plan needs to be held or obtained."""

    text: str
    effort: str
    hardest: str
    titles: frozenset[str] = frozenset()


def first_step(
    pack: Pack,
    subject: Subject,
    application_date: date,
    kind: str,
    *,
    prior: Mapping[str, date | None] | None = None,
    resize: Resize | None = None,
    possible: Possible | None = None,
) -> FirstStep | None:
    """What the plan for that day begins with, for lists; None where no change reaches the title, or none is needed."""
    days = Days(
        pack, subject, application_date, kind, (), application_date, prior or {}, resize, possible or Possible()
    )
    return _Planner(days).first_step()


class _Way(NamedTuple):
    """The cheapest way on one route: what was found on which day, and the changes in words."""

    route: Route
    search: Search
    draft: Draft
    last: Opportunity
    changes: tuple[Change, ...]

    @property
    def opportunity(self) -> Opportunity:
        return self.search.opportunity

    @property
    def effort(self) -> str:
        return max((each.effort for each in self.changes), key=lambda each: _WORST[each], default="")

    @property
    def distance(self) -> Decimal:
        return sum((each.distance for each in self.changes), Decimal(0))

    @property
    def asks(self) -> bool:
        return any(edit.asked for edit in self.draft.edits)

    @property
    def outcome(self) -> Outcome:
        if self.asks:
            return Outcome.PENDING
        if self.changes:
            return Outcome.PLANNED
        return Outcome.MET if self.search.decided(self.draft) else Outcome.UNDECIDED


class _Refusal(NamedTuple):
    """A route on which no window has a way, and what stood against each other."""

    route: Route
    conflicts: list[str]


class _Planner:
    def __init__(self, days: Days) -> None:
        self.days, self.pack = days, days.pack

    def plan(self) -> GapPlan:
        days = self.days
        routes = tuple(self._told(found) for found in self._ranked())
        succession = days.succession
        return GapPlan(
            pack_id=self.pack.id,
            pack_label=self.pack.label,
            pack_edition=self.pack.edition,
            pack_sha256=self.pack.sha256,
            document=self.pack.document,
            title=self.pack.title,
            title_label=PACK_TITLES.get(self.pack.title, self.pack.title),
            kind=days.kind,
            as_of=days.as_of,
            application_date=days.application_date,
            verdict=days.now.verdict,
            routes=routes,
            next_opportunity=days.opportunities[0] if days.opportunities else None,
            summary=summary_of(routes[0]),
            edition_ends=succession.ends if succession is not None else None,
            following=succession.following if succession is not None else None,
        )

    def first_step(self) -> FirstStep | None:
        way = self._ranked()[0]
        if isinstance(way, _Refusal):
            return None
        if not way.changes:
            left = self._left_to_officials(way.route)
            return FirstStep(left, "", "") if left else None
        first, titles = way.changes[0], frozenset(each.title for each in way.changes if each.title)
        return FirstStep(first.text, first.effort, way.effort, titles)

    def _left_to_officials(self, route: Route) -> str:
        """Nothing is left for the enterprise to do, but there is for whoever decides."""
        asked = {*route.all_of, *route.any_of}
        left = [
            each.label
            for each in self.days.now.conditions
            if each.modality == "must" and each.status is MANUAL_REVIEW and (each.role == "gate" or each.id in asked)
        ]
        left += [each.label for each in route_in(self.days.now, route).score_checks if each.status is MANUAL_REVIEW]
        more = f"等 {len(left)} 项" if len(left) > 1 else ""
        return f"请主管部门核定“{left[0]}”{more}" if left else ""

    # -- one route ------------------------------------------------------------------------------------------------

    def _ranked(self) -> list[_Way | _Refusal]:
        """One for every route, the best first."""
        return sorted((self._found(route) for route in self.pack.routes), key=self._rank)

    def _rank(self, found: _Way | _Refusal) -> tuple[bool, bool, bool, int, bool, Decimal, Cost, date, int]:
        """Steps that are hardly reached come last; and while it is open what is missing would say, what others have to
        grant comes after what the enterprise knows and does itself."""
        at = self.pack.routes.index(found.route)
        if isinstance(found, _Refusal):
            return True, False, False, 0, False, Decimal(0), cost_of(()), self.days.application_date, at
        steep = any(each.warning for each in found.changes)
        granted = self.days.now.verdict is Verdict.UNKNOWN and any(
            each.kind in (Kind.TITLE, Kind.OBTAIN) for each in found.changes
        )
        worst = _WORST[found.effort]
        return False, granted, steep, worst, found.asks, found.distance, found.draft.cost, found.opportunity.day, at

    def _found(self, route: Route) -> _Way | _Refusal:
        """The way of the first window that has one; within a window the cheapest day."""
        conflicts: list[str] = []
        for season in self.days.seasons:
            reached: list[tuple[Cost, date, Search, Draft]] = []
            for opportunity in season:
                day = self.days.on(opportunity)
                search = Search(
                    self.days.asked(opportunity), route, self.days.kind, day.remedies, opportunity, self.days.broken
                )
                draft = search.run(day.start)
                if draft is not None:
                    reached.append((draft.cost, opportunity.day, search, draft))
                    if not draft.edits:
                        break
                conflicts += [each for each in search.conflicts if each not in conflicts]
            if reached:
                _, _, search, draft = min(reached, key=lambda each: each[:2])
                return self._way(route, search, draft, season[-1])
        return _Refusal(route, conflicts)

    def _way(self, route: Route, search: Search, draft: Draft, last: Opportunity) -> _Way:
        start = self.days.on(search.opportunity).start
        changes = self.days.words(route, start, draft, search.remedies).changes()
        waits = tuple(self._waits(route, search.opportunity, search.judged(start)))
        return _Way(route, search, draft, last, (*changes, *waits))

    # -- told -----------------------------------------------------------------------------------------------------

    def _told(self, found: _Way | _Refusal) -> RoutePlan:
        if isinstance(found, _Refusal):
            return self._refused(found)
        days, route, draft, opportunity = self.days, found.route, found.draft, found.opportunity
        verified = found.search.judged(draft)
        said = assumptions(days, draft, opportunity, verified)
        return RoutePlan(
            route=route.id, label=route.label, outcome=found.outcome, changes=found.changes,
            opportunity=opportunity, verified=verified, effort=found.effort, distance=found.distance,
            assumptions=(*said, *self._repeated(route, opportunity), *ending(days, opportunity)),
            left_to_officials=tuple(self._left(route, verified)),
            lines=tuple(open_lines(days, route, found.changes, draft, found.last)),
            obstacles=obstacles(days, route, opportunity), reasons=(),
            pending=tuple(pending(found.search, draft, verified)),
        )  # fmt: skip

    def _refused(self, found: _Refusal) -> RoutePlan:
        days, route, reasons = self.days, found.route, list(found.conflicts)
        last = days.opportunities[-1] if days.opportunities else None
        if last is None:
            reasons.append(f"“{self.pack.label}”在此后没有可申报的日期")
        else:
            blocked = [f"“{each.label}”：{each.reason}" for each in stuck(days, route, last)]
            reasons += blocked or [f"到 {last.day.year} 年仍没有找到可行的组合，需人工判断"]
        return RoutePlan(
            route=route.id, label=route.label, outcome=Outcome.REFUSED, changes=(), opportunity=None, verified=None,
            effort="", distance=Decimal(0), left_to_officials=(),
            assumptions=(*(self._repeated(route, last) if last is not None else ()), *ending(days, last)),
            lines=tuple(open_lines(days, route, (), None, last)) if last is not None else (),
            obstacles=obstacles(days, route, None), reasons=tuple(dict.fromkeys(reasons)),
        )  # fmt: skip

    def _waits(self, route: Route, opportunity: Opportunity, then: Assessment) -> Iterator[Change]:
        """Lines that are open today and hold on the plan's day without any change."""
        later = {each.id: each for each in then.conditions}
        for need in needs(self.pack, route, self.days.kind, self.days.now):
            found = later.get(need.id)
            if need.status not in OPEN or found is None or found.status in OPEN:
                continue
            yield Change(
                kind=Kind.WAIT,
                text=f"等到{spaced(opportunity.label)}：届时“{found.label}”已满足",
                conditions=(found.id,),
                goals=(),
                effort=effort_until(opportunity.day, self.days.as_of),
                ready=opportunity.day,
                earliest=f"{opportunity.day}",
                distance=Decimal(0),
                label=found.label,
            )

    def _repeated(self, route: Route, opportunity: Opportunity) -> Iterator[str]:
        ended = run_out(self.pack, self.days.kind, self.days.application_date, opportunity.day)
        needed = set(self.days.needed(route))
        return repeated(self.pack, [each for each in ended if each.line.id in needed])

    def _left(self, route: Route, verified: Assessment) -> Iterator[str]:
        """What only officials decide, once everything else is done."""
        needed = set(self.days.needed(route))
        for each in verified.conditions:
            open_line = each.status is Status.MANUAL_REVIEW and each.modality == "must" and each.id in needed
            if open_line and each.role != "indicator":
                yield f"“{each.label}”：{'；'.join(each.notes) or '需人工核定'}"
        for check in route_in(verified, route).score_checks:
            if check.status is Status.MANUAL_REVIEW:
                yield f"{check.label}可能为 {check.points.display}（要求{check.threshold}），由专家或主管部门评定"
