"""Where the values of a facts sheet come from."""

import datetime as dt

import pytest

from peiyu.documents.maps import dictionary
from rulebook.industries import industries_of
from services.registry.domain.columns import Recognised
from services.registry.domain.fact_rows import read_fact_row


@pytest.mark.parametrize(
    ("fact_id", "cell", "period", "source"),
    [
        ("hte_points_tech_level", "7", 2026, "official_finding"),
        ("hte_field_in_scope", "符合|专家意见", 0, "official_finding"),
        ("hte_sales_revenue_yuan", "100万元", 2026, "import"),
    ],
)
def test_what_only_officials_decide_comes_from_them_whatever_the_file_says(
    fact_id: str, cell: str, period: int, source: str
) -> None:
    fact = dictionary()[fact_id]
    column = Recognised(0, fact.label, fact=fact)
    row = read_fact_row(
        {"uscc": "91341302MA2N0C3K5X", "fiscal_year": "2026"},
        {},
        [(column, cell)],
        industries=industries_of([]),
        source="import",
        today=dt.date(2027, 6, 30),
    )
    assert row.values["periods"][period][fact_id]["source"] == source
