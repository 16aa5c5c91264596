"""Writes a chunk of an official list into the title ledger: new acts appended, known ones corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from chassis import ids
from services.registry.domain.ledger import of_record
from services.registry.domain.life_cycle import FAILED
from services.registry.domain.titles import TITLES, act_key, match_act, state_on
from services.registry.store import bulk, staging
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.repositories import identity_of
from services.registry.store.staging import StagedRow
from services.registry.use_cases.announce import Announcement, announce_all, card_of
from services.registry.use_cases.record_title import title_event
from services.registry.use_cases.run_import.job import Job

_TEXTS = ("batch", "document_number", "decision_reference", "issued_by")
_DATES = ("announced_on", "valid_from", "valid_to")


@dataclass(slots=True)
class _Batch:
    inserted: list[dict[str, Any]] = field(default_factory=list)
    corrected: list[dict[str, Any]] = field(default_factory=list)
    versions: list[tuple[str, int, str | None, str]] = field(default_factory=list)
    announcements: list[Announcement] = field(default_factory=list)
    acts: list[NotedAct] = field(default_factory=list)


def write_titles(job: Job, codes: Sequence[str], rows: Sequence[StagedRow]) -> None:
    """Write one chunk. Emits TitleRecorded or TitleCancelled per record that is new or corrected."""
    known = staging.lock(job.tx, codes)
    records = bulk.records_of(job.tx, codes)
    batch = _Batch()
    by_code: dict[str, list[StagedRow]] = {}
    for row in rows:
        if job.admits(row, known.get(row.uscc)):
            by_code.setdefault(row.uscc, []).append(row)
    for uscc, own in by_code.items():
        _enter(job, known[uscc], records.get(uscc, []), own, batch)
    if not job.writing:
        return
    if batch.inserted:
        bulk.insert_titles(job.tx, batch.inserted)
    bulk.update_titles(job.tx, batch.corrected)
    TitleActs(job.tx).note_all(batch.acts, recorded_by=job.row.created_by, import_id=job.row.id, at=job.now)
    if batch.versions:
        bulk.move_versions(job.tx, batch.versions, job.now)
    announce_all(job.tx, batch.announcements)


def _enter(job: Job, enterprise: Any, records: list[dict[str, Any]], rows: Sequence[StagedRow], batch: _Batch) -> None:
    """Compare the rows of one enterprise with its ledger, each with what the rows before it entered too."""
    entered: dict[Any, StagedRow] = {}
    touched: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    for row in rows:
        stated = said = _stated(row)
        key = act_key(stated.get("batch"), stated.get("document_number") or stated.get("decision_reference") or "")
        same_title = [
            (record["act_key"], record["valid_from"], record)
            for record in records
            if record["title"] == stated["title"]
        ]
        if "review_outcome" in stated:
            stated = _of_review(same_title, key, stated)
        record = match_act(same_title, key, stated.get("valid_from"))
        if record is None:
            record = _new(job, enterprise.uscc, key, stated)
            records.append(record)
            batch.inserted.append(record)
            touched.append((record, None))
            batch.acts.append(_noted(record, None, said))
            entered[record["id"]] = row
            job.report.created += 1
            continue
        changes = _changes(job, record, stated)
        if earlier := entered.get(record["id"]):
            if changes:
                message = f"与第 {earlier.row} 行是同一称号同一批次，但内容不同，请只保留一行"
                job.reject(row, "title", "act-repeated", message)
            else:
                job.remark(row, "title", "row-repeated", f"与第 {earlier.row} 行是同一条记录，只计一次")
                job.report.unchanged += 1
            continue
        entered[record["id"]] = row
        if record["state"] == "cancelled" and stated.get("state") != "cancelled":
            label = TITLES[record["title"]]
            job.remark(row, "state", "title-cancelled", f"台账中这条“{label}”已取消，未作改动")
            job.report.unchanged += 1
        elif record["review_outcome"] and "review_outcome" not in stated and record["state"] != "cancelled":
            # The list of the recognition, imported again: it knows nothing of the review and must not undo it.
            label = TITLES[record["title"]]
            job.remark(row, "state", "title-reviewed", f"台账中这条“{label}”已有复核结论，名单没有写复核结果，未作改动")
            job.report.unchanged += 1
        elif changes:
            before = of_record(record)
            record |= changes
            batch.corrected.append(record)
            touched.append((record, before))
            batch.acts.append(_noted(record, before, said))
            job.report.updated += 1
        else:
            job.report.unchanged += 1
    _announce(job, enterprise, touched, batch)


def _stated(row: StagedRow) -> dict[str, Any]:
    stated = {name: row.stated[name] for name in ("title", "state", "review_outcome", *_TEXTS) if name in row.stated}
    return stated | {name: dt.date.fromisoformat(row.stated[name]) for name in _DATES if name in row.stated}


def _of_review(
    same_title: Sequence[tuple[str, dt.date | None, dict[str, Any]]], key: str, stated: dict[str, Any]
) -> dict[str, Any]:
    """What a list of reviewed titles states of the one record of that batch: its outcome, and the end of validity.

    The record keeps its own document and beginning: a passed review extends it, and the list's document is that of
    the review. Without such a record, or with several, the row is an act of its own.
    """
    same = [(begins, record) for act, begins, record in same_title if act == key]
    if len(same) != 1:
        return stated
    begins, record = same[0]
    kept = {name: stated[name] for name in ("title", "state", "review_outcome", "batch", "valid_to") if name in stated}
    if stated["review_outcome"] == FAILED:
        kept.pop("valid_to", None)
        ends, decided = record["valid_to"], stated.get("announced_on")
        if ends is not None and decided is not None and decided < ends:
            kept["valid_to"] = decided
    return kept | ({"valid_from": begins} if begins is not None else {})


def _noted(record: dict[str, Any], before: dict[str, Any] | None, stated: dict[str, Any]) -> NotedAct:
    act = "record" if before is None else "correct"
    if before is not None and record["state"] == "cancelled" and before["state"] != "cancelled":
        act = "cancel"
    elif before is not None and "review_outcome" in stated and record["review_outcome"] != before["review_outcome"]:
        act = "fail_review" if record["review_outcome"] == FAILED else "pass_review"
    return NotedAct(
        record=record,
        before=before,
        act=act,
        acted_on=stated.get("announced_on"),
        document_number=stated.get("document_number"),
        decision_reference=stated.get("decision_reference"),
    )


_CANCELLED = ("cancelled_kind", "cancelled_reason", "cancelled_on", "reapply_ban", "banned_until", "review_outcome")
_TOLD = ("expiry_announced_for", "expiry_announced_days")


def _new(job: Job, uscc: str, key: str, stated: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys((*_TEXTS, *_DATES, *_CANCELLED, *_TOLD))
    record |= {"id": ids.new_id(), "uscc": uscc, "act_key": key, "state": "valid", **stated}
    record |= {"source": "import", "import_id": job.row.id}
    record |= {"recorded_by": job.row.created_by, "recorded_at": job.now}
    record["state"] = state_on(record["state"], record["valid_to"], job.today)
    if record["state"] == "cancelled":
        record |= {"cancelled_kind": "cancelled", "cancelled_on": stated.get("announced_on")}
    return record


def _changes(job: Job, record: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    """What the row states otherwise than the ledger; a blank cell states nothing."""
    after = record | stated
    after["state"] = state_on(after["state"], after["valid_to"], job.today)
    if after["state"] == "cancelled":
        after["cancelled_kind"] = record["cancelled_kind"] or "cancelled"
        after["cancelled_on"] = record["cancelled_on"] or stated.get("announced_on")
    return {name: value for name, value in after.items() if record[name] != value}


def _announce(
    job: Job, enterprise: Any, touched: Sequence[tuple[dict[str, Any], dict[str, Any] | None]], batch: _Batch
) -> None:
    if not touched:
        return
    card = card_of(enterprise.uscc, identity_of(enterprise), enterprise.size_class, job.known)
    version = enterprise.version
    for record, before in touched:
        version += 1
        event = title_event(SimpleNamespace(**record), version, card, before=before)
        batch.announcements.append(Announcement(event, ("titles",), enterprise.district_code))
    batch.versions.append((enterprise.uscc, version, enterprise.size_class, enterprise.size_reason))
