"""Every register that targets are counted in, as one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from chassis.db import Transaction
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.model import Metric, Programme
from services.registry.store.programme_counts import Holder, TitleCounts
from services.registry.store.programme_entries import Entry, RegisterCounts


class RegisterOfMetric:
    """Implements services.registry.domain.programmes.counting.Counts: each metric in the register that it names."""

    def __init__(self, tx: Transaction, programme: Programme) -> None:
        self._titles = TitleCounts(tx, programme)
        self._others = RegisterCounts(tx, programme)

    def missing(self, metric: Metric) -> str:
        return self._titles.missing(metric)

    def subjects(self, metric: Metric, window: Window) -> int:
        return self._of(metric).subjects(metric, window)

    def count(self, metric: Metric, windows: Sequence[Window], area: str | None = None) -> Mapping[Window, int]:
        return self._of(metric).count(metric, windows, area)

    def first(self, metric: Metric) -> dt.date | None:
        return self._of(metric).first(metric)

    def ending(self, metric: Metric, on: dt.date, before: dt.date) -> int:
        return self._of(metric).ending(metric, on, before)

    def by_district(self, metric: Metric, window: Window) -> dict[str, int]:
        """GB/T 2260 code of six digits → how many are counted there."""
        return self._of(metric).by_district(metric, window)

    def by_park(self, metric: Metric, window: Window) -> dict[str, int]:
        """Id of a park → how many are counted of the enterprises that are in it on the last day."""
        return self._of(metric).by_park(metric, window)

    def seen(
        self,
        metric: Metric,
        window: Window,
        area: str | None,
        seen: Sequence[str] | None,
        park: uuid.UUID | None = None,
    ) -> int:
        """How many of the counted lie in the caller's areas, and in the park."""
        return self._of(metric).seen(metric, window, area, seen, park)

    def list_page(
        self,
        metric: Metric,
        window: Window,
        *,
        counted: bool,
        area: str | None,
        reason: str | None,
        seen: Sequence[str] | None,
        after: str | None,
        limit: int,
        park: uuid.UUID | None = None,
    ) -> list[Entry]:
        """Up to `limit + 1` entries by `unit`; `seen` are the caller's areas (null: everywhere)."""
        found = self._of(metric).list_page(
            metric, window, counted=counted, area=area, reason=reason, seen=seen, after=after, limit=limit, park=park
        )
        return [_of_holder(each, metric) if isinstance(each, Holder) else each for each in found]

    def _of(self, metric: Metric) -> TitleCounts | RegisterCounts:
        return self._titles if metric.counts == "titles" else self._others


def _of_holder(holder: Holder, metric: Metric) -> Entry:
    return Entry(
        record_id=holder.record_id,
        unit=holder.uscc,
        uscc=holder.uscc,
        carrier_id=None,
        subject=holder.name,
        district_code=holder.district_code,
        kind=metric.title,
        level=holder.state,
        label=None,
        number=None,
        document=holder.document,
        begins=holder.valid_from or holder.announced_on,
        valid_from=holder.valid_from,
        valid_to=holder.valid_to,
        gone_on=None,
        reason=holder.reason,
        begins_by=holder.begins_by,
    )
