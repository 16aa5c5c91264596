"""Writes a chunk of an enterprise list: new ones are registered, known ones updated where they differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from contracts.events.registry import EnterpriseMoved, EnterpriseRegistered, EnterpriseUpdated
from services.registry.domain.enterprises import FIELDS, Identity, differences
from services.registry.domain.successions import dissolved
from services.registry.store import bulk, staging
from services.registry.store.history import Ended, keep_states
from services.registry.store.naming import remember_names
from services.registry.store.parks import Move, ParkStays
from services.registry.store.repositories import columns_of, identity_of
from services.registry.store.staging import StagedRow
from services.registry.use_cases.announce import Announcement, announce_all, card_of
from services.registry.use_cases.run_import.job import Job
from services.registry.use_cases.run_import.parks import moves_of


@dataclass(slots=True)
class _Wanted:
    staged: StagedRow
    identity: Identity


def write_enterprises(job: Job, codes: Sequence[str], rows: Sequence[StagedRow]) -> None:
    """Write one chunk. Emits EnterpriseRegistered and EnterpriseUpdated."""
    wanted = _once(job, rows)
    known = staging.lock(job.tx, codes)
    announcements: list[Announcement] = []
    new = [row for uscc, row in wanted.items() if uscc not in known and _admitted(job, row, None)]
    fresh = [_Wanted(row, Identity(**_values(row.stated))) for row in new]
    late = _register(job, fresh, announcements)
    if late:  # registered by somebody else between our look and our insert
        known |= staging.lock(job.tx, sorted(late))
    moves = moves_of(job, wanted, known)
    registered = [each.staged.uscc for each in fresh if each.staged.uscc not in late]
    updated = _update(job, {uscc: row for uscc, row in wanted.items() if uscc in known}, known, moves, announcements)
    if job.writing:
        ParkStays(job.tx).move([moves[uscc] for uscc in (*registered, *updated) if uscc in moves])
    announcements.sort(key=lambda each: each.event.key)
    announce_all(job.tx, announcements)


def _once(job: Job, rows: Sequence[StagedRow]) -> dict[str, StagedRow]:
    """One row per code: a repeated one is a remark when it says the same, an error otherwise."""
    first: dict[str, StagedRow] = {}
    for row in rows:
        other = first.setdefault(row.uscc, row)
        if other is row:
            continue
        if other.stated == row.stated:
            job.remark(row, "uscc", "row-repeated", f"与第 {other.row} 行完全相同，只计一次")
            job.report.unchanged += 1
        else:
            message = f"第 {other.row} 行已有这个统一社会信用代码，但内容不同，请只保留一行"
            job.reject(row, "uscc", "uscc-repeated", message)
    return first


def _values(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of Identity from their JSON values."""
    values = {name: stated[name] for name in FIELDS if name in stated}
    if "established_on" in values:
        values["established_on"] = dt.date.fromisoformat(values["established_on"])
    if "registered_capital" in values:
        values["registered_capital"] = Decimal(values["registered_capital"])
    if "risk_flags" in values:
        values["risk_flags"] = tuple(values["risk_flags"])
    return values


def _admitted(job: Job, row: StagedRow, current: str | None) -> bool:
    """Whether the uploader answers for where the enterprise is and where the row puts it."""
    stated = row.stated.get("district_code")
    places = {stated} if current is None else {current, stated or current}
    if all(job.answers_for(place) for place in places):
        return True
    message = "该企业不在您的管辖区域内（或没有填写所属区县），请核对，或交由所属地区导入"
    job.reject(row, "district", "outside-jurisdiction", message, "您管辖区域内的区县")
    return False


