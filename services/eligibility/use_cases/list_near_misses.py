"""Who is near to a title: a page of those whom some change brings there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rulebook.pack import Pack
from rulebook.plan import FirstStep
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.plan_on_request import first_steps

Place = tuple[int, int, str]
"""Where a row stands in the list: open lines, ten-thousandths that the score is short of, USCC."""


class NearOne(NamedTuple):
    """An assessment that is near, whose it is, and what its plan begins with."""

    row: AssessmentRow
    enterprise: EnterpriseRow
    step: FirstStep


Near = Sequence[tuple[AssessmentRow, EnterpriseRow]]


def near_misses(
    rows_after: Callable[[Place | None], Near],
    place_of: Callable[[AssessmentRow], Place],
    rules: Rules,
    packs: Mapping[str, Pack],
    day: dt.date,
    *,
    after: Place | None,
    limit: int,
) -> list[NearOne]:
    """The first `limit` after that place, and one more when there are more.

    `rows_after` gives some of the rows behind a place, none when there are none. Whether a change brings one there is
    known only from its plan, so rows are taken until there are enough: only the last page has fewer than `limit`.
    """
    found: list[NearOne] = []
    while len(found) <= limit:
        rows = rows_after(after)
        if not rows:
            break
        for row, enterprise in rows:
            step = first_steps(rules, packs, [(row, enterprise)], day).get((row.uscc, row.title))
            if step is not None:
                found.append(NearOne(row, enterprise, step))
                if len(found) > limit:
                    break
        after = place_of(rows[-1][0])
    return found
