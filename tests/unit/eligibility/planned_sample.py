"""Plans for enterprises of the sample, and what must hold of every one of them."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from peiyu.sample.generate import DEFAULT_SEED, generate
from peiyu.sample.model import Sample
from rulebook.dictionary import NUMERIC, parse_dictionary
from rulebook.loader import load_pack
from rulebook.pack import TITLES, Pack
from rulebook.plan_bounds import possible_of
from rulebook.plan_days import Days
from rulebook.plan_draft import Draft, bare
from rulebook.plan_figures import moved_to, moves, steps_of, worth_of
from rulebook.plan_model import Change, GapPlan, Kind, Outcome, RoutePlan
from rulebook.plan_search import Search
from rulebook.plan_time import LEAD_DAYS
from rulebook.size_table import load_size_table
from rulebook.status import Status
from services.eligibility.domain.catalog import Editions, Serving
from services.eligibility.domain.errors import NoPackInForce
from services.eligibility.domain.subjects import inputs_of, kind_for
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.plan_on_request import Planned, Situation, plan_gaps, sizing

ROOT = Path(__file__).parents[3]
ELIGIBILITY = ROOT / "services" / "eligibility"
TODAY = dt.date(2026, 11, 25)
"""36 days before the year is over: what is still possible in it is little."""


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


@dataclass
class Region:
    """The shipped rules, and the first enterprises of the sample with everything that is recorded of them."""

    enterprises: int
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        dictionary = parse_dictionary(_texts(ROOT / "contracts" / "facts"))
        texts = _texts(ELIGIBILITY / "policies")
        sizes = load_size_table(texts.pop("size-2011-2017.yaml"), dictionary, "size-2011-2017.yaml")
        packs = [load_pack(text, dictionary, name) for name, text in texts.items()]
        editions = Editions.of((pack, Serving(pack.sha256)) for pack in packs)
        self.rules = Rules(editions, sizes, dictionary, "")

    @cached_property
    def sample(self) -> Sample:
        return generate(DEFAULT_SEED, TODAY, self.enterprises)

    @cached_property
    def _periods(self) -> Mapping[str, Mapping[int, Mapping[str, Any]]]:
        found: dict[str, dict[int, dict[str, Any]]] = {}
        for own in sorted(self.sample.facts, key=lambda each: each.source == "official_platform"):
            year = found.setdefault(own.uscc, {}).setdefault(own.fiscal_year, {})
            year |= {name: {"value": value, "source": own.source} for name, value in own.values.items()}
        for finding in self.sample.findings:
            value = {"decision": finding.decision, "reason": finding.reason, "evidence": finding.evidence,
                     "valid_until": f"{finding.valid_until}"}  # fmt: skip
            stored = {"value": value, "source": "official_finding"}
            found.setdefault(finding.uscc, {}).setdefault(0, {})[finding.fact] = stored
        return found

    @cached_property
    def _titles(self) -> Mapping[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self.sample.titles:
            valid = {name: f"{day}" for name in ("valid_from", "valid_to") if (day := getattr(each, name)) is not None}
            found.setdefault(each.uscc, []).append({"code": each.title, "state": each.state, **valid})
        return found

    def situation(self, uscc: str, title: str) -> Situation | None:
        """What is asked of an enterprise; None where no pack serves it."""
        enterprise = next(each for each in self.sample.enterprises if each.uscc == uscc)
        titles = self._titles.get(uscc, [])
        inputs = inputs_of(
            industry_code=enterprise.industry_code,
            periods=sorted(self._periods.get(uscc, {}).items()),
            titles=titles,
            titles_known=False,
            application_date=TODAY,
        )
        kind = kind_for(title, titles, TODAY)
        try:
            pack = self.rules.editions.get(title, kind, TODAY, enterprise.district_code)
        except NoPackInForce:
            return None
        return Situation(inputs, title, kind, TODAY, pack, None, enterprise.district_code)

    def planned(self, situation: Situation) -> Planned:
        return plan_gaps(self.rules, situation, as_of=TODAY)


def violations(region: Region, situation: Situation, planned: Planned) -> Iterator[str]:
    """What does not hold of a plan and of the plans that come before it."""
    for route in planned.plan.routes:
        facts = _of_facts(region, situation, planned.plan, route)
        for said in (*_of_outcome(route), *_of_changes(route), *_of_words(route), *facts):
            yield f"{planned.plan.title} {route.route}: {said}"
    yield from _of_prerequisites(planned)


def _of_outcome(route: RoutePlan) -> Iterator[str]:
    """Only what is verified is called reached, and what waits for figures says for which."""
    asked = bool(route.pending)
    if asked != (route.outcome is Outcome.PENDING):
        yield f"{route.outcome.value}, but waits for {route.pending}"
    if route.verified is not None:
        found = route.verified
        gates = [each.status for each in found.conditions if each.role == "gate" and each.modality == "must"]
        own = {*gates, next(each.status for each in found.routes if each.id == route.route)}
        if route.outcome is Outcome.PENDING and Status.UNKNOWN not in own:
            yield "waits for figures, and nothing is unknown"
        if route.outcome is Outcome.MET and Status.MANUAL_REVIEW in own:
            yield "called met, and officials have not decided"
        if route.outcome in (Outcome.PLANNED, Outcome.MET, Outcome.UNDECIDED) and own & {Status.UNMET, Status.UNKNOWN}:
            yield f"{route.outcome.value}, but the changed facts are {own}"
    if route.outcome is Outcome.REFUSED and not route.reasons:
        yield "refused without a reason"


def _of_words(route: RoutePlan) -> Iterator[str]:
    """What a plan says of its figures: one target each, none that nobody would plan, beside what is required."""
    targets = [(each.fact_id, each.fiscal_year) for each in route.changes if each.kind is Kind.REACH and each.fact_id]
    if len(targets) != len(set(targets)):
        yield f"two targets for one figure: {targets}"
    for change in route.changes:
        if change.kind is Kind.REACH and change.unit == "元" and change.target is not None:
            moved = abs(Decimal(str(change.target)) - Decimal(str(change.current)))
            if moved < 1_000:
                yield f"moves by {moved} yuan: {change.text}"
        for goal in change.goals:
            reached = _COMES_TO.search(goal)
            if reached and not _keeps(reached["now"], reached["how"], reached["asked"]):
                yield f"comes to {reached['now']}, but {reached['how']} {reached['asked']} is asked: {goal}"
            if _COMES.search(goal) and not reached:
                yield f"says what it comes to without what is required: {goal}"
        subjects = [goal.partition("由")[0] for goal in change.goals if "由" in goal]
        if len(subjects) != len(set(subjects)):
            yield f"two targets in one sentence: {change.text}"
        if change.kind in (Kind.TITLE, Kind.OBTAIN):
            named = {code for code, name in TITLES.items() if name in change.text}
            if named - {change.title}:
                yield f"names a title as a step without the plan of that title: {change.text}"


_COMES = re.compile(r"(升至|降至|保持在|达到) [\d,.]+")
_COMES_TO = re.compile(
    r"(升至|降至|保持在|达到) (?P<now>-?[\d,.]+)[^（]*（要求(?P<how>不低于|高于|不高于|低于|等于) (?P<asked>-?[\d,.]+)"
)
_HOLDS = {"不低于": operator.ge, "高于": operator.gt, "不高于": operator.le, "低于": operator.lt, "等于": operator.eq}


def _keeps(now: str, how: str, asked: str) -> bool:
    """In the same unit, as it is shown."""
    return _HOLDS[how](Decimal(now.replace(",", "")), Decimal(asked.replace(",", "")))


def _of_changes(route: RoutePlan) -> Iterator[str]:
    for change in route.changes:
        if route.opportunity is None or change.ready > route.opportunity.day:
            yield f"ready after the day of the plan: {change.text}"
        if change.kind is Kind.REACH and change.fiscal_year and change.current is None:
            yield f"moves a figure that is not known: {change.text}"
        days = (change.ready - TODAY).days
        longest = LEAD_DAYS.get({"paperwork": "paperwork", "months": "months", "year": "year"}.get(change.effort, ""))
        if longest is not None and days > longest:
            yield f"{change.effort}, but only ready after {days} days: {change.text}"
        if change.warning and str(change.current) == "0":
            yield f"nothing cannot be doubled: {change.warning}"
        if "实现“" in change.text and "属于" in change.text:
            yield f"nobody brings about what a thing is: {change.text}"


def _of_facts(region: Region, situation: Situation, plan: GapPlan, route: RoutePlan) -> Iterator[str]:
    """The facts that the plan arrives at are possible, and the year that runs is not pushed beyond its pace."""
    if route.opportunity is None:
        return
    draft, search = arrived(region, situation, route)
    for said in possible_of(region.rules.dictionary).broken(draft.subject.facts, draft.touched()):
        yield f"contradicts itself: {said}"
    for edit in (each for each in draft.edits if moves(each) and steps_of(each) > worth_of(each)):
        less = tuple(moved_to(each, steps_of(each) - 1) if each is edit else each for each in draft.edits)
        nearer = bare(draft).with_edits(less)
        same = nearer is not None and search.judged(nearer).verdict is search.judged(draft).verdict
        if nearer is not None and same and search.closed(nearer):
            yield f"{edit.slot} moves to {edit.value}, and a step less would do"
    left = Fraction((dt.date(TODAY.year, 12, 31) - TODAY).days, 365)
    dictionary = region.rules.dictionary
    for fact_id, year in draft.touched():
        fact = dictionary[fact_id]
        before, after = (subject.facts.get((fact_id, year)) for subject in (draft.base, draft.subject))
        if fact.type not in NUMERIC or before is None or after is None:
            continue
        was, then = Fraction(str(before.value)), Fraction(str(after.value))
        if fact.minimum is not None and then < min(Fraction(fact.minimum), was):
            yield f"{fact_id} below what it can be: {after.value}"
        if fact.scale and then < was:
            yield f"{fact_id} shrinks"
        if fact.yearly and year < TODAY.year and (fact_id, year) in search.remedies.recorded:
            yield f"{fact_id} of {year} is history"
        if fact.yearly and fact.year_of == "fiscal" and year == TODAY.year:
            last = draft.base.facts.get((fact_id, year - 1), before)
            most = max(abs(Fraction(str(last.value))) * left, Fraction(int(fact.type == "integer")))
            if abs(then - was) > most:
                yield f"{fact_id} moves from {before.value} to {after.value} in {left * 365} days"


def arrived(region: Region, situation: Situation, route: RoutePlan) -> tuple[Draft, Search]:
    """The facts at the end of a plan, found again."""
    assert route.opportunity is not None
    resize = sizing(region.rules.sizes, situation.inputs["industry_code"])
    days = Days(
        situation.pack, situation.subject(region.rules), TODAY, situation.kind, (), TODAY,
        {change.title: change.ready for change in route.changes if change.title and change.kind is not Kind.SUPPLY},
        resize, possible_of(region.rules.dictionary),
    )  # fmt: skip
    day = days.on(route.opportunity)
    own = next(each for each in situation.pack.routes if each.id == route.route)
    search = Search(days.asked(route.opportunity), own, situation.kind, day.remedies, route.opportunity, days.broken)
    found = search.run(day.start)
    return found or day.start, search


def _of_prerequisites(planned: Planned) -> Iterator[str]:
    """A title that has to be obtained first has its own plan, and comes no sooner than that says."""
    first = {each.plan.title: each for each in planned.first}
    changes: list[Change] = [each for route in planned.plan.routes for each in route.changes]
    for change in changes:
        if not change.title or change.kind is Kind.SUPPLY or change.effort == "paperwork":
            continue
        own = first.get(change.title)
        if own is None:
            if "复核" not in change.text:
                yield f"{planned.plan.title}: no plan for {change.title}"
            continue
        day = own.plan.best.opportunity.day if own.plan.best and own.plan.best.opportunity else None
        if day is None or change.ready < day:
            yield f"{planned.plan.title}: {change.title} ready {change.ready}, its own plan says {day}"


def titles_of(packs: tuple[Pack, ...]) -> list[str]:
    return sorted({pack.title for pack in packs})
