"""Whatever a pack can say, the gap planner has an answer to: an edit, or that people decide."""

from dataclasses import fields

from rulebook.pack import Indicator
from rulebook.plan_forms import FORMS, left_to_people
from rulebook.plan_walk import MEASURE_FORMS, TEST_FORMS

SCORED_BY = {
    "measure", "bands", "better_of",  # plan_walk.scales_of
    "choices", "each", "each_points",  # plan_walk.tests_scoring
    "grades", "expert",  # experts decide: the plan leaves the range open and says so
}  # fmt: skip
BESIDE = {"line", "group", "maximum", "only_sources", "effort"}
MEASURES = {"Ref", "Share", "Growth", "Total", "DaysSince"}
LEFT_TO_PEOPLE = {"LeftOpen", "InPlan"}


def test_every_form_of_test_has_a_remedy_or_is_left_to_people() -> None:
    assert set(FORMS) == set(TEST_FORMS), "add the form to rulebook/plan_forms.py"
    assert {form.__name__ for form, close in FORMS.items() if close is left_to_people} == LEFT_TO_PEOPLE


def test_every_measure_has_levers() -> None:
    assert {each.__name__ for each in MEASURE_FORMS} == MEASURES, "see plan_steps.levers, and plan_forms for dates"


def test_every_way_to_score_is_known_to_the_planner() -> None:
    assert {each.name for each in fields(Indicator)} == SCORED_BY | BESIDE, "see plan_walk and plan_score"
