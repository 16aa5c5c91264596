"""Finds the cheapest set of edits that closes a route on one day, with the evaluator as judge of every step.

Lines are closed one after the other; after each the whole pack is judged again on the changed facts, so a line that an
edit breaks is closed too, or, when it comes back too often, the branch is given up. What is found is then thinned: no
change is kept without which the title is reached all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from rulebook.assessment import Assessment, RouteResult, ScoreCheck
from rulebook.evaluate import evaluate
from rulebook.pack import Compare, Condition, Pack, Route, Test
from rulebook.plan_draft import Draft, bare, signature
from rulebook.plan_figures import by_levers, moved_to, moves, steps_of, worth_of
from rulebook.plan_missing import asked_for, lacks_of
from rulebook.plan_model import Opportunity
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest
from rulebook.plan_score import asks_of, counted, improve, scored_on
from rulebook.plan_steps import least
from rulebook.plan_walk import condition_of, leaves_of
from rulebook.status import Status

MOST_NODES = 120
"""Drafts judged per route and day: real packs need a few dozen."""

MOST_SCORES = 4
"""How often the indicators are chosen anew per route and day: once, and again where edits shift ratios."""

MOST_RETURNS = 3
"""How often one line may be closed again after other edits broke it."""

MOST_THINNED = 8
"""Up to so many changes every subset is tried; beyond, changes are dropped one by one."""

OPEN = (Status.UNMET, Status.UNKNOWN)
SCORE = "score"
ANY = "any_of"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must hold: a condition, one of several, or the score. Alternatives exclude nothing."""

    id: str
    status: Status
    tests: tuple[tuple[Test, Asking], ...]
    spared: tuple[tuple[Test, Asking], ...] = ()
    """Tests that make a line apply: where one is unmet, the line asks nothing."""


def ways_of(need: Need, draft: Draft, remedies: Remedies) -> list[Way]:
    """Ways to meet one of the tests, or to come into a tier that the line does not apply to."""
    if waits(need, draft, remedies):
        return [()]
    met = [way for test, asking in need.tests for way in remedies.ways(test, draft, asking)]
    spared = [way for test, asking in need.spared for way in _beyond(test, draft, asking, remedies)]
    return cheapest((*met, *(way for way in spared if way)))


def _beyond(test: Test, draft: Draft, asking: Asking, remedies: Remedies) -> list[Way]:
    """Ways out of the tier that the test describes."""

    def out(after: Draft) -> bool:
        return remedies.status(test, after, asking) is Status.UNMET

    measures = [leaf.measure for leaf in leaves_of(test) if isinstance(leaf, Compare)]
    return remedies.remembered("beyond", test, draft, asking, lambda: by_levers(remedies, measures, out, draft, asking))


def waits(need: Need, draft: Draft, remedies: Remedies) -> bool:
    """Whether everything that can be done for an undecided line is done: what it lacks is asked for.

    Where it is not known whether the line applies at all, what decides that is asked for, too.
    """
    if need.status is not Status.UNKNOWN:
        return False
    open_tiers = [each for each in need.spared if remedies.status(each[0], draft, each[1]) is Status.UNKNOWN]
    if not all(remedies.settled(test, draft, asking) for test, asking in open_tiers):
        return False
    if any(remedies.settled(test, draft, asking) for test, asking in need.tests):
        return True
    return bool(open_tiers) and any(remedies.status(test, draft, asking) is Status.UNMET for test, asking in need.tests)


