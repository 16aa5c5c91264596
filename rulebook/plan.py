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

**Smallest.** Effort classes come first (paperwork < months < year < years), then how many changes of each class there
are, then distance (the relative size of the move); of equals the one with fewer consequences, and what the enterprise
does itself before what others grant. On one day the search is exhaustive within its bounds: every way to close a line,
an exact knapsack for the score, and in the end the cheapest subset that still reaches the title, so no change is
superfluous. Routes are ranked by class, then distance: two small moves come before one large one.

**Interaction.** Edits are applied to a copy of the subject and the whole pack is judged again by `rulebook.evaluate`.
A line that an edit breaks (more revenue lowers the share of R&D) is closed in turn, or the way is given up with the
reason. A plan is verified when the evaluator calls the changed facts eligible, or leaves them to officials' judgement,
which is said. Figures that are missing must be supplied and reach what is asked; that is said, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from rulebook.assessment import Assessment
from rulebook.evaluate import evaluate
from rulebook.pack import PACK_TITLES, Pack, Route
from rulebook.plan_assumptions import assumptions, repeated
from rulebook.plan_draft import Cost, Draft, Resize, cost_of, order_of
from rulebook.plan_forms import FORMS
from rulebook.plan_model import Change, GapPlan, Kind, Obstacle, OpenLine, Opportunity, Outcome, RoutePlan, Window
from rulebook.plan_remedies import Remedies, Way
from rulebook.plan_score import improve, options_of
from rulebook.plan_search import ANY, OPEN, SCORE, Search, needs, route_in, ways_of
from rulebook.plan_time import Clock, FactKey, opportunities, project, run_out, seasons, standing
from rulebook.plan_walk import facts_of
from rulebook.plan_words import Words, spaced, summary_of
from rulebook.status import MANUAL_REVIEW, Status
from rulebook.subject import Subject

MOST_ALTERNATIVES = 4
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
    resize: Resize | None = None,
) -> GapPlan:
    """Plan the way to the pack's title, from an application on `application_date` on.

    `as_of` is the day the plan is made (default: the application date). `prior` gives the first day on which other
    titles can be applied for. `resize` gives the size class for a fiscal year from the facts.
    """
    return _Planner(
        pack=pack,
        subject=subject,
        application_date=application_date,
        kind=kind,
        windows=windows,
        as_of=as_of or application_date,
        prior=prior or {},
        resize=resize,
    ).plan()


class FirstStep(NamedTuple):
    """A change in words and its effort class, which is empty where only officials have something to do."""

    text: str
    effort: str


def first_step(
    pack: Pack,
    subject: Subject,
    application_date: date,
    kind: str,
    route: str,
    *,
    resize: Resize | None = None,
) -> FirstStep:
    """The easiest open line of a route and what closes it: for lists, without the search of a plan."""
    planner = _Planner(
        pack=pack, subject=subject, application_date=application_date, kind=kind, windows=(),
        as_of=application_date, prior={}, resize=resize,
    )  # fmt: skip
    return planner.first_step(next(each for each in pack.routes if each.id == route))


