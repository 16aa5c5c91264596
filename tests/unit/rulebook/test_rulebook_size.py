"""The size class against the table of the rulebook, written here a second time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid
from rulebook.size import classify
from rulebook.size_table import SizeTable, load_size_table

# X persons, Y revenue in 万元, Z assets in 万元: (large, medium, small)
ROWS = {
    "0111": {"Y": (20000, 500, 50)},
    "3911": {"X": (1000, 300, 20), "Y": (40000, 2000, 300)},
    "0610": {"X": (1000, 300, 20), "Y": (40000, 2000, 300)},
    "4411": {"X": (1000, 300, 20), "Y": (40000, 2000, 300)},
    "4710": {"Y": (80000, 6000, 300), "Z": (80000, 5000, 300)},
    "5111": {"X": (200, 20, 5), "Y": (40000, 5000, 1000)},
    "5211": {"X": (300, 50, 10), "Y": (20000, 500, 100)},
    "5430": {"X": (1000, 300, 20), "Y": (30000, 3000, 200)},
    "5920": {"X": (200, 100, 20), "Y": (30000, 1000, 100)},
    "6010": {"X": (1000, 300, 20), "Y": (30000, 2000, 100)},
    "6110": {"X": (300, 100, 10), "Y": (10000, 2000, 100)},
    "6210": {"X": (300, 100, 10), "Y": (10000, 2000, 100)},
    "6311": {"X": (2000, 100, 10), "Y": (100000, 1000, 100)},
    "6513": {"X": (300, 100, 10), "Y": (10000, 1000, 50)},
    "7010": {"Y": (200000, 1000, 100), "Z": (10000, 5000, 2000)},
    "7020": {"X": (1000, 300, 100), "Y": (5000, 1000, 500)},
    "7211": {"X": (300, 100, 10), "Z": (120000, 8000, 100)},
    "7320": {"X": (300, 100, 10)},
}
LEVELS = ("large", "medium", "small", "micro")


def figures(values: dict[str, Decimal]) -> tuple[int | None, Decimal | None, Decimal | None]:
    people = values.get("X")
    revenue, assets = (None if (each := values.get(key)) is None else each * 10000 for key in "YZ")
    return (None if people is None else int(people)), revenue, assets


@pytest.mark.parametrize("code", ROWS)
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a26_each_lower_bound_belongs_to_its_class_and_one_step_below_to_the_next(
    sizes: SizeTable, code: str, level: int
) -> None:
    bounds = {key: Decimal(values[level]) for key, values in ROWS[code].items()}
    assert classify(sizes, code, *figures(bounds)).size == LEVELS[level]
    for key in bounds:
        step = Decimal(1) if key == "X" else Decimal("0.000001")
        below = bounds | {key: bounds[key] - step}
        assert classify(sizes, code, *figures(below)).size == LEVELS[level + 1], key


def test_the_table_has_sixteen_rows(sizes: SizeTable) -> None:
    assert len(sizes.rows) == 16
    assert len({row for code in ROWS for row in [classify(sizes, code, 0, Decimal(0), Decimal(0)).row]}) == 16


def test_each_row_carries_the_grade_of_its_weakest_figure(sizes: SizeTable) -> None:
    grades = {row.id: row.evidence for row in sizes.rows}
    assert grades == {f"划型-{number}": "M(97)" if number >= 14 else "V" for number in range(1, 17)}


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("B0610", "划型-2"), ("C1311", "划型-2"), ("C4390", "划型-2"), ("D4610", "划型-2"), ("E4710", "划型-3"),
        ("G5442", "划型-6"), ("G5632", "划型-6"), ("G5910", "划型-6"), ("G5990", "划型-7"), ("G6010", "划型-8"),
        ("I6319", "划型-11"), ("I6490", "划型-11"), ("K7030", "划型-16"), ("M7510", "划型-16"), ("N7620", "划型-16"),
        ("O8290", "划型-16"), ("Q8521", "划型-16"), ("R9090", "划型-16"),
    ],
)  # fmt: skip
def test_an_industry_belongs_to_the_row_of_the_rulebook(sizes: SizeTable, code: str, row: str) -> None:
    assert classify(sizes, code, 10**6, Decimal(10**15), Decimal(10**15)).row == row


@pytest.mark.parametrize("code", ["G53", "G5310", "G5333", "J6620", "K7040", "P8310", "Q8411", "S9110", "T9700"])
def test_railways_finance_education_health_and_offices_are_in_no_row(sizes: SizeTable, code: str) -> None:
    found = classify(sizes, code, 100, Decimal(1), Decimal(1))
    assert (found.size, found.row, found.missing) == ("unknown", "", ())


maybe_people = st.none() | st.integers(0, 3000)
maybe_money = st.none() | st.integers(0, 2_500_000).map(lambda wan: Decimal(wan) * 10000)
codes = st.none() | st.sampled_from([*ROWS, "C", "39", "59", "70", "G", "5310", "J66", "ZZ", "K70"])


@settings(deadline=None)
@given(codes, maybe_people, maybe_money, maybe_money, st.integers(0, 3000), maybe_money.filter(lambda m: m is not None))
def test_filling_a_missing_figure_never_contradicts_what_was_decided(
    sizes: SizeTable,
    code: str | None,
    people: int | None,
    revenue: Decimal | None,
    assets: Decimal | None,
    other_people: int,
    other_money: Decimal,
) -> None:
    before = classify(sizes, code, people, revenue, assets)
    filled = (
        other_people if people is None else people,
        other_money if revenue is None else revenue,
        other_money if assets is None else assets,
    )
    after = classify(sizes, code, *filled)
    assert after.possible <= before.possible
    assert before.size in ("unknown", after.size)
    assert (before.size == "unknown") == (len(before.possible) > 1)


@settings(deadline=None)
@given(codes.filter(lambda code: code is not None), maybe_people, maybe_money, maybe_money)
def test_a_missing_figure_is_named_exactly_when_it_could_matter(
    sizes: SizeTable, code: str, people: int | None, revenue: Decimal | None, assets: Decimal | None
) -> None:
    found = classify(sizes, code, people, revenue, assets)
    held = {"headcount": people, "revenue_yuan": revenue, "total_assets_yuan": assets}
    assert all(held.get(fact) is None for fact in found.missing)
    if found.size != "unknown":
        assert found.missing == ()


def test_an_unknown_class_can_still_rule_out_large(sizes: SizeTable) -> None:
    found = classify(sizes, "3911", 500, None, None)
    assert (found.size, found.possible, found.missing) == (
        "unknown",
        frozenset(("medium", "small", "micro")),
        ("revenue_yuan",),
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("headcount: 300 人, revenue_yuan: 2000 万元", "headcount: 300 人, revenue_yuan: 2000", "unit"),
        ("headcount: 300 人, revenue_yuan: 2000 万元", "headcount: 1300 人, revenue_yuan: 2000 万元", "band-overlap"),
        ("headcount: 300 人, revenue_yuan: 2000 万元", "staff: 300 人, revenue_yuan: 2000 万元", "unknown-fact"),
        ("codes: [47-50]", "codes: [46-50]", "band-overlap"),
        ("codes: [47-50]", "codes: [47-49]", "band-gap"),
        ("codes: [47-50]", "codes: [建筑业]", "number"),
        ("from: 2011-06-18", "from: 2011-06-31", "date"),
        ("    label: 工业\n", "", "missing-label"),
        ("    label: 工业\n    evidence: V\n", "    label: 工业\n    evidence: X\n", "choice"),
        ("    label: 工业\n    evidence: V\n", "    label: 工业\n", "missing-evidence"),
    ],
)
def test_a_mistake_in_the_table_is_refused(
    dictionary: Dictionary, policies: object, old: str, new: str, code: str
) -> None:
    text = (policies / "size-2011-2017.yaml").read_text(encoding="utf-8")  # type: ignore[operator]
    assert old in text
    with pytest.raises(PackInvalid) as refused:
        load_size_table(text.replace(old, new), dictionary)
    assert code in [problem.code for problem in refused.value.problems]
