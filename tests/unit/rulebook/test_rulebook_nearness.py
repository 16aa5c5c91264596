"""How near a title is, read off the assessment; and what differs between two of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from rulebook.compare import differences
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.nearness import Nearness, nearness
from rulebook.pack import Pack
from rulebook.plan import first_step
from rulebook.status import Status
from rulebook.subject import Subject
from tests.unit.rulebook.planning import HOLDS_INNOVATIVE, NEARLY_INNOVATIVE, SPECIALIZED

DAY = date(2026, 6, 30)
Build = Callable[..., Subject]


def near(pack: Pack, who: Subject) -> Nearness:
    return nearness(pack, evaluate(pack, who, application_date=DAY))


def beginning(pack: Pack, who: Subject) -> str:
    """The effort of the plan that the first step comes from."""
    found = first_step(pack, who, DAY, "new")
    assert found is not None
    return found.hardest


def test_a_score_that_falls_short_is_one_line(packs: dict[str, Pack], subject: Build) -> None:
    found = near(packs["miit-63-2022-innovative"], subject(NEARLY_INNOVATIVE))
    assert (found.route, found.open_lines, found.effort) == ("score", 1, "year"), "CX-5 is what people determine"


def test_how_far_a_score_is_short_is_the_worst_of_total_and_groups(packs: dict[str, Pack], subject: Build) -> None:
    pack = packs["miit-63-2022-innovative"]
    found = evaluate(pack, subject(NEARLY_INNOVATIVE), application_date=DAY)
    assert found.score is not None
    demanded = {"total": 60, "innovation": 20, "growth": 15, "specialization": 15}
    reached = {"total": found.score.points.high} | {each.id: each.points.high for each in found.score.groups}
    worst = max((demanded[name] - reached[name]) / demanded[name] for name in demanded if name in reached)
    assert nearness(pack, found).distance == worst.quantize(Decimal("0.0001")) > 0
    nothing = near(pack, subject({}))
    assert nothing.distance == 0, "what is not known may still be reached"


def test_what_is_missing_is_paperwork_and_what_is_unmet_takes_what_its_pack_says(
    packs: dict[str, Pack], subject: Build
) -> None:
    pack = packs["miit-2-2026-specialized"]
    assert near(pack, subject(SPECIALIZED, titles=HOLDS_INNOVATIVE)) == Nearness("standard", 1, "years"), "ZJ26-3"
    without = {name: cells for name, cells in SPECIALIZED.items() if name not in ("rd_expense_yuan", "accidents")}
    assert near(pack, subject(without, titles=HOLDS_INNOVATIVE)) == Nearness("standard", 2, "paperwork")


def test_nothing_open_has_no_effort(packs: dict[str, Pack], subject: Build) -> None:
    enough = SPECIALIZED | {"rd_expense_yuan": {2025: "100 万元", 2024: "100 万元"}}
    found = near(packs["miit-2-2026-specialized"], subject(enough, titles=HOLDS_INNOVATIVE))
    assert found == Nearness("standard", 0, "")


def test_the_first_step_is_what_the_plan_begins_with(packs: dict[str, Pack], subject: Build) -> None:
    pack = packs["miit-2-2026-specialized"]
    who = {name: cells for name, cells in SPECIALIZED.items() if name != "accidents"}
    first = first_step(pack, subject(who, titles=HOLDS_INNOVATIVE), DAY, "new")
    assert first is not None
    assert first.text == "补充事故与违法违规记录（没有的填“无”）（材料：监管部门出具的证明）"
    short = first_step(packs["miit-63-2022-innovative"], subject(NEARLY_INNOVATIVE), DAY, "new")
    assert short is not None
    assert (short.text[:5], short.effort) == ("2026年", "year")


EITHER = """
routes:
  - {id: only, label: 任一项, any_of: [T-1, T-2]}
"""
EQUITY = """
  - id: T-2
    label: 条件二
    clause: 第二条
    quote: 原文二
    evidence: V
    modality: must
    effort: year
    test:
      total: equity_financing.amount_yuan
      where: {registered_investor: 是}
      within: {field: closed_on, fiscal_years: 2}
      limit: ">= 500 万元"
"""


def test_an_unknown_record_has_to_be_obtained_so_the_row_and_its_first_change_agree(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    """Of two alternatives one is short and of the other nothing is known: neither is done by filing papers."""
    conditions, _ = pack_text.split("routes:")
    pack = load_pack(conditions.rstrip() + EQUITY + EITHER, dictionary)
    who = subject({"revenue_yuan": {2025: "90 万元"}})
    assert near(pack, who).effort == beginning(pack, who) == "year"
    nothing = subject({})
    assert near(pack, nothing).effort == "paperwork", "the revenue has only to be looked up"
    assert beginning(pack, nothing) == "paperwork"
    only = load_pack(
        conditions[: conditions.index("  - id: T-1")] + EQUITY[1:] + EITHER.replace("T-1, ", ""), dictionary
    )
    assert near(only, nothing).effort == beginning(only, nothing) == "year"


def test_an_unknown_record_beside_a_figure_that_is_short_is_no_paperwork(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    some = "{some: rd_institutions, where: {recognised: 是}}"
    either = f"{{any: ['revenue_yuan[t] >= 100 万元', '{some}']}}".replace("'{", "{").replace("}'", "}")
    pack = load_pack(
        pack_text.replace("test: revenue_yuan[t] >= 100 万元", f"effort: year\n    test: {either}"), dictionary
    )
    short = subject({"revenue_yuan": {2025: "90 万元"}})
    assert near(pack, short).effort == beginning(pack, short) == "year"
    assert near(pack, subject({"rd_institutions": "无"})).effort == "paperwork"


def test_a_group_that_must_have_points_and_has_none_lacks_all_of_it(
    dictionary: Dictionary, subject: Build, scored_text: str
) -> None:
    pack = load_pack(scored_text.replace('{total: ">= 15 分"}', '{groups: {g: "> 0 分"}}'), dictionary)
    who = subject({"rd_expense_yuan": {2025: "1 万元"}, "revenue_yuan": {2025: "100 万元"}})
    assert near(pack, who).distance == 1


def test_differences_are_the_lines_that_read_differently(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    pack = load_pack(pack_text, dictionary)
    before, after, same = (
        evaluate(pack, subject({"revenue_yuan": {2025: amount}}), application_date=DAY)
        for amount in ("90 万元", "100 万元", "90 万元")
    )
    [found] = differences(before, after)
    assert (found.before.status, found.after.status, found.decided) == (Status.UNMET, Status.MET, True)
    assert differences(before, same) == ()
