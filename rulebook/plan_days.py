"""What a plan is asked for, and the enterprise as it would stand on each of the days to try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from rulebook.assessment import Assessment
from rulebook.evaluate import evaluate
from rulebook.pack import Pack, Route
from rulebook.plan_bounds import Possible, bounds_of
from rulebook.plan_draft import Draft, Resize
from rulebook.plan_forms import FORMS
from rulebook.plan_model import Opportunity, Succession, Window
from rulebook.plan_remedies import Remedies
from rulebook.plan_time import Clock, FactKey, opportunities, project, run_out, seasons, standing
from rulebook.plan_walk import facts_of
from rulebook.plan_words import Words
from rulebook.subject import Subject


@dataclass(frozen=True, slots=True)
class Day:
    """The subject on one day as it would be without any change, and which of its facts are assumed."""

    remedies: Remedies
    start: Draft
    assumed: frozenset[FactKey]


@dataclass
class Days:
    """One question: a pack, a subject, the days on which to apply. Lays out each day once."""

    pack: Pack
    subject: Subject
    application_date: date
    kind: str
    windows: Sequence[Window] = ()
    as_of: date = date.min
    prior: Mapping[str, date | None] = field(default_factory=dict)
    resize: Resize | None = None
    possible: Possible = field(default_factory=Possible)
    succession: Succession | None = None
    unsettled: frozenset[str] = frozenset()
    """Titles whose own plan waits for figures: the day that it gives may still move."""
    _laid_out: dict[date, Day] = field(default_factory=dict)

    @cached_property
    def now(self) -> Assessment:
        return evaluate(self.pack, self.subject, application_date=self.application_date, kind=self.kind)

    @cached_property
    def opportunities(self) -> list[Opportunity]:
        return opportunities(
            self.pack,
            self.subject,
            as_of=self.as_of,
            application_date=self.application_date,
            kind=self.kind,
            windows=self.windows,
        )

    @cached_property
    def seasons(self) -> list[list[Opportunity]]:
        return seasons(self.opportunities)

    @cached_property
    def _later(self) -> Pack:
        return standing(self.pack, self.application_date)

    @cached_property
    def _recorded(self) -> frozenset[FactKey]:
        return frozenset(key for key, held in self.subject.facts.items() if held.value is not None)

    def asked(self, opportunity: Opportunity) -> Pack:
        """The pack as it is taken to stand on that day."""
        ended = run_out(self.pack, self.kind, self.application_date, opportunity.day)
        return self._later if ended else self.pack

    def on(self, opportunity: Opportunity) -> Day:
        if opportunity.day not in self._laid_out:
            self._laid_out[opportunity.day] = self._lay_out(opportunity)
        return self._laid_out[opportunity.day]

    def _lay_out(self, opportunity: Opportunity) -> Day:
        clock = Clock(self.as_of, opportunity.day)
        known = facts_of(self.pack)
        facts, assumed = project(self.subject.facts, known, clock)
        bounds = bounds_of(known.values(), clock, self._recorded, self.possible)
        remedies = Remedies(bounds, self.kind, self.prior, FORMS)
        size = self.resize(facts, opportunity.fiscal_year) if self.resize is not None else None
        base = replace(self.subject, facts=facts, size=size or self.subject.size)
        return Day(remedies, Draft(base, opportunity.fiscal_year, bounds, self.resize), assumed)

    def broken(self, draft: Draft) -> Iterable[str]:
        """What the changed facts contradict, as far as the plan has changed them."""
        touched = draft.touched()
        return self.possible.broken(draft.subject.facts, touched) if touched else ()

    def words(self, route: Route, before: Draft, after: Draft, remedies: Remedies) -> Words:
        return Words(self.pack, self.kind, remedies.clock, before, after, remedies, self.needed(route))

    def needed(self, route: Route) -> tuple[str, ...]:
        """The lines that a route asks for."""
        scored = tuple(each.line.id for each in self.pack.indicators) if route.score is not None else ()
        return (*(each.line.id for each in self.pack.gates), *route.all_of, *route.any_of, *scored)
