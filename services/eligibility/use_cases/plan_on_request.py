"""Gap plans, what-if questions and first steps: computed on request from copies, nothing is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from chassis.db import Transaction
from chassis.errors import FieldProblem
from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Holds, Pack
from rulebook.plan import FirstStep, first_step, plan
from rulebook.plan_bounds import Possible, possible_of
from rulebook.plan_draft import Resize
from rulebook.plan_model import Edition, GapPlan, Outcome, Succession, Window
from rulebook.plan_walk import leaves_of, tests_of
from rulebook.size import SizeResult, classify
from rulebook.size_table import SizeTable
from rulebook.status import Verdict
from rulebook.subject import POINT, FactValue, Subject
from services.eligibility.domain.errors import EnterpriseNotKnown, StatedFactsInvalid
from services.eligibility.domain.stated import read_stated, refuse_titles_ahead
from services.eligibility.domain.subjects import Inputs, inputs_of, kind_for, subject_of
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.assess_enterprises import Rules, gather

Stated = Sequence[Mapping[str, Any]]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Situation:
    """Whose facts they are, and what is asked of them."""

    inputs: Inputs
    title: str
    kind: str
    day: dt.date
    pack: Pack
    enterprise: EnterpriseRow | None = None
    district: str | None = None

    def subject(self, rules: Rules) -> Subject:
        return subject_of(self.inputs, rules.sizes, self.day)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the plans of the titles that have to be obtained first."""

    plan: GapPlan
    first: tuple[Planned, ...] = ()


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One pack on the facts as they are and as they would be."""

    before: Assessment
    after: Assessment


def registered_situation(
    tx: Transaction, rules: Rules, uscc: str, title: str, *, kind: str | None, day: dt.date
) -> Situation:
    """What is known of a registered enterprise on that day."""
    known = gather(tx, [uscc], hold=False).get(uscc)
    if known is None:
        raise EnterpriseNotKnown("尚未收到该企业的登记信息：请核对统一社会信用代码；若刚刚登记，请数秒后重试")
    chosen = kind or kind_for(title, known.titles, day)
    pack = rules.editions.get(title, chosen, day, known.enterprise.district_code)
    return Situation(known.inputs(day), title, chosen, day, pack, known.enterprise, known.enterprise.district_code)


def stated_situation(
    dictionary: Dictionary,
    rules: Rules,
    facts: Stated,
    titles: Stated | None,
    title: str,
    *,
    kind: str | None,
    industry_code: str | None,
    district_code: str | None,
    day: dt.date,
    today: dt.date,
) -> Situation:
    """What a request states. Raises StatedFactsInvalid with the path of every fact that cannot be read."""
    refuse_titles_ahead(titles or (), day, today)
    inputs = inputs_of(
        industry_code=industry_code,
        periods=sorted(read_stated(dictionary, facts, day, today).items()),
        titles=titles or (),
        titles_known=titles is not None,
        application_date=day,
    )
    chosen = kind or kind_for(title, titles or (), day)
    return Situation(
        inputs, title, chosen, day, rules.editions.get(title, chosen, day, district_code), None, district_code
    )


def plan_gaps(rules: Rules, situation: Situation, *, as_of: dt.date, windows: Sequence[Window] = ()) -> Planned:
    """The way to the title, with the way to every title that it needs first."""
    return _Asked(rules, possible_of(rules.dictionary), as_of, windows).plan(situation, frozenset((situation.title,)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for a title and for those that it needs first."""

    rules: Rules
    possible: Possible
    as_of: dt.date
    windows: Sequence[Window] = ()
    made: dict[str, Planned] = field(default_factory=dict)

    def plan(self, situation: Situation, asked: frozenset[str]) -> Planned:
        """Every route of the title that is asked for keeps to the plans of the titles it needs; of a title needed first
        only the best one has to: the others are no step of anybody's plan."""
        taken = _taken if len(asked) > 1 else _taken_on_any
        found = self._settled(lambda prior: self._once(situation, prior), taken, situation, asked)
        return Planned(found, tuple(self.made[code] for code in sorted(taken(found)) if code in self.made))

    def first_step(self, situation: Situation) -> FirstStep | None:
        """What the plan begins with, without the plan."""

        def once(prior: Mapping[str, dt.date | None]) -> FirstStep | None:
            return first_step(
                situation.pack,
                situation.subject(self.rules),
                situation.day,
                situation.kind,
                prior=prior,
                resize=sizing(self.rules.sizes, situation.inputs["industry_code"]),
                possible=self.possible,
            )

        def taken(step: FirstStep | None) -> Collection[str]:
            return step.titles if step is not None else ()

        return self._settled(once, taken, situation, frozenset((situation.title,)))

    def _settled(
        self,
        once: Callable[[Mapping[str, dt.date | None]], Found],
        taken: Callable[[Found], Collection[str]],
        situation: Situation,
        asked: frozenset[str],
    ) -> Found:
        """A title that the plan needs is planned, too: when it can be had decides when this one can be, or whether
        another way is the shorter one. So the plan is made again with what that says, until it needs no other."""
        prior: dict[str, dt.date | None] = dict.fromkeys(self._at_hand(situation, asked), self.as_of)
        planned: set[str] = set()
        while True:
            found = once(prior)
            further = [code for code in sorted(taken(found)) if code not in planned and code not in asked]
            if not further:
                return found
            days = {code: self._first_day(situation, code, asked) for code in further}
            planned.update(further)
            if all(code in prior and prior[code] == day for code, day in days.items()):
                return found
            prior |= days

    def _at_hand(self, situation: Situation, asked: frozenset[str]) -> Iterator[str]:
        """Titles that would do and that the enterprise qualifies for today: nothing is nearer."""
        offered = {code for test in tests_of(situation.pack, situation.kind) for leaf in leaves_of(test)
                   if isinstance(leaf, Holds) and not leaf.forbidden and len(leaf.titles) > 1
                   for code in leaf.titles}  # fmt: skip
        for code in sorted(offered - asked):
            pack = self.rules.editions.find(code, "new", situation.day, situation.district)
            if pack is not None and kind_for(code, situation.inputs["titles"], situation.day) == "new":
                found = evaluate(pack, situation.subject(self.rules), application_date=situation.day, kind="new")
                if found.verdict is Verdict.ELIGIBLE:
                    yield code

    def _once(self, situation: Situation, prior: Mapping[str, dt.date | None]) -> GapPlan:
        return plan(
            situation.pack,
            situation.subject(self.rules),
            situation.day,
            situation.kind,
            windows=self.windows,
            as_of=self.as_of,
            prior=prior,
            unsettled=[code for code in prior if code in self.made and _waits(self.made[code].plan)],
            resize=sizing(self.rules.sizes, situation.inputs["industry_code"]),
            possible=self.possible,
            succession=succession_of(self.rules, situation),
        )

    def _first_day(self, situation: Situation, code: str, asked: frozenset[str]) -> dt.date | None:
        """When the title can be applied for, by its own plan; at once where it is held or has no rules here."""
        if kind_for(code, situation.inputs["titles"], situation.day) == "review":
            return self.as_of
        pack = self.rules.editions.find(code, "new", situation.day, situation.district)
        if pack is None:
            return self.as_of
        if code not in self.made:
            own = replace(situation, title=code, kind="new", pack=pack)
            self.made[code] = self.plan(own, asked | {code})
        best = self.made[code].plan.best
        return best.opportunity.day if best is not None and best.opportunity is not None else None


