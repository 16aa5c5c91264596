"""The logic of conditions: three values and manual review (A-36)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.status import Status, all_of, any_of, opposite

LIVE = (Status.MET, Status.UNMET, Status.UNKNOWN, Status.MANUAL_REVIEW)
statuses = st.lists(st.sampled_from(LIVE), max_size=6)


def test_a36_and_takes_unmet_then_unknown_then_manual_review() -> None:
    assert all_of(LIVE) is Status.UNMET
    assert all_of([Status.MET, Status.MANUAL_REVIEW, Status.UNKNOWN]) is Status.UNKNOWN
    assert all_of([Status.MET, Status.MANUAL_REVIEW]) is Status.MANUAL_REVIEW
    assert all_of([Status.MET]) is Status.MET


def test_a36_or_takes_met_then_unknown_then_manual_review() -> None:
    assert any_of(LIVE) is Status.MET
    assert any_of([Status.UNMET, Status.MANUAL_REVIEW, Status.UNKNOWN]) is Status.UNKNOWN
    assert any_of([Status.UNMET, Status.MANUAL_REVIEW]) is Status.MANUAL_REVIEW
    assert any_of([Status.UNMET]) is Status.UNMET


def test_what_is_not_applicable_does_not_count() -> None:
    assert all_of([Status.NOT_APPLICABLE, Status.UNKNOWN]) is Status.UNKNOWN
    assert any_of([Status.NOT_APPLICABLE, Status.UNMET]) is Status.UNMET
    assert all_of([]) is Status.MET
    assert any_of([]) is Status.UNMET


@settings(deadline=None)
@given(statuses, statuses, statuses)
def test_and_and_or_are_associative_and_commutative(a: list[Status], b: list[Status], c: list[Status]) -> None:
    for join in (all_of, any_of):
        assert join([join(a + b), *c]) is join([*a, join(b + c)]) is join(c + a + b)


@settings(deadline=None)
@given(statuses)
def test_and_and_or_mirror_each_other(found: list[Status]) -> None:
    assert opposite(all_of(found)) is any_of([opposite(each) for each in found])


@settings(deadline=None)
@given(statuses, st.lists(st.sampled_from(LIVE), min_size=6, max_size=6))
def test_filling_what_is_unknown_never_turns_a_decided_result(found: list[Status], filling: list[Status]) -> None:
    filled = [filling[i] if each is Status.UNKNOWN else each for i, each in enumerate(found)]
    for join in (all_of, any_of):
        before = join(found)
        assert before is Status.UNKNOWN or join(filled) is before
