"""Whose area it is, and who carries least."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notification.domain.areas import normalised, prefix_of, prefixes_of, specificity, touch
from services.notification.domain.balance import Candidate, choose
from services.notification.domain.errors import AreaInvalid


def candidate(code: str, *areas: str, load: int = 0, weight: str = "1") -> Candidate:
    return Candidate(code, areas, load, Decimal(weight))


@pytest.mark.parametrize(
    ("written", "prefix"),
    [("34", "34"), ("340000", "34"), ("341300", "3413"), ("3413", "3413"), ("341302", "341302"), ("110101", "110101")],
)
def test_a_code_of_a_whole_area_is_its_prefix(written: str, prefix: str) -> None:
    assert prefix_of(written) == prefix


@pytest.mark.parametrize("written", ["", "3", "341", "34130", "3413021", "0413", "anhui", "３４"])
def test_what_is_no_division_code_has_no_prefix(written: str) -> None:
    assert prefix_of(written) is None


def test_each_wrong_area_is_named_with_its_place() -> None:
    with pytest.raises(AreaInvalid) as caught:
        normalised(["3413", "宿州", "341"])
    assert [problem.field for problem in caught.value.problems] == ["areas[1]", "areas[2]"]


def test_areas_are_kept_once_and_in_order() -> None:
    assert normalised([" 341302", "341300", "3413", "34"]) == ["34", "3413", "341302"]


def test_a_district_lies_in_its_city_and_province_and_in_no_other() -> None:
    assert prefixes_of("341302") == ["34", "3413", "341302"]
    assert prefixes_of("341300") == ["34", "3413"]
    assert prefixes_of(None) == []
    assert specificity(["34", "3413"], "341302") == 4
    assert specificity(["341303"], "341302") == 0
    assert specificity(["34"], None) == 0


def test_areas_touch_when_one_contains_the_other() -> None:
    assert touch(["341302"], ["3413"])
    assert touch(["34"], ["341302"])
    assert not touch(["341302"], ["341303"])
    assert not touch([], ["34"])


def test_the_most_specific_area_wins_whatever_the_load() -> None:
    chosen = choose([candidate("city", "3413"), candidate("district", "341302", load=99)], "341302")
    assert chosen is not None
    assert chosen.code == "district"


def test_nobody_is_chosen_where_nobody_serves() -> None:
    assert choose([candidate("a", "3413")], "320000") is None
    assert choose([candidate("a", "3413")], None) is None


def test_the_load_counts_by_weight_and_equal_loads_have_a_fixed_order() -> None:
    half = candidate("a-half", "34", load=2, weight="0.5")
    full = candidate("b-full", "34", load=3)
    assert choose([half, full], "341302") == full
    assert choose([candidate("b", "34"), candidate("a", "34")], "341302") == candidate("a", "34")
    assert choose([candidate("a", "34"), candidate("b", "34", weight="2")], "341302") == candidate(
        "b", "34", weight="2"
    )


@settings(deadline=None)
@given(
    weights=st.lists(st.decimals("0.1", "10", places=2), min_size=2, max_size=6),
    enterprises=st.integers(0, 120),
)
def test_loads_stay_within_one_enterprise_per_weight(weights: list[Decimal], enterprises: int) -> None:
    loads = {f"c{number}": 0 for number in range(len(weights))}
    share = dict(zip(loads, weights, strict=True))
    for _ in range(enterprises):
        chosen = choose([Candidate(code, ("34",), load, share[code]) for code, load in loads.items()], "341302")
        assert chosen is not None
        loads[chosen.code] += 1
    assert sum(loads.values()) == enterprises
    lightest = min(Fraction(loads[code]) / Fraction(share[code]) for code in loads)
    for code, load in loads.items():
        if load:
            assert Fraction(load - 1) / Fraction(share[code]) <= lightest
