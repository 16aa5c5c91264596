"""The columnar evaluator says of every row what the traced evaluator says, for every shipped pack."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook import columnar_measures
from rulebook.columnar import compile_pack
from rulebook.columnar_rows import Needs, population_of
from rulebook.columnar_signature import signature_of, signatures_of
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.size_table import SizeTable
from rulebook.subject import Subject
from services.eligibility.domain.subjects import subject_of
from tests.unit.rulebook.conftest import POLICIES
from tests.unit.rulebook.populations import DAYS, Awkward, Row, differences

STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))
ROWS = 30


def disagreements(
    pack: Pack, dictionary: Dictionary, sizes: SizeTable, seed: int, day: date, kind: str, rows: int = ROWS
) -> list[str]:
    """Everything said otherwise of some awkward rows, by either evaluator."""
    awkward = Awkward(pack, dictionary, day, random.Random(seed))
    population = [awkward.row() for _ in range(rows)]

    def subject(row: Row) -> Subject:
        return subject_of(row, sizes, day)

    compiled = compile_pack(pack)
    needs = Needs.of([compiled], day, dictionary)
    result = compiled.evaluate(population_of(population, needs, day, sizes=sizes, subject=subject), day, kind)
    found = []
    for position, (row, signature) in enumerate(zip(population, signatures_of(result), strict=True)):
        traced = evaluate(pack, subject(row), application_date=day, kind=kind)
        said = differences(result, position, traced)
        if (signature == signature_of(compiled, traced)) is not (said == []):
            said.append("signature: 与各列所示不一致")
        found += [f"{each} — {row}" for each in said]
    return found


def agreement(pack: Pack, dictionary: Dictionary, sizes: SizeTable, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None)
    @given(seed=st.integers(0, 2**64 - 1), day=st.sampled_from(DAYS), kind=st.sampled_from(pack.kinds))
    def agree(seed: int, day: date, kind: str) -> None:
        assert disagreements(pack, dictionary, sizes, seed, day, kind) == []

    agree()


@pytest.mark.parametrize("stem", STEMS)
def test_columns_agree_with_the_traced_evaluator(
    stem: str, shipped: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    agreement(shipped[stem], dictionary, sizes, examples=4)


@pytest.mark.slow
@pytest.mark.parametrize("stem", STEMS)
def test_columns_agree_on_many_more_rows(
    stem: str, shipped: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    agreement(shipped[stem], dictionary, sizes, examples=60)


def strictly(self: Any, edge: Any) -> Any:
    return self.above(edge)


@pytest.mark.parametrize(
    "order", [columnar_measures._Figure, columnar_measures._Quotient], ids=["figures", "shares and growth"]
)
def test_an_evaluator_that_takes_at_least_for_above_is_caught(
    order: type,
    shipped: dict[str, Pack],
    dictionary: Dictionary,
    sizes: SizeTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(order, "at_least", strictly)
    found = [
        difference
        for stem in ("miit-63-2022-innovative", "miit-2-2026-specialized")
        for difference in disagreements(shipped[stem], dictionary, sizes, seed=1, day=DAYS[0], kind="new", rows=200)
    ]
    assert found