@dataclass(slots=True)
class Search:
    """One route on one day."""

    pack: Pack
    route: Route
    kind: str
    remedies: Remedies
    opportunity: Opportunity
    broken: Callable[[Draft], Iterable[str]] = lambda draft: ()
    nodes: int = 0
    scores: int = 0
    best: Draft | None = None
    conflicts: list[str] = field(default_factory=list)
    _judged: dict[object, Assessment] = field(default_factory=dict)

    def run(self, start: Draft) -> Draft | None:
        """The cheapest draft that closes the route, thinned; None when nothing does."""
        self._visit(start, Counter())
        return self.best

    def judged(self, draft: Draft) -> Assessment:
        key = signature(draft.edits)
        known = self._judged.get(key)
        if known is None:
            known = evaluate(self.pack, draft.subject, application_date=self.opportunity.day, kind=self.kind)
            self._judged[key] = known
        return known

    def closed(self, draft: Draft) -> bool:
        """Every gate and the route hold, or wait for what is asked for, or are left to officials; and nothing that the
        plan changes contradicts itself."""
        found = self.judged(draft)
        for need in needs(self.pack, self.route, self.kind, found):
            if need.status in OPEN and not waits(need, draft, self.remedies):
                return False
        if any(check.status is Status.UNMET or not self._waiting(check, draft) for check in self._open(found)):
            return False
        contradictions = list(self.broken(draft))
        for each in contradictions:
            self._say(f"改变后的数据彼此矛盾：{each}")
        return not contradictions

    def decided(self, draft: Draft) -> bool:
        """Whether every gate and the route hold, and nothing is left to officials or unknown."""
        found = self.judged(draft)
        return not any(needs(self.pack, self.route, self.kind, found)) and all(
            check.status is Status.MET for check in route_in(found, self.route).score_checks
        )

    def _open(self, found: Assessment) -> list[ScoreCheck]:
        return [check for check in route_in(found, self.route).score_checks if check.status in OPEN]

    def _waiting(self, check: ScoreCheck, draft: Draft) -> bool:
        """Whether the points are open for nothing but what is asked for."""
        lacking = [
            each
            for indicator in counted(self.pack, check)
            if scored_on(indicator, draft, self.remedies).cause is Status.UNKNOWN
            for each in lacks_of(indicator, draft, self.remedies.clock)
        ]
        return asked_for(lacking, draft)

    def _visit(self, draft: Draft, returned: Counter[str]) -> None:
        if self.nodes >= MOST_NODES or (self.best is not None and draft.cost > self.best.cost):
            return
        self.nodes += 1
        found = self.judged(draft)
        step = self._next(found, draft)
        if step is None:
            if self.closed(draft):
                self._keep(self._tightened(self._thinned(draft)))
            return
        name, ways = step
        if returned[name] >= MOST_RETURNS:
            self._conflict(name)
            return
        for way in ways:
            after = draft.with_edits(way)
            if after is None:
                self._conflict(name)
            elif signature(after.edits) != signature(draft.edits):
                self._visit(after, returned + Counter((name,)))

    def _conflict(self, name: str) -> None:
        lines = (each.line for each in (*self.pack.gates, *self.pack.conditions))
        label = {line.id: line.label for line in lines}.get(name, "评价得分" if name == SCORE else self.route.label)
        self._say(f"“{label}”与其他条件的改变相互抵触")

    def _say(self, text: str) -> None:
        if text not in self.conflicts:
            self.conflicts.append(text)

    def _next(self, found: Assessment, draft: Draft) -> tuple[str, list[Way]] | None:
        """The next thing to close and the ways to do it; None when nothing is open that a change could close."""
        steps: list[tuple[str, list[Way]]] = []
        for need in needs(self.pack, self.route, self.kind, found):
            if waits(need, draft, self.remedies):
                continue
            ways = self.ways(need, draft)
            if need.status in OPEN and not ways:
                return need.id, []  # whatever else is done: nothing closes it
            if need.status in OPEN or (ways and ways[0]):
                steps.append((need.id, ways))
        if steps:
            return steps[0]
        checks = self._open(found)
        if checks:
            asks = asks_of((each for check in checks for each in counted(self.pack, check)), draft, self.remedies)
            if asks:
                return SCORE, [asks]
            if all(check.status is Status.UNKNOWN and self._waiting(check, draft) for check in checks):
                return None
            self.scores += 1
            if self.scores > MOST_SCORES:
                return SCORE, []
            way = improve(self.pack, self.route, draft, self.remedies)
            return SCORE, [] if way is None else [way]
        return None

    def ways(self, need: Need, draft: Draft) -> list[Way]:
        return ways_of(need, draft, self.remedies)

    def _keep(self, draft: Draft) -> None:
        if self.best is None or draft.order < self.best.order:
            self.best = draft

    def _thinned(self, draft: Draft) -> Draft:
        """Without a change that is not needed: of all subsets that still close the route, the cheapest."""
        edits = draft.edits
        if len(edits) <= MOST_THINNED:
            subsets = (each for size in range(len(edits) + 1) for each in combinations(edits, size))
            kept = [one for each in subsets if (one := self._only(draft, each)) is not None]
            return min(kept, key=lambda each: each.order, default=draft)
        again = True
        while again:
            again = False
            for edit in sorted(draft.edits, key=lambda each: draft.edits.index(each), reverse=True):
                fewer = self._only(draft, tuple(each for each in draft.edits if each is not edit))
                if fewer is not None:
                    draft, again = fewer, True
                    break
        return draft

    def _tightened(self, draft: Draft) -> Draft:
        """Every figure moved no farther than the others leave necessary, the farthest first: each was found before
        those that came after it, and may by then be more than is asked."""
        for slot in [each.slot for each in sorted(draft.edits, key=lambda each: -each.distance) if moves(each)]:
            far, worth = next((steps_of(each), worth_of(each)) for each in draft.edits if each.slot == slot)

            def nearer(steps: int, whole: Draft = draft, slot: tuple[str, str, int] = slot) -> Draft | None:
                edits = tuple(moved_to(each, steps) if each.slot == slot else each for each in whole.edits)
                return self._only(whole, edits)

            def suffices(steps: int, nearer: Callable[[int], Draft | None] = nearer, worth: int = worth) -> bool:
                return nearer(max(steps, worth)) is not None

            fewest = least(suffices, far)
            draft = (None if fewest is None else nearer(max(fewest, worth))) or draft
        return draft

    def _only(self, draft: Draft, edits: Way) -> Draft | None:
        fewer = bare(draft).with_edits(edits)
        if fewer is None:
            return None
        same = self.judged(fewer).verdict is self.judged(draft).verdict
        return fewer if same and self.closed(fewer) else None


