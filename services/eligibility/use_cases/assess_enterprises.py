"""Assess enterprises by the editions in force; only what another outcome says is stored and announced."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from chassis import clock, ids, logging
from chassis.db import Transaction
from contracts.events.eligibility import AssessmentChanged, AssessmentEnded, NearMiss
from rulebook.assessment import Assessment
from rulebook.columnar_signature import signature_of
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.nearness import nearness
from rulebook.pack import PACK_TITLES, Pack
from rulebook.scene import FactUnreadable
from rulebook.size_table import SizeTable
from rulebook.status import Verdict
from rulebook.subject import POINT, Subject
from services.eligibility.domain.catalog import Editions
from services.eligibility.domain.findings import Need, needs_of
from services.eligibility.domain.fingerprints import NO_RULES, basis_of, fingerprint, hash_of_inputs, in_columns
from services.eligibility.domain.subjects import Inputs, inputs_of, kind_for, outcome_hash, row_of, subject_of
from services.eligibility.store.pending import Calendar
from services.eligibility.store.repositories import Assessments, Enterprises, PeriodFacts
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.settle_findings import settle_findings

REASONS_ANNOUNCED = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """What assessing needs beside the data: the editions in use, the table of size classes, the dictionary."""

    editions: Editions
    sizes: SizeTable
    dictionary: Dictionary
    ground: str
    """As of the catalog."""


@dataclass(frozen=True)
class Known:
    """What eligibility knows of one enterprise."""

    enterprise: EnterpriseRow
    periods: Sequence[PeriodFacts]
    titles: Sequence[dict[str, Any]]

    @property
    def facts_as_of_today(self) -> Mapping[str, Mapping[str, Any]]:
        """The facts without years, findings among them."""
        return next((each.facts for each in self.periods if each.fiscal_year == POINT), {})

    def inputs(self, day: dt.date) -> Inputs:
        return inputs_of(**self._looked_at(day))

    def row(self, day: dt.date) -> Inputs:
        return row_of(**self._looked_at(day))

    @cached_property
    def content(self) -> bytes:
        """Hash of everything that an assessment may look at."""
        return hash_of_inputs(
            self.enterprise.industry_code, [(each.fiscal_year, each.content) for each in self.periods], self.titles
        )

    def inputs_hash(self, day: dt.date) -> str:
        """Equal for equal inputs: of the same facts another year may look at others."""
        return hashlib.blake2b(self.content + day.year.to_bytes(2), digest_size=16).hexdigest()

    def _looked_at(self, day: dt.date) -> dict[str, Any]:
        return {
            "industry_code": self.enterprise.industry_code,
            "periods": [(each.fiscal_year, each.facts) for each in self.periods],
            "titles": self.titles,
            "titles_known": False,
            "application_date": day,
        }


def gather(tx: Transaction, codes: Sequence[str], *, hold: bool = True) -> dict[str, Known]:
    """Everything known of the enterprises in `codes`, in three queries; unknown ones are left out.

    With `hold` nobody else assesses them until this transaction ends; what stores nothing need not wait.
    """
    if hold:
        Assessments(tx).lock(codes)
    enterprises = Enterprises(tx)
    periods: dict[str, list[PeriodFacts]] = defaultdict(list)
    for period in enterprises.list_facts(codes):
        periods[period.uscc].append(period)
    titles: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for title in enterprises.list_titles(codes):
        titles[title.uscc].append(
            {
                "code": title.title,
                "state": title.state,
                "valid_from": title.valid_from.isoformat() if title.valid_from else None,
                "valid_to": title.valid_to.isoformat() if title.valid_to else None,
                "cancelled_on": title.cancelled_on.isoformat() if title.cancelled_on else None,
                "ban": title.ban,
            }
        )
    return {
        uscc: Known(row, sorted(periods[uscc], key=lambda period: period.fiscal_year), titles[uscc])
        for uscc, row in enterprises.list_by_codes(codes).items()
    }


def assess_enterprises(tx: Transaction, rules: Rules, wanted: Mapping[str, Collection[str]], *, trigger: str) -> int:
    """Assess each enterprise for the titles wanted of it, as of today; how many outcomes changed.

    Whose stored values cannot be read keeps the outcomes it has and holds up nobody; what is recorded anew mends it.
    Emits AssessmentChanged when a verdict became another one, AssessmentEnded where no rules serve any more, and
    FindingRequested when a judgement is the last thing missing. Keeps the day on which an outcome may change by itself,
    and what a batch run compares with.
    """
    day = clock.today()
    known = gather(tx, list(wanted))
    current = Assessments(tx).list_current(list(known))
    looked_at = {uscc: each.inputs(day) for uscc, each in known.items()}
    renewed = keep_inputs(tx, known, looked_at, current.values(), day)
    needs: dict[str, list[Need]] = defaultdict(list)
    ended: list[AssessmentRow] = []
    begun: list[AssessmentRow] = []
    due: dict[str, dict[str, dt.date]] = defaultdict(dict)
    fingerprints: dict[str, dict[str, str]] = defaultdict(dict)
    for uscc, title, kind, pack, subject, found in _judge(rules, known, looked_at, wanted, day):
        each, previous = known[uscc], current.get((uscc, title))
        due[uscc][title] = rules.editions.settled_until(title, pack, subject, day)
        basis = basis_of(rules.ground, rules.editions, title, pack, kind)
        if pack is None or found is None:  # no rules for a review, or none where the enterprise is registered now
            if previous is not None:
                ended.append(previous)
                _announce_end(tx, previous, day)
            fingerprints[uscc][title] = fingerprint(each.content, basis, NO_RULES)
            continue
        fingerprints[uscc][title] = fingerprint(each.content, basis, signature_of(in_columns(pack), found))
        needs[uscc] += needs_of(pack, subject, found)
        row = record(tx, each, pack, found, previous, trigger=trigger)
        if row is not None:
            begun.append(row)
            ended += [previous] if previous is not None else []
    Assessments(tx).replace(ended, begun)
    subjects = {uscc: (known[uscc].enterprise, known[uscc].facts_as_of_today) for uscc in due}
    settle_findings(tx, subjects, due, needs, rules.dictionary, day)
    Calendar(tx).keep(due, fingerprints)
    Assessments(tx).forget_inputs(renewed)
    return len(begun)


def _announce_end(tx: Transaction, row: AssessmentRow, day: dt.date) -> None:
    tx.emit(
        AssessmentEnded(
            uscc=row.uscc,
            assessment_id=str(row.id),
            title=row.title,
            title_label=PACK_TITLES.get(row.title, row.title),
            kind=row.kind,
            previous=row.verdict,
            ended_on=day,
        )
    )


class _Judged(NamedTuple):
    uscc: str
    title: str
    kind: str
    pack: Pack | None
    subject: Subject
    found: Assessment | None
    """Null where no rules serve."""


def _judge(
    rules: Rules,
    known: Mapping[str, Known],
    looked_at: Mapping[str, Inputs],
    wanted: Mapping[str, Collection[str]],
    day: dt.date,
) -> Iterator[_Judged]:
    """Each enterprise and title in order; what cannot be read is left out and said, since the others must go on."""
    for uscc, each in sorted(known.items()):
        titles = sorted(wanted[uscc])
        try:
            subject = subject_of(looked_at[uscc], rules.sizes, day)
        except FactUnreadable as refusal:
            _say_unreadable(uscc, titles, refusal)
            continue
        for title in titles:
            kind = kind_for(title, each.titles, day)
            pack = rules.editions.find(title, kind, day, each.enterprise.district_code)
            try:
                found = None if pack is None else evaluate(pack, subject, application_date=day, kind=kind)
            except FactUnreadable as refusal:
                _say_unreadable(uscc, [title], refusal)
                continue
            yield _Judged(uscc, title, kind, pack, subject, found)


def _say_unreadable(uscc: str, titles: Sequence[str], refusal: FactUnreadable) -> None:
    logging.get(__name__).error(
        "not assessed: a stored value cannot be read",
        uscc=uscc,
        titles=titles,
        fact=refusal.fact_id,
        fiscal_year=refusal.year,
    )


def keep_inputs(
    tx: Transaction,
    known: Mapping[str, Known],
    looked_at: Mapping[str, Inputs],
    current: Iterable[AssessmentRow],
    day: dt.date,
) -> list[str]:
    """Store what the assessments to come will refer to; whose inputs are others than before."""
    before = {(row.uscc, row.inputs_hash) for row in current}
    fresh = {
        key: looked_at[uscc] for uscc, each in known.items() if (key := (uscc, each.inputs_hash(day))) not in before
    }
    Assessments(tx).keep_inputs(fresh)
    return [uscc for uscc, _ in fresh]


def record(
    tx: Transaction,
    known: Known,
    pack: Pack,
    found: Assessment,
    previous: AssessmentRow | None,
    *,
    trigger: str,
) -> AssessmentRow | None:
    """The assessment to take the place of the current one, announced; null where that says the same and is confirmed.

    Its inputs are kept already. Whoever calls puts it in its place, with others at once.
    """
    said = outcome_hash(found)
    near = nearness(pack, found)
    if previous is not None and previous.outcome_hash == said:
        Assessments(tx).confirm(previous, found.application_date, known.inputs_hash(found.application_date), near)
        return None
    row = AssessmentRow(
        id=ids.new_id(),
        uscc=known.enterprise.uscc,
        title=found.title,
        kind=found.kind,
        pack_id=pack.id,
        pack_hash=pack.sha256,
        application_date=found.application_date,
        verdict=found.verdict.value,
        route=found.route,
        score_low=found.score.points.low if found.score else None,
        score_high=found.score.points.high if found.score else None,
        missing=sorted({each.fact_id for each in found.missing}),
        inputs_hash=known.inputs_hash(found.application_date),
        outcome_hash=said,
        near_route=near.route,
        open_lines=near.open_lines,
        open_effort=near.effort,
        open_distance=near.distance,
        trigger=trigger,
        assessed_at=clock.now(),
        current=True,
    )
    comparable = previous is not None and previous.kind == found.kind
    if previous is None or not comparable or previous.verdict != row.verdict:
        tx.emit(
            AssessmentChanged(
                uscc=row.uscc,
                assessment_id=str(row.id),
                title=found.title,
                title_label=found.title_label,
                kind=found.kind,
                verdict=row.verdict,
                previous=previous.verdict if previous is not None and comparable else None,
                route=_route_label(found),
                reasons=found.reasons[:REASONS_ANNOUNCED],
                pack=f"{pack.id}@{pack.sha256[:12]}",
                assessed_on=found.application_date,
                open_lines=near.open_lines,
                open_effort=near.effort or None,
            )
        )
    elif row.verdict != Verdict.ELIGIBLE.value and previous.open_lines != near.open_lines:
        tx.emit(
            NearMiss(
                uscc=row.uscc,
                assessment_id=str(row.id),
                title=found.title,
                title_label=found.title_label,
                kind=found.kind,
                verdict=row.verdict,
                open_lines=near.open_lines,
                open_lines_before=previous.open_lines,
                open_effort=near.effort or None,
                pack=f"{pack.id}@{pack.sha256[:12]}",
                assessed_on=found.application_date,
            )
        )
    return row


def _route_label(found: Assessment) -> str | None:
    return next((route.label for route in found.routes if route.id == found.route), found.route)