class _Planner:
    def __init__(
        self,
        *,
        pack: Pack,
        subject: Subject,
        application_date: date,
        kind: str,
        windows: Sequence[Window],
        as_of: date,
        prior: Mapping[str, date | None],
        resize: Resize | None,
    ) -> None:
        self.pack, self.subject, self.kind = pack, subject, kind
        self.application_date, self.as_of = application_date, as_of
        self.prior, self.resize = prior, resize
        self.facts = facts_of(pack)
        self.wholes = {fact.id: fact for fact in self.facts.values() if fact.part_of}
        self.recorded = frozenset(key for key, held in subject.facts.items() if held.value is not None)
        self.now = evaluate(pack, subject, application_date=application_date, kind=kind)
        self.opportunities = opportunities(
            pack, subject, as_of=as_of, application_date=application_date, kind=kind, windows=windows
        )
        self.seasons = seasons(self.opportunities)
        self._later = standing(pack, application_date)
        self._days: dict[date, tuple[Remedies, Draft, frozenset[FactKey]]] = {}

    def plan(self) -> GapPlan:
        ranked = sorted(
            (self._route(route) for route in self.pack.routes),
            key=lambda found: found[1],
        )
        routes = tuple(found[0] for found in ranked)
        return GapPlan(
            pack_id=self.pack.id,
            pack_label=self.pack.label,
            pack_edition=self.pack.edition,
            pack_sha256=self.pack.sha256,
            document=self.pack.document,
            title=self.pack.title,
            title_label=PACK_TITLES.get(self.pack.title, self.pack.title),
            kind=self.kind,
            as_of=self.as_of,
            application_date=self.application_date,
            verdict=self.now.verdict,
            routes=routes,
            next_opportunity=self.opportunities[0] if self.opportunities else None,
            summary=summary_of(routes[0], self.now),
        )

    def first_step(self, route: Route) -> FirstStep:
        """The cheapest single way in the first window that has one for the line."""
        for season in self.seasons:
            remedies, start, _ = self._on(season[-1])
            asked = needs(self.pack, route, self.kind, self.now)
            ways = [way for need in asked for test, asking in need.tests
                    for way in remedies.ways(test, start, asking)[:1] if way]  # fmt: skip
            if not ways and any(each.status in OPEN for each in route_in(self.now, route).score_checks):
                ways = [way[:1] for way in [improve(self.pack, route, start, remedies)] if way]
            if ways:
                way = min(ways, key=order_of)
                after = start.with_edits(way)
                if after is not None:
                    first = self._words(route, start, after, remedies).changes()[0]
                    return FirstStep(first.text, first.effort)
        return FirstStep(self._left_to_officials(route), "")

    def _left_to_officials(self, route: Route) -> str:
        """Nothing is left for the enterprise to do, but there is for whoever decides."""
        asked = {*route.all_of, *route.any_of}
        left = [
            each.label
            for each in self.now.conditions
            if each.modality == "must" and each.status is MANUAL_REVIEW and (each.role == "gate" or each.id in asked)
        ]
        more = f"等 {len(left)} 项" if len(left) > 1 else ""
        return f"请主管部门核定“{left[0]}”{more}" if left else ""

    # -- one route ------------------------------------------------------------------------------------------------

    def _route(self, route: Route) -> tuple[RoutePlan, tuple[bool, bool, int, Decimal, Cost, date, int]]:
        """The plan of the first window that has one; within a window the cheapest day."""
        index = self.pack.routes.index(route)
        conflicts: list[str] = []
        for season in self.seasons:
            reached: list[tuple[Cost, date, Search, Draft]] = []
            for opportunity in season:
                search = Search(self._asked(opportunity), route, self.kind, self._on(opportunity)[0], opportunity)
                draft = search.run(self._on(opportunity)[1])
                if draft is not None:
                    reached.append((draft.cost, opportunity.day, search, draft))
                    if not draft.edits:
                        break
                conflicts += [each for each in search.conflicts if each not in conflicts]
            if reached:
                cost, day, search, draft = min(reached, key=lambda each: each[:2])
                found = self._planned(route, search, draft, season[-1])
                return found, (False, found.steep, _WORST[found.effort], found.distance, cost, day, index)
        return self._refused(route, conflicts), (True, False, 0, Decimal(0), cost_of(()), self.application_date, index)

    def _asked(self, opportunity: Opportunity) -> Pack:
        """The pack as it is taken to stand on that day."""
        ended = run_out(self.pack, self.kind, self.application_date, opportunity.day)
        return self._later if ended else self.pack

    def _on(self, opportunity: Opportunity) -> tuple[Remedies, Draft, frozenset[FactKey]]:
        """The subject on that day as it would be without any change."""
        if opportunity.day not in self._days:
            self._days[opportunity.day] = self._laid_out(opportunity)
        return self._days[opportunity.day]

    def _laid_out(self, opportunity: Opportunity) -> tuple[Remedies, Draft, frozenset[FactKey]]:
        clock = Clock(self.as_of, opportunity.day)
        facts, assumed = project(self.subject.facts, self.facts, clock)
        remedies = Remedies(clock, self.kind, self.recorded, self.prior, FORMS)
        size = self.resize(facts, opportunity.fiscal_year) if self.resize is not None else None
        base = replace(self.subject, facts=facts, size=size or self.subject.size)
        draft = Draft(base, opportunity.fiscal_year, self.wholes, remedies.frozen, self.resize)
        return remedies, draft, assumed

    def _planned(self, route: Route, search: Search, draft: Draft, last: Opportunity) -> RoutePlan:
        opportunity = search.opportunity
        _, start, assumed = self._on(opportunity)
        verified = search.judged(draft)
        words = self._words(route, start, draft, search.remedies)
        waits = tuple(self._waits(route, opportunity, search.judged(start)))
        changes = (*words.changes(), *waits)
        efforts = [each.effort for each in changes]
        said = assumptions(draft, opportunity, assumed, verified, self.application_date, search.remedies.clock)
        return RoutePlan(
            route=route.id, label=route.label, outcome=Outcome.PLANNED if changes else Outcome.MET, changes=changes,
            opportunity=opportunity, verified=verified, effort=max(efforts, key=lambda each: _WORST[each], default=""),
            distance=sum((each.distance for each in changes), Decimal(0)),
            assumptions=(*said, *self._repeated(route, opportunity)),
            left_to_officials=tuple(self._left(route, verified, draft)),
            lines=tuple(self._lines(route, changes, draft, last)),
            obstacles=self._obstacles(route, opportunity), reasons=(),
        )  # fmt: skip

    def _refused(self, route: Route, conflicts: list[str]) -> RoutePlan:
        reasons = list(conflicts)
        if not self.opportunities:
            reasons.append(f"“{self.pack.label}”在此后没有可申报的日期")
        else:
            last = self.opportunities[-1]
            stuck = [f"“{each.label}”：{each.reason}" for each in self._stuck(route, last)]
            reasons += stuck or [f"到 {last.day.year} 年仍没有找到可行的组合，需人工判断"]
        lines = tuple(self._lines(route, (), None, self.opportunities[-1])) if self.opportunities else ()
        repeated = tuple(self._repeated(route, self.opportunities[-1])) if self.opportunities else ()
        return RoutePlan(
            route=route.id, label=route.label, outcome=Outcome.REFUSED, changes=(), opportunity=None, verified=None,
            effort="", distance=Decimal(0), assumptions=repeated, left_to_officials=(), lines=lines,
            obstacles=self._obstacles(route, None), reasons=tuple(dict.fromkeys(reasons)),
        )  # fmt: skip

    def _words(self, route: Route, before: Draft, after: Draft, remedies: Remedies) -> Words:
        return Words(self.pack, self.kind, remedies.clock, before, after, remedies, self._needed(route))

    def _needed(self, route: Route) -> tuple[str, ...]:
        scored = tuple(each.line.id for each in self.pack.indicators) if route.score is not None else ()
        return (*(each.line.id for each in self.pack.gates), *route.all_of, *route.any_of, *scored)

    # -- waiting, and what stands in the way ----------------------------------------------------------------------

    def _waits(self, route: Route, opportunity: Opportunity, then: Assessment) -> Iterator[Change]:
        """Lines that are open today and hold on the plan's day without any change."""
        later = {each.id: each for each in then.conditions}
        for need in needs(self.pack, route, self.kind, self.now):
            found = later.get(need.id)
            if need.status not in OPEN or found is None or found.status in OPEN:
                continue
            ahead = opportunity.day.year - self.as_of.year
            yield Change(
                kind=Kind.WAIT,
                text=f"等到{spaced(opportunity.label)}：届时“{found.label}”已满足",
                conditions=(found.id,),
                goals=(),
                effort="months" if ahead == 0 else "year" if ahead == 1 else "years",
                ready=opportunity.day,
                earliest=f"{opportunity.day}",
                distance=Decimal(0),
                label=found.label,
            )

    def _obstacles(self, route: Route, reached: Opportunity | None) -> tuple[Obstacle, ...]:
        """What nothing closes before the next window is over; none when the plan fits into it."""
        first = self.seasons[0] if self.seasons else []
        if not first or reached in first:
            return ()
        return tuple(self._stuck(route, first[-1]))

    def _stuck(self, route: Route, opportunity: Opportunity) -> Iterator[Obstacle]:
        _, start, _ = self._on(opportunity)
        then = evaluate(self._asked(opportunity), start.subject, application_date=opportunity.day, kind=self.kind)
        labels = {each.id: each.label for each in then.conditions} | {ANY: route.label}
        for need in needs(self.pack, route, self.kind, then):
            remedies = self._on(opportunity)[0]
            remedies.blocked.clear()
            ways = ways_of(need, start, remedies)
            if need.status in OPEN and not ways:
                reason = "；".join(remedies.blocked) or "没有可推算的改变，需人工判断"
                yield Obstacle(need.id, labels[need.id], reason)
        open_score = [each for each in route_in(then, route).score_checks if each.status in OPEN]
        remedies = self._on(opportunity)[0]
        remedies.blocked.clear()
        if open_score and improve(self.pack, route, start, remedies) is None:
            short = "；".join(f"{each.label}为 {each.points.display}，要求{each.threshold}" for each in open_score)
            reason = "；".join(remedies.blocked[:MOST_ALTERNATIVES])
            yield Obstacle(SCORE, "评价得分", f"{short}。{reason}" if reason else short)

    def _repeated(self, route: Route, opportunity: Opportunity) -> Iterator[str]:
        ended = run_out(self.pack, self.kind, self.application_date, opportunity.day)
        needed = set(self._needed(route))
        return repeated(self.pack, [each for each in ended if each.line.id in needed])

    # -- what is said beside the changes --------------------------------------------------------------------------

    def _left(self, route: Route, verified: Assessment, draft: Draft) -> Iterator[str]:
        """What only officials decide, once everything else is done."""
        needed = set(self._needed(route))
        for each in verified.conditions:
            open_line = each.status is Status.MANUAL_REVIEW and each.modality == "must" and each.id in needed
            if open_line and each.role != "indicator":
                yield f"“{each.label}”：{'；'.join(each.notes) or '需人工核定'}"
        for check in route_in(verified, route).score_checks:
            if check.status is Status.MANUAL_REVIEW:
                yield f"{check.label}可能为 {check.points.display}（要求{check.threshold}），由专家或主管部门评定"

    def _lines(
        self, route: Route, changes: Sequence[Change], draft: Draft | None, last: Opportunity
    ) -> Iterator[OpenLine]:
        """Every line that is open today: how it stands, what closes it, what else would by the end of the window."""
        found = {each.id: each for each in self.now.conditions}
        remedies, start, _ = self._on(last)
        for need in needs(self.pack, route, self.kind, self.now):
            line = found.get(need.id)
            members = {asking.condition for _, asking in need.tests}
            ways = ways_of(need, start, remedies)
            yield OpenLine(
                id=need.id,
                label=line.label if line is not None else route.label,
                role=line.role if line is not None else "requirement",
                status=need.status,
                value=line.value if line is not None else "",
                threshold=line.threshold if line is not None else "满足任一项",
                clause=line.clause if line is not None else self.pack.decision.clause,
                closed_by="；".join(each.text for each in changes if members & set(each.conditions)),
                alternatives=tuple(self._others(route, start, ways, draft, remedies)),
            )
        yield from self._score_lines(route, changes, draft, last)

    def _score_lines(
        self, route: Route, changes: Sequence[Change], draft: Draft | None, last: Opportunity
    ) -> Iterator[OpenLine]:
        remedies, start, _ = self._on(last)
        groups = {each.id: each.label for each in self.pack.groups}
        for check in route_in(self.now, route).score_checks:
            if check.status not in OPEN:
                continue
            members = [each for each in self.pack.indicators if check.label == f"{groups.get(each.group)}得分"]
            members = members or list(self.pack.indicators)
            ids = {each.line.id for each in members}
            ways = [option.way for each in members for option in options_of(each, start, remedies)[:1]]
            yield OpenLine(
                id=SCORE,
                label=check.label,
                role="indicator",
                status=check.status,
                value=check.points.display,
                threshold=check.threshold,
                clause=self.pack.decision.clause,
                closed_by="；".join(each.text for each in changes if ids & set(each.conditions)),
                alternatives=tuple(self._others(route, start, ways, draft, remedies)),
            )

    def _others(
        self, route: Route, start: Draft, ways: Sequence[Way], draft: Draft | None, remedies: Remedies
    ) -> Iterator[str]:
        """The ways not taken, cheapest first."""
        taken = {edit.slot for edit in draft.edits} if draft is not None else set()
        said: set[str] = set()
        for way in sorted(ways, key=order_of):
            after = start.with_edits(way)
            if not way or after is None or {edit.slot for edit in way} <= taken:
                continue
            text = "；".join(each.text for each in self._words(route, start, after, remedies).changes())
            if text not in said and len(said) < MOST_ALTERNATIVES:
                said.add(text)
                yield text
