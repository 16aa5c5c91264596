"""The columnar evaluator where no generated row goes: no ledger, no size, unreadable values, the edges of exactness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from rulebook.columnar import compile_pack
from rulebook.columnar_codes import NOT_JUDGED, day_number, ordinals
from rulebook.columnar_frame import Frame
from rulebook.columnar_measures import _mean, _Quotient
from rulebook.columnar_population import LARGEST, Population
from rulebook.columnar_result import RowsNotHeld
from rulebook.columnar_rows import Needs, population_of, populations, scaled_figure
from rulebook.dictionary import Dictionary
from rulebook.evaluate import KindNotServed, evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.size_table import SizeTable
from rulebook.status import Verdict
from rulebook.subject import Subject
from services.eligibility.domain.subjects import subject_of
from tests.unit.rulebook.populations import Row, differences

DAY = date(2026, 6, 30)
INNOVATIVE = "miit-63-2022-innovative"


def row(facts: dict[str, dict[str, Any]] | None = None, **given: Any) -> Row:
    held = {
        fact_id: {year: {"value": value, "source": "import"} for year, value in years.items()}
        for fact_id, years in (facts or {}).items()
    }
    return {"industry_code": "C3911", "facts": held, "titles": [], "titles_known": True} | given


@pytest.fixture
def simple(pack_text: str, dictionary: Dictionary) -> Pack:
    """Revenue of 100 万元 or more, and nothing else."""
    return load_pack(pack_text, dictionary)


def revenue(value: object) -> Row:
    return row({"revenue_yuan": {"2025": value}})


def judged(pack: Pack, rows: list[Row], dictionary: Dictionary, sizes: SizeTable, *, traceable: bool = True) -> Any:
    compiled = compile_pack(pack)
    needs = Needs.of([compiled], DAY, dictionary)
    subject = (lambda one: subject_of(one, sizes, DAY)) if traceable else None
    return compiled.evaluate(population_of(rows, needs, DAY, sizes=sizes, subject=subject), DAY)


def test_a_ledger_nobody_looked_at_and_a_size_nobody_classified(packs: dict[str, Pack]) -> None:
    pack = packs[INNOVATIVE]
    result = compile_pack(pack).evaluate(Population(1), DAY)
    nothing = evaluate(pack, Subject({}), application_date=DAY)
    assert differences(result, 0, nothing) == []


def test_a_figure_too_large_or_too_fine_for_a_column_is_traced(
    simple: Pack, dictionary: Dictionary, sizes: SizeTable
) -> None:
    rows = [revenue(value) for value in ("999999.99", "1000000.00", f"{LARGEST}.00", "999999.999", "1E+3")]
    result = judged(simple, rows, dictionary, sizes)
    assert [result.verdict_of(each) for each in range(5)] == [
        Verdict.NOT_ELIGIBLE,
        Verdict.ELIGIBLE,
        Verdict.ELIGIBLE,
        Verdict.NOT_ELIGIBLE,
        Verdict.NOT_ELIGIBLE,
    ]
    assert result.traced == 2, "1E+3 is a thousand yuan and fits"


def test_rows_that_have_to_be_traced_are_not_guessed(simple: Pack, dictionary: Dictionary, sizes: SizeTable) -> None:
    with pytest.raises(RowsNotHeld, match="有 1 户须逐户测算"):
        judged(simple, [revenue("999999.999"), revenue("1.00")], dictionary, sizes, traceable=False)


def test_an_unreadable_value_spoils_its_own_row_only(
    packs: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    bad = row({"ip_class1_count": {"0": "many"}})
    result = judged(packs[INNOVATIVE], [row(), bad, row()], dictionary, sizes)
    assert set(result.unreadable) == {1}
    assert isinstance(result.unreadable[1], FactUnreadable)
    assert (result.verdict == NOT_JUDGED).tolist() == [False, True, False]


def test_a_kind_without_rules_is_refused(simple: Pack) -> None:
    with pytest.raises(KindNotServed):
        compile_pack(replace(simple, kinds=("new",))).evaluate(Population(1), DAY, "review")


def test_a_line_that_does_not_apply_opens_no_way(pack_text: str, dictionary: Dictionary, sizes: SizeTable) -> None:
    """No shipped pack offers such a line among others of which one is enough."""
    second = """\
  - id: T-2
    label: 条件二
    clause: 第二条
    quote: 原文二
    evidence: V
    modality: must
    applies_if: headcount[t] >= 10 人
    test: revenue_yuan[t] >= 1 元
