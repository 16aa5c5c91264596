"""The lines named for a flip are those that hold the lower verdict back and not the higher one."""

from collections.abc import Callable
from datetime import date

import pytest

from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.flips import Cause, causes
from rulebook.loader import load_pack
from rulebook.subject import Subject

DAY = date(2026, 6, 30)
SECOND = """\
  - {id: T-2, label: 条件二, clause: 第二条, quote: 原文二, evidence: V, modality: must, test: legal_person = 是}
routes:
"""


@pytest.fixture
def flipped(dictionary: Dictionary) -> Callable[[str, str, Subject], tuple[Cause, ...]]:
    """The causes from one pack to another; found the other way round too, with the sides exchanged."""

    def found(before: str, after: str, subject: Subject) -> tuple[Cause, ...]:
        one, other = (
            evaluate(load_pack(text, dictionary), subject, application_date=DAY, kind="new") for text in (before, after)
        )
        assert one.verdict is not other.verdict
        there, back = causes(one, other), causes(other, one)
        assert [(each.id, each.before, each.after) for each in there] == [
            (each.id, each.after, each.before) for each in back
        ]
        return there

    return found


def test_a_threshold_that_is_no_longer_reached(
    flipped: Callable[..., tuple[Cause, ...]], pack_text: str, subject: Callable[..., Subject]
) -> None:
    held = subject({"revenue_yuan": {2025: "150 万元"}, "legal_person": "是"})
    (cause,) = flipped(pack_text, pack_text.replace("100 万元", "200 万元"), held)
    assert (cause.what, cause.id, cause.clause) == ("condition", "T-1", "第一条")
    assert cause.before is not None
    assert cause.after is not None
    assert (cause.before.status, cause.before.threshold) == ("met", "≥100 万元")
    assert (cause.after.status, cause.after.threshold, cause.after.value) == ("unmet", "≥200 万元", "150.00 万元")


def test_a_condition_that_is_new(
    flipped: Callable[..., tuple[Cause, ...]], pack_text: str, subject: Callable[..., Subject]
) -> None:
    after = pack_text.replace("routes:\n", SECOND).replace("[T-1]", "[T-1, T-2]")
    held = subject({"revenue_yuan": {2025: "150 万元"}, "legal_person": "否"})
    (cause,) = flipped(pack_text, after, held)
    assert (cause.id, cause.before) == ("T-2", None)


def test_what_fails_under_both_is_not_named(
    flipped: Callable[..., tuple[Cause, ...]], pack_text: str, subject: Callable[..., Subject]
) -> None:
    """Two ways: the one that was open closes, the other one had been closed all along."""
    ways = pack_text.replace("routes:\n", SECOND) + "  - {id: other, label: 另一条, all_of: [T-2]}\n"
    held = subject({"revenue_yuan": {2025: "150 万元"}, "legal_person": "否"})
    found = flipped(ways, ways.replace("100 万元", "200 万元"), held)
    assert [each.id for each in found] == ["T-1"]


def test_a_way_that_is_gone(
    flipped: Callable[..., tuple[Cause, ...]], pack_text: str, subject: Callable[..., Subject]
) -> None:
    ways = pack_text.replace("routes:\n", SECOND) + "  - {id: other, label: 另一条, all_of: [T-2]}\n"
    after = ways.replace("  - {id: other, label: 另一条, all_of: [T-2]}\n", "").replace("[T-1]", "[T-1, T-2]")
    held = subject({"revenue_yuan": {2025: "50 万元"}, "legal_person": "是"})
    found = flipped(ways, after, held)
    assert [(each.what, each.id) for each in found] == [("route", "other")]


def test_points_name_the_threshold_and_the_indicators_that_earn_less(
    flipped: Callable[..., tuple[Cause, ...]], scored_text: str, subject: Callable[..., Subject]
) -> None:
    held = subject({"revenue_yuan": {2025: "100 万元"}, "rd_expense_yuan": {2025: "5 万元"}})
    found = flipped(scored_text, scored_text.replace("5%", "6%"), held)
    assert [(each.what, each.id) for each in found] == [("score", "score:评价得分"), ("indicator", "T-S1")]
    assert found[1].before is not None
    assert found[1].after is not None
    assert (found[1].before.threshold, found[1].after.threshold) == ("20 分", "10 分")