def route_in(found: Assessment, route: Route) -> RouteResult:
    return next(each for each in found.routes if each.id == route.id)


def needs(pack: Pack, route: Route, kind: str, found: Assessment) -> Iterator[Need]:
    """What must hold and does not, or is left to a person: gates, the route's conditions, one of its alternatives."""
    status = {each.id: each.status for each in found.conditions}
    for condition in (*pack.gates, *(condition_of(pack, each) for each in route.all_of)):
        if condition.modality == "must" and status[condition.line.id] in (*OPEN, Status.MANUAL_REVIEW):
            applies = ((condition.applies_if, Asking(condition.line.id, condition.effort)),)
            spared = tuple((test, asking) for test, asking in applies if test is not None)
            yield Need(condition.line.id, status[condition.line.id], _asked((condition,), kind), spared)
    offered = [condition_of(pack, each) for each in route.any_of]
    binding = tuple(each for each in offered if each.modality == "must" and kind in each.tests)
    if binding and not any(status[each.line.id] is Status.MET for each in binding):
        worst = next(
            (each for each in (Status.UNKNOWN, Status.MANUAL_REVIEW) if each in {status[c.line.id] for c in binding}),
            Status.UNMET,
        )
        yield Need(ANY, worst, _asked(binding, kind))


def _asked(conditions: tuple[Condition, ...], kind: str) -> tuple[tuple[Test, Asking], ...]:
    return tuple(
        (each.tests[kind], Asking(each.line.id, each.effort, each.only_sources))
        for each in conditions
        if kind in each.tests
    )