routes:
"""
    pack = load_pack(pack_text.replace("routes:\n", second).replace("all_of: [T-1]", "any_of: [T-1, T-2]"), dictionary)
    rows = [row({"revenue_yuan": {"2025": "5.00"}, "headcount": {"2025": people}}) for people in (9, 10)]
    result = judged(pack, rows, dictionary, sizes)
    assert [result.verdict_of(each) for each in range(2)] == [Verdict.NOT_ELIGIBLE, Verdict.ELIGIBLE]
    for position, each in enumerate(rows):
        assert differences(result, position, evaluate(pack, subject_of(each, sizes, DAY), application_date=DAY)) == []


def test_one_row_is_explained_on_demand(simple: Pack, dictionary: Dictionary, sizes: SizeTable) -> None:
    result = judged(simple, [revenue("1.00"), revenue("2000000.00")], dictionary, sizes)
    assert result.explain(1).condition("T-1").value == "200.00 万元"
    assert [each.label for each in result.missing_of(0)] == []


def test_a_stream_of_rows_is_held_one_chunk_at_a_time(simple: Pack, dictionary: Dictionary, sizes: SizeTable) -> None:
    taken = 0

    def stream() -> Iterator[Row]:
        nonlocal taken
        for _ in range(10):
            taken += 1
            yield revenue("1000000.00")

    needs = Needs.of([compile_pack(simple)], DAY, dictionary)
    seen = []
    for population in populations(stream(), needs, DAY, sizes=sizes, chunk=4):
        seen.append((population.size, taken))
    assert seen == [(4, 4), (4, 8), (2, 10)]


@pytest.mark.parametrize("text", ["-0.50", "12.345", "1_0", "-", ".", ".5", "1e3", "NaN", "Infinity", "", "１２"])
def test_a_text_is_the_same_number_in_columns_as_for_the_traced_evaluator(text: str) -> None:
    found = scaled_figure(text, 2)
    try:
        exact = Decimal(text)
    except ArithmeticError:
        assert found is None
        return
    fits = exact.is_finite() and exact * 100 == int(exact * 100)
    assert found == (int(exact * 100) if fits else None)


def test_shares_are_exact_at_the_largest_figures_and_the_finest_thresholds() -> None:
    frame = Frame(Population(3), 0, 3, DAY, "new")
    whole = np.array([LARGEST - 8.0] * 3)
    for edge in (Fraction(3, 100), Fraction(1, 4096), Fraction(12_347, 100_003)):
        exact = edge * int(whole[0])
        part = np.array([float(exact.__ceil__() + step) for step in (-1, 0, 1)])
        held = _Quotient(frame, part, whole, LARGEST).at_least(edge)
        assert held.tolist() == [Fraction(int(each), int(whole[0])) >= edge for each in part]
    assert frame.traced is None or not frame.traced.any()


def test_a_product_that_could_leave_64_bits_goes_to_the_traced_evaluator() -> None:
    frame = Frame(Population(2), 0, 2, DAY, "new")
    order = _Quotient(frame, np.array([1.0, 2.0**44]), np.array([1.0, 2.0**44]), LARGEST)
    order.at_least(Fraction(10**12 + 1, 10**12))
    assert frame.traced is not None
    assert frame.traced.tolist() == [False, True]


def test_mean_growth_is_decided_with_whole_numbers_where_doubles_cannot() -> None:
    """10 % exactly, and above it by one part in 10²⁷: the quotients as doubles add up to the same."""
    middle = 3 * 10**13
    last = np.array([121 * 10**11, 6 * middle // 5 - 1], np.float64)
    order = _mean(last, np.array([11 * 10**12, middle], np.float64), np.array([10**13, middle - 1], np.float64))
    assert order.total[0] == order.total[1]
    assert order.at_least(Fraction(1, 10)).tolist() == [True, True]
    assert order.above(Fraction(1, 10)).tolist() == [False, True]


def test_days_between_dates_are_those_of_the_calendar() -> None:
    days = [date(1999, 12, 31), date(2000, 2, 28), date(2000, 2, 29), date(2000, 3, 1), date(2024, 2, 29), DAY]
    numbers = np.array([day_number(each.year, each.month, each.day) for each in days], np.int32)
    assert np.diff(ordinals(numbers)).tolist() == np.diff([each.toordinal() for each in days]).tolist()
