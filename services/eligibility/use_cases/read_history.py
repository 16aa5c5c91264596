"""The history of an enterprise's assessments, each with what changed from the one before for the same title."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.db import Transaction
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.history import Change, Told, differences
from services.eligibility.store.packs import Packs
from services.eligibility.store.repositories import Assessments
from services.eligibility.store.tables import AssessmentRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.assess_on_request import explained_again


@dataclass(frozen=True, slots=True)
class Step:
    """One stored assessment and what it changed."""

    row: AssessmentRow
    previous: AssessmentRow | None
    changes: Sequence[Change]

    @property
    def since(self) -> dt.datetime:
        """When the outcome was first found: its id is a version 7 UUID and carries the instant it was made."""
        return dt.datetime.fromtimestamp((self.row.id.int >> 80) / 1000, dt.UTC)


def read_history(
    tx: Transaction,
    catalog: Catalog,
    rules: Rules,
    uscc: str,
    title: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[Step]:
    """Newest first; one step more than `limit` when there are more. That one is compared with nothing."""
    rows = Assessments(tx).list_history(uscc, title, before, limit)
    earlier = Assessments(tx).list_predecessors(rows[:limit])
    told: dict[uuid.UUID, Told] = {}

    def explained(row: AssessmentRow) -> Told:
        if row.id not in told:
            version = Packs(tx).get(row.pack_hash)
            stored = StoredPack(version.hash, version.file, version.body)
            told[row.id] = Told(row.inputs, explained_again(catalog, rules, stored, row))
        return told[row.id]

    steps = []
    for row in rows:
        previous = earlier.get(row.id)
        changes = [] if previous is None else differences(explained(previous), explained(row), catalog.dictionary)
        steps.append(Step(row, previous, changes))
    return steps
