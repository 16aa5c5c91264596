"""Writes a chunk of a list of certified items: each row as an official would record it by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from services.registry.domain.errors import ItemAlreadyRecorded, ItemInvalid, ItemRevoked
from services.registry.domain.items import StatedItem, item_key
from services.registry.store import staging
from services.registry.store.staging import StagedRow
from services.registry.use_cases.record_item import record_item
from services.registry.use_cases.run_import.job import Job

_TEXTS = ("number", "document_number", "decision_reference", "issued_by")
_DATES = ("certified_on", "valid_from", "valid_to")


class _Asked:
    """The uploader's areas were held against each enterprise before."""

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None: ...

    def to_area(self, district_code: str | None) -> None: ...


def write_items(job: Job, codes: Sequence[str], rows: Sequence[StagedRow]) -> None:
    """Write one chunk. Lists of items have hundreds of rows, not hundreds of thousands: they go in one by one."""
    known = staging.lock(job.tx, codes)
    entered: dict[tuple[str, ...], tuple[StagedRow, StatedItem]] = {}
    for row in rows:
        if not job.admits(row, known.get(row.uscc)):
            continue
        stated = _stated(row.stated)
        key = (row.uscc, stated.kind, stated.level, item_key(stated))
        first, said = entered.setdefault(key, (row, stated))
        if first is row:
            if not _enter(job, row, stated):
                del entered[key]
        elif said == stated:
            job.remark(row, "kind", "row-repeated", f"与第 {first.row} 行是同一条记录，只计一次")
            job.report.unchanged += 1
        else:
            job.reject(row, "kind", "item-repeated", f"与第 {first.row} 行是同一项目，但内容不同，请只保留一行")


def _enter(job: Job, row: StagedRow, stated: StatedItem) -> bool:
    """False when the row is rejected: another one may then state the item."""
    try:
        _, new = record_item(job.tx, stated, uscc=row.uscc, carrier_id=None, kinds=job.item_kinds, may=_Asked())
    except ItemAlreadyRecorded:
        job.report.unchanged += 1
    except ItemRevoked as refusal:
        job.remark(row, "kind", "item-revoked", refusal.detail)
        job.report.unchanged += 1
    except ItemInvalid as refusal:
        first = refusal.problems[0]
        key = first.field if first.field in row.stated else "kind"
        job.reject(row, key, first.code, first.message, first.expected)
        return False
    else:
        job.report.created += new
        job.report.updated += not new
    return True


def _stated(said: dict[str, Any]) -> StatedItem:
    """What the row states; a blank cell states nothing."""
    days: dict[str, Any] = {name: dt.date.fromisoformat(said[name]) for name in _DATES if name in said}
    texts: dict[str, Any] = {name: said.get(name) for name in _TEXTS}
    return StatedItem(kind=said["kind"], level=said["level"], name=said.get("item_name"), **texts, **days)