def _register(job: Job, fresh: Sequence[_Wanted], announcements: list[Announcement]) -> set[str]:
    """Insert new enterprises; the codes that were taken meanwhile."""
    if not fresh or not job.writing:
        job.report.created += len(fresh)
        return set()
    sizes = {each.staged.uscc: job.knowledge.size(each.identity.industry_code, {}) for each in fresh}
    inserted = bulk.insert_enterprises(
        job.tx,
        [
            {
                "uscc": each.staged.uscc,
                **columns_of(each.identity),
                "size_class": sizes[each.staged.uscc].size_class,
                "size_reason": sizes[each.staged.uscc].reason,
                "dissolved_into": None,
                "version": 1,
                "registered_at": job.now,
                "changed_at": job.now,
            }
            for each in fresh
        ],
    )
    for each in fresh:
        uscc = each.staged.uscc
        if uscc in inserted:
            card = card_of(uscc, each.identity, sizes[uscc].size_class, job.known)
            event = EnterpriseRegistered(uscc=uscc, version=1, enterprise=card)
            announcements.append(Announcement(event, (), each.identity.district_code))
    job.report.created += len(inserted)
    return {each.staged.uscc for each in fresh} - inserted


def _update(
    job: Job,
    wanted: Mapping[str, StagedRow],
    known: Mapping[str, Any],
    moves: Mapping[str, Move],
    announcements: list[Announcement],
) -> list[str]:
    """Write what differs; the codes of those that do, in identity or in park."""
    changes: list[tuple[str, Identity, Identity, tuple[str, ...]]] = []
    for uscc, row in wanted.items():
        if known[uscc].dissolved_into is not None:
            message = dissolved(known[uscc].name, known[uscc].dissolved_into)
            job.reject(row, "uscc", "enterprise-dissolved", message, "承继企业的统一社会信用代码")
            continue
        if not _admitted(job, row, known[uscc].district_code):
            continue
        old = identity_of(known[uscc])
        new = replace(old, **_values(row.stated))
        changed = differences(old, new) + (("park",) if uscc in moves else ())
        if changed:
            changes.append((uscc, old, new, changed))
            job.report.updated += 1
        else:
            job.report.unchanged += 1
    if not changes or not job.writing:
        return []
    moved = [uscc for uscc, _, _, changed in changes if "industry_code" in changed]
    periods = bulk.periods_of(job.tx, moved) if moved else {}
    after: list[dict[str, Any]] = []
    ended: list[Ended] = []
    placed: list[EnterpriseMoved] = []
    for uscc, old, new, changed in changes:
        touched = changed
        stored: dict[str, Any] = {
            **known[uscc]._mapping,
            **columns_of(new),
            "version": known[uscc].version + 1,
            "changed_at": job.now,
        }
        if "industry_code" in changed:
            size = job.knowledge.size(new.industry_code, periods.get(uscc, {}))
            changed += ("size_class",) if size.size_class != stored["size_class"] else ()
            touched = changed + (("size_reason",) if size.reason != stored["size_reason"] else ())
            stored |= {"size_class": size.size_class, "size_reason": size.reason}
        ended.append(Ended(uscc, stored["version"], touched))
        after.append(stored)
        card = card_of(uscc, new, stored["size_class"], job.known)
        event = EnterpriseUpdated(uscc=uscc, version=stored["version"], changed=changed, enterprise=card)
        former = old.district_code if old.district_code != new.district_code else None
        announcements.append(Announcement(event, changed, new.district_code, former))
        if "district_code" in changed:
            placed.append(
                EnterpriseMoved(
                    uscc=uscc,
                    version=stored["version"],
                    from_district=old.district_code,
                    to_district=new.district_code,
                    effective_on=None,
                    document=None,
                    enterprise=card,
                )
            )
    keep_states(job.tx, ended, at=job.now, by=job.row.created_by, import_id=job.row.id)
    bulk.update_enterprises(job.tx, after)
    if placed:
        job.tx.emit_all(placed)
    renamed = [(uscc, old.name) for uscc, old, _, changed in changes if "name" in changed]
    remember_names(job.tx, renamed, job.now, by=job.row.created_by)
    return [uscc for uscc, *_ in changes]
