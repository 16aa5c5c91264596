"""What the columnar evaluator says of a population."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rulebook.assessment import Assessment, Missing
from rulebook.columnar_codes import (
    STATUSES,
    VERDICTS,
    Codes,
    Flags,
)
from rulebook.columnar_frame import Key
from rulebook.columnar_score import (
    Parts,
)
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.status import Status, Verdict
from rulebook.subject import Subject


class RowsNotHeld(LookupError):
    """Some rows have to be traced, and the population cannot give them."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"有 {rows} 户须逐户测算，但批量数据没有附带逐户资料，请提供 Population.subject")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class ColumnarResult:
    """What a population comes to: arrays with one element per row, or one line of them per condition.

    Statuses and verdicts are codes (`columnar_codes`). Points are whole parts, `parts` to a point. Of `missing`, bit
    i % 8 of line i // 8 belongs to `keys[i]`.
    """

    pack: Pack
    application_date: date
    kind: str
    verdict: Codes
    route: NDArray[np.int8]
    """Position in `pack.routes` of the first that is met, −1 for none."""
    lines: tuple[str, ...]
    status: Codes
    indicators: tuple[str, ...]
    points_low: Parts
    points_high: Parts
    total_low: Parts
    total_high: Parts
    parts: int
    keys: tuple[Key, ...]
    missing: Codes
    traced: int
    """How many rows the traced evaluator judged."""
    unreadable: dict[int, FactUnreadable]
    subject: Callable[[int], Subject] | None = field(repr=False, default=None)

    def __len__(self) -> int:
        return len(self.verdict)

    def verdict_of(self, row: int) -> Verdict:
        return VERDICTS[int(self.verdict[row])]

    def route_of(self, row: int) -> str | None:
        position = int(self.route[row])
        return None if position < 0 else self.pack.routes[position].id

    def status_of(self, row: int, line_id: str) -> Status:
        return STATUSES[int(self.status[self.lines.index(line_id), row])]

    def points_of(self, row: int, line_id: str) -> tuple[Decimal, Decimal]:
        position = self.indicators.index(line_id)
        low, high = int(self.points_low[position, row]), int(self.points_high[position, row])
        return Decimal(low) / self.parts, Decimal(high) / self.parts

    def missing_of(self, row: int) -> tuple[Missing, ...]:
        """What is missing in this row; which conditions ask for it, and of which entry, `explain` says."""
        bits = np.unpackbits(self.missing[:, row], bitorder="little")
        return tuple(
            Missing(fact_id, label, year, kind)
            for (fact_id, year, label, kind), bit in zip(self.keys, bits, strict=False)
            if bit
        )

    def is_missing(self, position: int) -> Flags:
        """The rows that lack `keys[position]`."""
        found: Flags = (self.missing[position // 8] & (1 << position % 8)) != 0
        return found

    def explain(self, row: int) -> Assessment:
        """The whole explanation of one row, by the traced evaluator."""
        if self.subject is None:
            raise RowsNotHeld(1)
        return evaluate(self.pack, self.subject(row), application_date=self.application_date, kind=self.kind)
