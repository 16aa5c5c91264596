"""How the parts of a test are put together on one line."""

from __future__ import annotations

from rulebook.criteria import AllOf, AnyOf, LeftOpen, Review
from rulebook.requirement import joined, leaves, offers_a_choice

A, B, C = (LeftOpen(each) for each in "甲乙丙")


def test_all_parts_are_listed_and_alternatives_are_told_as_such() -> None:
    assert joined(AllOf((A, B)), ["甲", "乙"]) == "甲；乙"
    assert joined(AnyOf((A, B)), ["甲", "乙"]) == "满足其一：甲；或乙"
    assert joined(AllOf((A, AnyOf((B, C)))), ["甲", "乙", "丙"]) == "甲；（满足其一：乙；或丙）"
    assert joined(AnyOf((A, AllOf((B, C)))), ["甲", "乙", "丙"]) == "满足其一：甲；或（乙，且丙）"
    assert joined(Review(AnyOf((A, B))), ["甲", "乙"]) == "满足其一：甲；或乙"


def test_of_what_must_all_hold_only_what_is_asked_is_told_and_of_alternatives_all() -> None:
    test = AllOf((A, AnyOf((B, C))))
    assert joined(test, ["甲", "乙", "丙"], lambda place: place == 0) == "甲"
    assert joined(test, ["甲", "乙", "丙"], lambda place: place == 2) == "满足其一：乙；或丙"


def test_the_same_words_are_told_once() -> None:
    assert joined(AnyOf((A, B)), ["甲", "甲"]) == "甲"
    assert joined(AllOf((A, B, C)), ["甲", "乙", "甲"]) == "甲；乙"


def test_a_choice_is_seen_wherever_it_stands() -> None:
    assert offers_a_choice(AllOf((A, Review(AnyOf((B, C))))))
    assert not offers_a_choice(AllOf((A, AnyOf((B,)))))
    assert (leaves(None), leaves(A), leaves(AllOf((A, AnyOf((B, C)))))) == (0, 1, 3)
