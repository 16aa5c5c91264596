"""Every line with a result shows the values it was decided on, with source and age, and none is decided on nothing."""

import random
from datetime import date

import pytest

from rulebook.assessment import ConditionResult
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.size_table import SizeTable
from rulebook.standing import PLAN
from rulebook.status import Status
from rulebook.subject import FactValue, Subject, Title
from services.eligibility.domain.subjects import subject_of
from tests.unit.rulebook.conftest import PACK, POLICIES, refused
from tests.unit.rulebook.populations import Awkward

DAY = date(2026, 6, 1)
STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))
NOTHING_KNOWN = {"未知", "资料不足", ""}
ACCEPTED = (Status.MET, Status.UNMET)


def decided_without_a_value(line: ConditionResult) -> bool:
    decisive = [each for each in line.checks if each.status is line.status and each.label != PLAN]
    return bool(decisive) and (not line.inputs or any(each.value in NOTHING_KNOWN for each in decisive))


@pytest.mark.parametrize("stem", STEMS)
def test_a_line_with_a_result_shows_what_it_was_decided_on(
    stem: str, shipped: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    pack, chance = shipped[stem], random.Random(stem)
    awkward = Awkward(pack, dictionary, DAY, chance)
    seen: set[Status] = set()
    for _ in range(60):
        try:
            found = evaluate(pack, subject_of(awkward.row(), sizes, DAY), application_date=DAY, kind=pack.kinds[0])
        except FactUnreadable:
            continue
        for line in found.conditions:
            if line.status in ACCEPTED:
                seen.add(line.status)
                assert not decided_without_a_value(line), (line.id, line.checks, line.inputs)
            for each in line.inputs:
                assert each.display
                assert each.source_label not in ("", each.source)
                assert each.age
    asks = bool(awkward.refs or awkward.facts)
    assert Status.UNMET in seen or not asks


def sized(held: dict[tuple[str, int], FactValue], sizes: SizeTable, dictionary: Dictionary) -> ConditionResult:
    text = PACK.replace("test: revenue_yuan[t] >= 100 万元", "test: {size: [中型, 小型, 微型]}")
    inputs = {
        "industry_code": "C3911",
        "facts": {
            fact_id: {str(year): {"value": value.value, "source": value.source, "as_of": "2025-12-31"}}
            for (fact_id, year), value in held.items()
        },
        "titles": [],
        "titles_known": True,
    }
    subject = subject_of(inputs, sizes, DAY)
    return evaluate(load_pack(text, dictionary), subject, application_date=DAY).condition("T-1")


def test_a_size_class_that_is_not_settled_says_which_are_possible_and_from_what(
    sizes: SizeTable, dictionary: Dictionary
) -> None:
    """A26: 999 persons cannot make a large industrial enterprise, whatever its revenue."""
    found = sized({("headcount", 2025): FactValue("999", "audit_report")}, sizes, dictionary)
    assert (found.status, found.value) == (Status.MET, "中型、小型或微型")
    assert [(each.period_label, each.display, each.source_label, each.age) for each in found.inputs] == [
        ("所属行业", "C3911", "企业登记信息", "数据日期不详"),
        ("2025年期末从业人员", "999 人", "审计报告", "5 个月前的数据"),
    ]


def test_a_size_class_of_which_nothing_is_known_decides_nothing(sizes: SizeTable, dictionary: Dictionary) -> None:
    found = sized({}, sizes, dictionary)
    assert (found.status, found.value) == (Status.UNKNOWN, "资料不足")
    assert {each.label for each in found.missing} == {"2025年期末从业人员", "2025年营业收入"}


def test_a_size_test_that_everybody_passes_is_refused(dictionary: Dictionary) -> None:
    """It would be met by an enterprise whose size is not known."""
    text = PACK.replace("test: revenue_yuan[t] >= 100 万元", "test: {size: [大型, 中型, 小型, 微型]}")
    assert refused(dictionary, text) == [(16, "always-met")]


def test_a_title_is_shown_with_the_ledger_and_its_date(dictionary: Dictionary) -> None:
    text = PACK.replace("test: revenue_yuan[t] >= 100 万元", "test: {holds: [high_tech]}")
    pack = load_pack(text, dictionary)
    held = Title("high_tech", "valid", date(2024, 5, 1), date(2027, 4, 30))
    found = evaluate(pack, Subject({}, (held,)), application_date=DAY).condition("T-1")
    [shown] = found.inputs
    assert (shown.display, shown.source_label) == ("高新技术企业（有效期至 2027-04-30）", "称号台账")
    assert (shown.as_of, shown.age) == (date(2024, 5, 1), "2 年前的数据")
    [none] = evaluate(pack, Subject({}, ()), application_date=DAY).condition("T-1").inputs
    assert (none.period_label, none.display) == ("称号台账（高新技术企业）", "无")
    unseen = evaluate(pack, Subject({}, None), application_date=DAY).condition("T-1")
    assert (unseen.status, unseen.inputs) == (Status.UNKNOWN, ()), "nobody looked"
