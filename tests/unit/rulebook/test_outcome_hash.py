"""Outcomes with one hash read alike: it is made of what the words follow from, and not of the words."""

import json
import random
from datetime import date, timedelta
from typing import Any

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.size_table import SizeTable
from services.eligibility.domain.subjects import outcome_hash, subject_of
from tests.unit.rulebook.conftest import POLICIES
from tests.unit.rulebook.populations import Awkward, Row

STEMS = sorted(path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("size-"))
DAY = date(2026, 6, 1)


def words(found: Assessment) -> str:
    """Everything a reader is told, but for the ages of values and the day."""
    said: list[Any] = [found.pack_sha256, found.kind, found.fiscal_year, found.verdict, found.route]
    for each in found.conditions:
        said += [each.id, each.status, each.value, each.threshold, each.points, each.next_band, each.notes]
        said += [(part.fact_id, part.fiscal_year, part.display, part.source) for part in each.inputs]
        said += [(part.label, part.value, part.threshold, part.status, part.note) for part in each.checks]
        said += [(part.kind, part.fact_id, part.fiscal_year, part.label) for part in each.missing]
    return json.dumps(said, default=str, ensure_ascii=False)


def otherwise(row: Row, chance: random.Random, other: Row) -> Row:
    """The row with one of its facts, its titles or its industry from another."""
    facts = dict(row["facts"])
    place = chance.choice(sorted({*facts, *other["facts"], "titles", "industry_code"}))
    if place in ("titles", "industry_code"):
        return row | {place: other[place]}
    facts.pop(place, None)
    return row | {"facts": facts | ({place: other["facts"][place]} if place in other["facts"] else {})}


@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("stem", STEMS)
def test_what_has_one_hash_reads_alike(
    stem: str, count: int, shipped: dict[str, Pack], dictionary: Dictionary, sizes: SizeTable
) -> None:
    pack, chance = shipped[stem], random.Random(stem)
    awkward = Awkward(pack, dictionary, DAY, chance)
    rows = [awkward.row() for _ in range(count)]
    rows += [otherwise(row, chance, chance.choice(rows)) for row in rows for _ in range(4)]
    read: dict[str, str] = {}
    again = judged = 0
    for row in rows:
        for days in (0, 1, 40, 200):
            day = DAY + timedelta(days=days)
            try:
                found = evaluate(pack, subject_of(row, sizes, day), application_date=day, kind=pack.kinds[0])
            except FactUnreadable:
                continue
            judged += 1
            said, text = outcome_hash(found), words(found)
            again += said in read
            assert read.setdefault(said, text) == text
    assert judged > count
    asks = bool(awkward.refs or awkward.facts)  # some local packs only say that the document gives no rule
    assert (len(set(read.values())) > min(5, count // 3)) is asks, "rows that read differently"
    assert again > judged / 3, "the same again: most outcomes of one row on several days"