def _taken(found: GapPlan) -> set[str]:
    """The titles that the best way needs to be held or obtained."""
    return {change.title for change in found.best.changes if change.title} if found.best is not None else set()


def _taken_on_any(found: GapPlan) -> set[str]:
    """The titles that some way needs to be held or obtained."""
    return {change.title for route in found.routes for change in route.changes if change.title}


def _waits(found: GapPlan) -> bool:
    return found.best is not None and found.best.outcome is Outcome.PENDING


def succession_of(rules: Rules, situation: Situation) -> Succession | None:
    """Until when the edition serves, and what serves then; None where nothing is known to end it."""
    found = rules.editions.succession(
        situation.title, situation.kind, situation.pack, situation.day, situation.district
    )
    if found is None:
        return None
    ends, pack = found
    if pack is None:
        return Succession(ends)
    term = pack.term(situation.kind)
    start = term.start if term is not None else ends + dt.timedelta(days=1)
    return Succession(ends, Edition(pack.id, pack.label, pack.edition, pack.sha256, pack.document, start))


def sizing(sizes: SizeTable, industry: str | None) -> Resize:
    """The size class of this enterprise from any facts of any year."""

    def resize(facts: Mapping[tuple[str, int], FactValue], year: int) -> SizeResult:
        def number(fact_id: str) -> Decimal | None:
            held = facts.get((fact_id, year))
            return None if held is None or held.value is None else Decimal(str(held.value))

        headcount = number("headcount")
        persons = None if headcount is None else int(headcount)
        return classify(sizes, industry, persons, number("revenue_yuan"), number("total_assets_yuan"))

    return resize


