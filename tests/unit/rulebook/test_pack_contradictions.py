"""What can never be met is refused: alone, together with another condition, and in a circle of titles."""

import pytest

from rulebook.contradictions import problems_together
from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid, load_pack
from rulebook.pack import Pack

LINE = "    test: revenue_yuan[t] >= 100 万元\n"
GATE = """\
gates:
  - id: T-0
    label: 门槛
    clause: 第〇条
    quote: 原文〇
    evidence: V
    modality: must
    test: {gate}
conditions:
"""


def problems(text: str, dictionary: Dictionary) -> list[tuple[int, str]]:
    with pytest.raises(PackInvalid) as refused:
        load_pack(text, dictionary)
    return [(each.line, each.code) for each in refused.value.problems]


@pytest.mark.parametrize(
    "test",
    [
        '{all: ["revenue_yuan[t] >= 100 万元", "revenue_yuan[t] < 1000000 元"]}',
        '{all: ["headcount[t] > 2 人", "headcount[t] < 3 人"]}',
        "{all: [legal_person = 是, legal_person = 否]}",
        "{all: [{size: [大型]}, {any: [{size: [小型]}, {size: [微型]}]}]}",
        "{all: [{holds: [tech_sme]}, {holds_none: [tech_sme, high_tech]}]}",
        "{all: [{some: accidents, where: {kind: [quality]}}, {none: accidents}]}",
        '{review: {all: ["revenue_yuan[t] > 5 亿元", "revenue_yuan[t] <= 4 亿元"]}}',
    ],
)
def test_a_condition_that_contradicts_itself_is_refused(pack_text: str, dictionary: Dictionary, test: str) -> None:
    assert problems(pack_text.replace(LINE, f"    test: {test}\n"), dictionary) == [(10, "contradiction")]


@pytest.mark.parametrize(
    "test",
    [
        '{all: ["revenue_yuan[t] >= 100 万元", "revenue_yuan[t] <= 1000000 元"]}',
        '{all: ["revenue_yuan[t] >= 100 万元", "revenue_yuan[t-1] < 100 万元"]}',
        '{any: ["revenue_yuan[t] >= 100 万元", "revenue_yuan[t] < 50 万元"]}',
        "{all: [{some: accidents, where: {kind: [quality]}}, {none: accidents, where: {kind: [tax_evasion]}}]}",
        "{all: [{holds: [tech_sme, high_tech]}, {holds_none: [tech_sme]}]}",
    ],
)
def test_what_can_be_met_passes(pack_text: str, dictionary: Dictionary, test: str) -> None:
    assert load_pack(pack_text.replace(LINE, f"    test: {test}\n"), dictionary)


def test_a_gate_and_a_condition_that_exclude_each_other_are_refused_once(
    pack_text: str, dictionary: Dictionary
) -> None:
    text = pack_text.replace("conditions:\n", GATE.format(gate='"revenue_yuan[t] < 50 万元"'))
    assert problems(text, dictionary) == [(18, "contradiction")]
    assert load_pack(text.replace("< 50 万元", "< 500 万元"), dictionary)
    soft = text.replace('modality: must\n    test: "rev', 'modality: should\n    test: "rev')
    assert load_pack(soft, dictionary), "a line that only remarks blocks nobody"


def test_a_premise_that_can_never_hold_is_refused(pack_text: str, dictionary: Dictionary) -> None:
    premise = '    applies_if: {all: ["headcount[t] >= 10 人", "headcount[t] < 5 人"]}\n'
    assert problems(pack_text.replace(LINE, LINE + premise), dictionary) == [(10, "contradiction")]


def test_a_new_applicant_cannot_be_asked_for_the_title_itself(pack_text: str, dictionary: Dictionary) -> None:
    text = pack_text.replace(LINE, "    test: {holds: [innovative_sme]}\n")
    assert problems(text, dictionary) == [(10, "contradiction")]
    assert load_pack(text.replace("kinds: [new, review]", "kinds: [review]"), dictionary)
    assert load_pack(text.replace("[innovative_sme]}", "[innovative_sme, tech_sme]}"), dictionary)


def test_two_packs_of_one_title_and_day_are_found(pack_text: str, dictionary: Dictionary) -> None:
    first, other = load_pack(pack_text, dictionary), load_pack(pack_text.replace("test-pack", "other"), dictionary)
    assert [each.code for each in problems_together([first, other])] == ["collision"]
    later = load_pack(pack_text.replace("test-pack", "later").replace("2026-01-01", "2026-02-01"), dictionary)
    assert problems_together([first, later]) == ()


def test_the_shipped_packs_contradict_nothing(shipped: dict[str, Pack]) -> None:
    assert problems_together(list(shipped.values())) == ()
