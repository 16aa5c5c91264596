"""Nothing of the rules model is unknown to the columnar evaluator: what it gains is weighed there too."""

from __future__ import annotations

import dataclasses
from typing import get_args

from rulebook import criteria
from rulebook import pack as model
from rulebook.columnar_judge import TESTS
from rulebook.columnar_measures import MEASURES

WEIGHED = {
    "Document": "number name issuer annex",
    "Line": "id label clause quote evidence document source_line",
    "Term": "start end",
    "Note": "line topic items",
    "LifeCycle": "line years months due",
    "Ref": "fact offset",
    "Share": "part whole",
    "Growth": "at manner",
    "Total": "refs mean since",
    "DaysSince": "fact",
    "RecordTotal": "fact amount where window",
    "Limit": "operator value written",
    "Compare": "measure limit",
    "CompareTotal": "total limit",
    "Equals": "ref value text",
    "FieldTest": "field codes flag limit",
    "Window": "field rolling_days fiscal_years calendar_years text",
    "Entries": "fact forbidden where review_where window text",
    "Holds": "titles forbidden recorded_only",
    "NoBan": "titles years",
    "SizeIn": "sizes facts",
    "Found": "fact",
    "AllOf": "tests",
    "AnyOf": "tests",
    "Review": "test",
    "LeftOpen": "text",
    "InPlan": "until",
    "Condition": "line modality tests only_sources undefined_review_if flag effort applies_if term",
    "Band": "low high points_low points_high text above",
    "Scale": "measure bands",
    "Choice": "test points_low points_high text",
    "Grade": "points_low points_high text",
    "Indicator": (
        "line group maximum measure bands choices only_sources effort better_of each each_points grades expert"
    ),
    "Group": "id label maximum",
    "ScoreRule": "total groups",
    "Route": "id label all_of any_of score",
    "Pack": (
        "id edition title label document terms kinds decision alternatives gates conditions groups indicators routes"
        " notes life_cycle sha256 file area stated"
    ),
}
"""Every field of the model that the columnar evaluator reads, or that was seen to decide nothing (labels, notes)."""


def test_every_kind_of_test_has_a_columnar_form() -> None:
    assert set(get_args(model.Test)) == set(TESTS)


def test_every_kind_of_measure_has_a_columnar_form() -> None:
    assert set(get_args(model.Measure)) == set(MEASURES)


def test_a_field_that_the_model_gains_is_weighed_for_the_columns_too() -> None:
    """When this fails: give the new field its columnar form, see test_columnar_agrees fail without it, list it here."""
    found = {
        name: " ".join(field.name for field in dataclasses.fields(each))
        for module in (criteria, model)
        for name, each in vars(module).items()
        if dataclasses.is_dataclass(each) and each.__module__ == module.__name__
    }
    assert found == WEIGHED