def what_if(
    dictionary: Dictionary,
    rules: Rules,
    situation: Situation,
    *,
    facts: Stated,
    findings: Stated,
    titles: Stated,
    today: dt.date,
) -> WhatIf:
    """The same pack on the facts as registered and with the changes. A fact changed to null counts as missing.

    Raises StatedFactsInvalid with the path of every change that cannot be read, or that cannot be true beside what is
    registered for the same year and not changed too.
    """
    refuse_titles_ahead(titles, situation.day, today)
    changed = _changed(dictionary, situation, facts, findings, titles, today)
    day = situation.day
    before = evaluate(situation.pack, situation.subject(rules), application_date=day, kind=situation.kind)
    after = evaluate(situation.pack, subject_of(changed, rules.sizes, day), application_date=day, kind=situation.kind)
    return WhatIf(before, after)


def _changed(
    dictionary: Dictionary,
    situation: Situation,
    facts: Stated,
    findings: Stated,
    titles: Stated,
    today: dt.date,
) -> Inputs:
    periods = read_stated(dictionary, facts, situation.day, today, situation.inputs["facts"])
    for index, finding in enumerate(findings):
        fact = dictionary.find(finding["finding"])
        if fact is None or fact.type != "finding":
            known = "、".join(each.id for each in dictionary if each.type == "finding")
            path = f"findings[{index}].finding"
            problem = FieldProblem(path, f"认定意见应为以下之一：{known}", "unknown-fact", finding["finding"])
            raise StatedFactsInvalid("有认定意见无法采用，请按 errors 中的说明修改后重试", problems=[problem])
        value = {"decision": finding["decision"], "reason": "假设", "evidence": None,
                 "valid_until": finding.get("valid_until")}  # fmt: skip
        periods.setdefault(POINT, {})[fact.id] = {"value": value, "source": "official_finding", "as_of": None}
    inputs: Inputs = {**situation.inputs, "facts": {k: dict(v) for k, v in situation.inputs["facts"].items()}}
    for stated in facts:
        if stated.get("value") is None:
            year = str(stated.get("fiscal_year") or POINT)
            inputs["facts"].get(stated["fact"], {}).pop(year, None)
    for year_of, values in periods.items():
        for fact_id, stored in values.items():
            inputs["facts"].setdefault(fact_id, {})[str(year_of)] = stored
    replaced = {each["code"] for each in titles}
    kept = [each for each in inputs["titles"] if each["code"] not in replaced]
    inputs["titles"] = [*kept, *(dict(each) for each in titles)]
    return inputs


def first_steps(
    rules: Rules,
    packs: Mapping[str, Pack],
    rows: Iterable[tuple[AssessmentRow, EnterpriseRow]],
    day: dt.date,
) -> dict[tuple[str, str], FirstStep]:
    """For every row what its plan of that day begins with, by (uscc, title); none for whom no change reaches it."""
    found: dict[tuple[str, str], FirstStep] = {}
    possible = possible_of(rules.dictionary)
    for row, enterprise in rows:
        pack = packs.get(row.pack_hash)
        if pack is None:
            continue
        situation = Situation(row.inputs, row.title, row.kind, day, pack, enterprise, enterprise.district_code)
        step = _Asked(rules, possible, day).first_step(situation)
        if step is not None:
            found[(row.uscc, row.title)] = step
    return found
