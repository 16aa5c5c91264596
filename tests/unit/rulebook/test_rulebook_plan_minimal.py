"""Plans are minimal: held against brute force over subsets of changes and over combinations of bands."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from itertools import chain, combinations

import pytest

from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.plan import plan
from rulebook.plan_days import Days
from rulebook.plan_draft import Draft, Edit, bare
from rulebook.plan_model import Outcome, RoutePlan
from rulebook.plan_search import Search
from rulebook.status import Verdict
from rulebook.subject import Subject

DAY = date(2026, 6, 30)
Build = Callable[..., Subject]


def searched(pack: Pack, who: Subject, found: RoutePlan) -> tuple[Draft, Draft]:
    """(the same day without a change, with the plan's changes), found again step by step."""
    assert found.opportunity is not None
    day = Days(pack, who, DAY, "new", as_of=DAY).on(found.opportunity)
    remedies, start = day.remedies, day.start
    route = next(each for each in pack.routes if each.id == found.route)
    draft = Search(pack, route, "new", remedies, found.opportunity).run(start)
    assert draft is not None
    return start, draft


def reaches(pack: Pack, draft: Draft, edits: tuple[Edit, ...], day: date) -> bool:
    after = bare(draft).with_edits(edits)
    return after is not None and evaluate(pack, after.subject, application_date=day).verdict is Verdict.ELIGIBLE


def proper_subsets(edits: tuple[Edit, ...]) -> Iterator[tuple[Edit, ...]]:
    return chain.from_iterable(combinations(edits, size) for size in range(len(edits)))


TWO_ROUTES = """\
pack: test-brute
edition: "1"
title: innovative_sme
label: 测试包
document: {number: 测试〔2026〕3号, name: 测试办法, issuer: 测试部}
in_force: {from: 2026-01-01}
kinds: [new]
decision: {id: T-A, label: 结论, clause: 一, quote: 同时满足, evidence: V}
conditions:
  - {id: T-1, label: 收入, clause: 一, quote: 一, evidence: V, modality: must, effort: year,
     test: {any: ["revenue_yuan[t] >= 1500 万元", ip_class1_count >= 2 项]}}
  - {id: T-2, label: 研发, clause: 二, quote: 二, evidence: V, modality: must, effort: year,
     test: {all: ["rd_expense_yuan[t] >= 50 万元", "rd_expense_yuan[t] / revenue_yuan[t] >= 3%"]}}
groups: [{id: g, label: 甲}, {id: h, label: 乙}]
indicators:
  - {id: T-S1, label: 研发占比, clause: 三, quote: 三, evidence: V, group: g, max: 20, effort: year,
     measure: "rd_expense_yuan[t] / revenue_yuan[t]",
     bands: [{from: 5%, points: 20}, {from: 3%, to: 5%, points: 10}, {to: 3%, points: 0}]}
  - {id: T-S2, label: 负债率, clause: 四, quote: 四, evidence: V, group: h, max: 20, effort: year,
     measure: "total_liabilities_yuan[t] / total_assets_yuan[t]",
     bands: [{to: 50%, points: 20}, {from: 50%, to: 70%, points: 10}, {from: 70%, points: 0}]}
  - {id: T-S3, label: 知识产权, clause: 五, quote: 五, evidence: V, group: g, max: 20, effort: months,
     choices: [{when: ip_class1_count >= 3 项, points: 20}, {when: ip_class1_count >= 1 项, points: 10},
       {otherwise: 无, points: 0}]}
routes:
  - {id: both, label: 全部, all_of: [T-1, T-2], score: {total: ">= 40 分", groups: {h: ">= 10 分"}}}
"""  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_no_proper_subset_of_the_changes_reaches_the_title(dictionary: Dictionary, subject: Build, seed: int) -> None:
    dice = random.Random(seed)
    pack = load_pack(TWO_ROUTES, dictionary)
    who = subject(
        {
            "revenue_yuan": {2025: f"{dice.randrange(800, 2500)} 万元"},
            "rd_expense_yuan": {2025: f"{dice.randrange(10, 120)} 万元"},
            "total_assets_yuan": {2025: "1000 万元"},
            "total_liabilities_yuan": {2025: f"{dice.randrange(300, 1000)} 万元"},
            "ip_class1_count": dice.randrange(4),
        }
    )
    found = plan(pack, who, DAY).routes[0]
    assert found.outcome is not Outcome.REFUSED
    assert found.opportunity is not None
    assert found.verified is not None
    assert found.verified.verdict is Verdict.ELIGIBLE
    start, draft = searched(pack, who, found)
    assert reaches(pack, start, draft.edits, found.opportunity.day)
    for fewer in proper_subsets(draft.edits):
        assert not reaches(pack, start, fewer, found.opportunity.day), [each.slot for each in fewer]


def test_the_score_is_reached_with_the_least_effort_then_the_least_distance(
    dictionary: Dictionary, subject: Build
) -> None:
    """Against every combination of bands, tried one by one."""
    pack = load_pack(TWO_ROUTES.replace(", all_of: [T-1, T-2]", "").replace(
        TWO_ROUTES[TWO_ROUTES.index("conditions:"):TWO_ROUTES.index("groups: [{id: g")], ""), dictionary)  # fmt: skip
    dice = random.Random(7)
    for _ in range(6):
        rd, debt, ip = dice.randrange(5, 60), dice.randrange(300, 1000), dice.randrange(3)
        who = subject(
            {
                "revenue_yuan": {2026: "1000 万元"}, "rd_expense_yuan": {2026: f"{rd} 万元"},
                "total_assets_yuan": {2026: "1000 万元"}, "total_liabilities_yuan": {2026: f"{debt} 万元"},
                "ip_class1_count": ip,
            }
        )  # fmt: skip
        found = plan(pack, who, date(2027, 12, 31), as_of=date(2026, 6, 30)).routes[0]
        costs = []
        for rd_points, rd_target in ((0, None), (10, 30), (20, 50)):
            for debt_points, debt_target in ((0, None), (10, 700), (20, 500)):
                for ip_points, ip_target in ((0, None), (10, 1), (20, 3)):
                    rd_now = max(rd_points, 20 if rd >= 50 else 10 if rd >= 30 else 0)
                    debt_now = max(debt_points, 20 if debt <= 500 else 10 if debt <= 700 else 0)
                    ip_now = max(ip_points, 20 if ip >= 3 else 10 if ip >= 1 else 0)
                    if rd_now + debt_now + ip_now < 40 or debt_now < 10:
                        continue
                    moved_rd = rd_target is not None and rd_target > rd
                    moved_debt = debt_target is not None and debt_target < debt
                    moved_ip = ip_target is not None and ip_target > ip
                    # the other ways to the same shares (more assets) cost the same class and are no nearer
                    near = Decimal(0)
                    near += Decimal(rd_target - rd) / rd_target if moved_rd and rd_target else 0
                    near += Decimal(debt - debt_target) / debt if moved_debt and debt_target else 0
                    near += Decimal(ip_target - ip) / ip_target if moved_ip and ip_target else 0
                    costs.append((moved_rd + moved_debt, int(moved_ip), near.quantize(Decimal("0.001"))))
        years = sum(each.effort == "year" for each in found.changes)
        months = sum(each.effort == "months" for each in found.changes)
        assert (years, months, found.distance.quantize(Decimal("0.001"))) == min(costs), (rd, debt, ip)
