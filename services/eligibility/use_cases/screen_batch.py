"""Find out in columns for whom a batch run would come to something else; only those are assessed one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chassis import clock, logging
from chassis.db import Transaction
from rulebook.columnar_population import Population
from rulebook.columnar_rows import Needs, population_of
from rulebook.columnar_signature import signatures_of
from rulebook.pack import Pack
from rulebook.size_table import SizeTable
from services.eligibility.domain import changes
from services.eligibility.domain.catalog import Catalog
from services.eligibility.domain.fingerprints import NO_RULES, basis_of, fingerprint, in_columns
from services.eligibility.domain.subjects import kind_for, subject_of
from services.eligibility.store.pending import Calendar, Pending
from services.eligibility.store.repositories import Assessments
from services.eligibility.use_cases.assess_enterprises import Known, Rules, gather
from services.eligibility.use_cases.load_rules import load_rules


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outcome that stands unless the columns say otherwise."""

    row: int
    title: str
    fingerprint: str


@dataclass(slots=True)
class Question:
    """Those whom one edition serves, or none, for one kind of application."""

    pack: Pack | None
    kind: str
    candidates: list[Candidate] = field(default_factory=list)


def screen_batch(tx: Transaction, catalog: Catalog, sizes: SizeTable, limit: int) -> int:
    """Take up to `limit` enterprises that a batch run marked; how many were taken.

    Whose outcomes all stand is done: they are confirmed as of today. The others wait on, for the titles in question
    only, and are assessed with whatever else waits. So no transaction holds more than one of both, and a run that was
    interrupted goes on where it was.
    """
    codes = Pending(tx).list_unscreened(limit)
    if not codes:
        return 0
    day = clock.today()
    rules = load_rules(tx, catalog, sizes)
    known = gather(tx, codes, hold=False)
    standing = _standing(tx, rules, known, day)
    doubtful: dict[str, list[str]] = {}
    for uscc, held in standing.items():
        if doubted := [title for title in rules.editions.titles() if title not in held]:
            doubtful[uscc] = doubted
    Assessments(tx).confirm_all([(uscc, title) for uscc, held in standing.items() for title in held], day)
    Pending(tx).narrow({uscc: [changes.of_batch(each) for each in titles] for uscc, titles in doubtful.items()})
    Pending(tx).remove([uscc for uscc in codes if uscc not in doubtful])
    logging.get(__name__).info("enterprises screened", count=len(codes), doubtful=len(doubtful))
    return len(codes)


def _standing(tx: Transaction, rules: Rules, known: Mapping[str, Known], day: dt.date) -> dict[str, set[str]]:
    """USCC → the titles whose outcome is the stored one."""
    codes = list(known)
    standing: dict[str, set[str]] = {uscc: set() for uscc in codes}
    contents: dict[int, bytes] = {}
    questions = _questions(tx, rules, known, day)
    population = _population(rules, [each.pack for each in questions if each.pack is not None], known, day)
    for question in questions:
        signatures = _signatures(question, population, day)
        bases: dict[str, bytes] = {}
        for each in question.candidates:
            if each.row not in contents:
                contents[each.row] = known[codes[each.row]].content
            if each.title not in bases:
                bases[each.title] = basis_of(rules.ground, rules.editions, each.title, question.pack, question.kind)
            if fingerprint(contents[each.row], bases[each.title], signatures[each.row]) == each.fingerprint:
                standing[codes[each.row]].add(each.title)
    return standing


def _questions(tx: Transaction, rules: Rules, known: Mapping[str, Known], day: dt.date) -> list[Question]:
    """Outcomes that were settled and on which no day has come since, by the edition that serves now."""
    settled = Calendar(tx).list_settled(list(known))
    serving: dict[tuple[str, str, str | None], Pack | None] = {}
    found: dict[tuple[str | None, str], Question] = {}
    today = day.isoformat()
    for row, (uscc, each) in enumerate(known.items()):
        due, fingerprints = settled.get(uscc, ({}, {}))
        for title in rules.editions.titles():
            if title not in fingerprints or due[title] <= today:
                continue
            kind = kind_for(title, each.titles, day)
            asked = title, kind, each.enterprise.district_code
            if asked not in serving:
                serving[asked] = rules.editions.find(*asked[:2], day, asked[2])
            pack = serving[asked]
            question = found.setdefault((pack.sha256 if pack else None, kind), Question(pack, kind))
            question.candidates.append(Candidate(row, title, fingerprints[title]))
    return list(found.values())


def _population(rules: Rules, packs: Sequence[Pack], known: Mapping[str, Known], day: dt.date) -> Population:
    return population_of(
        [each.row(day) for each in known.values()],
        Needs.of([in_columns(pack) for pack in packs], day, rules.dictionary),
        day,
        sizes=rules.sizes,
        subject=lambda row: subject_of(dict(row), rules.sizes, day),
    )


def _signatures(question: Question, population: Population, day: dt.date) -> Sequence[bytes]:
    if question.pack is None:
        return [NO_RULES] * population.size
    return signatures_of(in_columns(question.pack).evaluate(population, day, question.kind))
