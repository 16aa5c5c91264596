"""What an outcome waits for, held against every way in which the missing things could turn out."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.necessity import Necessity, key_of
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.size_table import SizeTable
from rulebook.status import Verdict
from rulebook.subject import POINT, FactValue, Subject
from services.eligibility.domain.subjects import subject_of
from tests.unit.rulebook.conftest import POLICIES
from tests.unit.rulebook.populations import Awkward

DAY = date(2026, 6, 1)
OPEN = (Verdict.UNKNOWN, Verdict.MANUAL_REVIEW)
STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))

HEAD = """\
pack: test-ways
edition: "1"
title: innovative_sme
label: 几条途径
document: {number: 测试〔2026〕3号, name: 测试办法, issuer: 测试部}
in_force: {from: 2026-01-01}
kinds: [new]
decision: {id: T-A, label: 结论, clause: 一, quote: 满足其一, evidence: V}
"""
LINE = "id: {0}, label: 条件{0}, clause: 一, quote: 原文, evidence: V"
ONE_OF_THREE_WAYS = (
    HEAD
    + f"""\
gates:
  - {{{LINE.format("T-0")}, modality: must, test: abnormal_list = 否}}
conditions:
  - {{{LINE.format("T-1")}, modality: must, test: {{all: [legal_person = 是, {{any: [registered_in_prc = 是,
     hte_core_ip_owned = 是]}}]}}}}
  - {{{LINE.format("T-2")}, modality: must, applies_if: champion_new_product = 是, test: lead_product_in_sei = 是}}
  - {{{LINE.format("T-3")}, modality: must, test: hte_standard_setting = 是}}
  - {{{LINE.format("T-4")}, modality: must, test: {{any: [provincial_quality_award = 是, time_honoured_brand = 是]}}}}
  - {{{LINE.format("T-5")}, modality: may, test: truth_statement = 是}}
routes:
  - {{id: all, label: 全部, all_of: [T-1, T-2, T-5]}}
  - {{id: one, label: 任一项, any_of: [T-3, T-4]}}
"""
)
POINTS = (
    HEAD
    + f"""\
gates:
  - {{{LINE.format("T-0")}, modality: must, test: abnormal_list = 否}}
conditions:
  - {{{LINE.format("T-1")}, modality: must, test: hte_standard_setting = 是}}
groups: [{{id: g, label: 甲, max: 12}}, {{id: h, label: 乙}}]
indicators:
  - {{{LINE.format("T-S1")}, group: g, max: 10, choices: [{{when: legal_person = 是, points: 10}},
     {{when: {{any: [registered_in_prc = 是, hte_core_ip_owned = 是]}}, points: 6}}, {{otherwise: 无, points: 0}}]}}
  - {{{LINE.format("T-S2")}, group: g, max: 6, each: {{points: 3, of: [champion_new_product = 是,
     lead_product_in_sei = 是]}}}}
  - {{{LINE.format("T-S3")}, group: h, max: 4, choices: [{{when: time_honoured_brand = 是, points: 4}},
     {{otherwise: 无, points: 0}}]}}
routes:
  - {{id: points, label: 得分, score: {{total: ">= 13 分", groups: {{h: ">= 2 分"}}}}}}
  - {{id: direct, label: 直接, all_of: [T-1]}}
"""
)
Held = tuple[bool | None, ...]


def asked(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"(\w+) = [是否]", text)))


def completions(held: Held, without: int) -> Iterator[Held]:
    """Every way in which what is missing may turn out, but for one thing that stays missing."""
    yield from product(*(
        (value,) if value is not None or place == without else (True, False) for place, value in enumerate(held)
    ))  # fmt: skip


@pytest.mark.parametrize("text", [ONE_OF_THREE_WAYS, POINTS])
def test_required_and_decisive_are_what_trying_everything_says(text: str, dictionary: Dictionary) -> None:
    pack, names, chance = load_pack(text, dictionary), asked(text), random.Random(11)
    known: dict[Held, Assessment] = {}

    def assessed(held: Held) -> Assessment:
        if held not in known:
            facts = {
                (name, POINT): FactValue(value, "self_declared")
                for name, value in zip(names, held, strict=True)
                if value is not None
            }
            known[held] = evaluate(pack, Subject(facts), application_date=DAY)
        return known[held]

    said: list[tuple[bool, bool]] = []
    for _ in range(400):
        held: Held = tuple(chance.choice((True, True, False, None, None)) for _ in names)
        found = assessed(held)
        if found.verdict is not Verdict.UNKNOWN:
            continue
        necessity = Necessity(found)
        for place, name in enumerate(names):
            missing = next((each for each in found.missing if each.fact_id == name), None)
            if missing is None:  # it is there, or its line does not apply
                continue
            rest = list(completions(held, place))
            required = all(assessed(each).verdict is not Verdict.ELIGIBLE for each in rest)
            turned = ([(*each[:place], value, *each[place + 1 :]) for value in (True, False)] for each in rest)
            matters = any(assessed(one).verdict is not assessed(other).verdict for one, other in turned)
            assert necessity.required([key_of(missing)]) is required, (held, name)
            told = necessity.matters([key_of(missing)])
            if text is POINTS and told and not matters:
                continue  # it moves points that are open, too few of them to tip the scale
            assert told is matters, (held, name)
            said.append((required, matters))
    assert set(said) == {(True, True), (False, True), (False, False)}, "each of them comes up"


@pytest.mark.parametrize("stem", STEMS)
def test_of_shipped_packs_nothing_is_called_required_or_idle_against_the_evaluator(
    stem: str, shipped: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    """One missing fact is supplied: the verdict stays where it cannot matter. All others are: nothing is reached where
    it is required."""
    pack, chance = shipped[stem], random.Random(stem)
    awkward = Awkward(pack, dictionary, DAY, chance)
    tried = 0
    for at in range(200):
        if at >= 25 and tried:
            break
        row, other = awkward.row(), awkward.row()
        try:
            subject, donor = subject_of(row, sizes, DAY), subject_of(other, sizes, DAY)
            found = evaluate(pack, subject, application_date=DAY, kind=pack.kinds[0])
            tried += _hold(pack, found, subject, donor)
        except FactUnreadable:
            continue
    asks = bool(awkward.refs or awkward.facts)  # some local packs only say that the document gives no rule
    assert bool(tried) is asks


def _hold(pack: Pack, found: Assessment, subject: Subject, donor: Subject) -> int:
    if found.verdict not in OPEN:
        return 0
    necessity, tried = Necessity(found), 0
    facts = [
        each
        for each in found.missing
        if each.kind == "fact" and (each.fact_id, each.fiscal_year) in donor.facts.keys() - subject.facts.keys()
    ]
    supplied = {(each.fact_id, each.fiscal_year): donor.facts[(each.fact_id, each.fiscal_year)] for each in facts}
    for each in facts:
        place = (each.fact_id, each.fiscal_year)
        keys = [key_of(one) for one in found.missing if (one.fact_id, one.fiscal_year) == place]
        tried += 1
        if not necessity.matters(keys):
            one = replace(subject, facts={**subject.facts, place: supplied[place]})
            again = evaluate(pack, one, application_date=DAY, kind=pack.kinds[0])
            assert again.verdict is found.verdict, place
        if necessity.required(keys):
            rest = {key: value for key, value in supplied.items() if key != place}
            all_but_one = replace(subject, facts={**subject.facts, **rest})
            again = evaluate(pack, all_but_one, application_date=DAY, kind=pack.kinds[0])
            assert again.verdict is not Verdict.ELIGIBLE, place
    return tried
