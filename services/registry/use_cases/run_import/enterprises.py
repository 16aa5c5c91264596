"""Stages and writes an enterprise list: new ones are registered, known ones updated where they differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from contracts.events.registry import EnterpriseMoved, EnterpriseRegistered, EnterpriseUpdated
from services.registry.domain.enterprises import FIELDS, Identity, differences
from services.registry.domain.names import comparison_key
from services.registry.domain.successions import dissolved
from services.registry.store import bulk, listing
from services.registry.store.history import Ended, keep_states
from services.registry.store.listing import Described, Portion
from services.registry.store.naming import remember_names
from services.registry.store.parks import ParkStays
from services.registry.store.repositories import columns_of, identity_of
from services.registry.store.staging import StagedRow
from services.registry.use_cases.announce import Announcement, announce_all, announce_from, card_of
from services.registry.use_cases.run_import.job import Job
from services.registry.use_cases.run_import.parks import moves_of
from services.registry.use_cases.run_import.reading import ReadRow


def stage_enterprises(job: Job, rows: Iterable[ReadRow]) -> int:
    """Put the sound rows of the list into the database; how many."""
    count = listing.stage(job.tx, (_staged(row) for row in rows))
    districts, industries = listing.stated_codes(job.tx)
    named = [(code, job.known.places.name_of(code)) for code in districts if code is not None]
    listing.describe(job.tx, named, [_described(job, code) for code in {*industries, None}])
    return count


def write_enterprises(job: Job) -> Iterator[int]:
    """Write the list portion by portion; the rows done. Emits EnterpriseRegistered and EnterpriseUpdated."""
    for portion in listing.portions(job.tx):
        if portion.rows > portion.enterprises:
            _say_repeated(job, portion)
        outside = listing.new_outside(job.tx, portion, job.row.areas)
        for row in outside:
            _refuse_outside(job, row)
        created, placed = _register(job, portion)
        known = portion.enterprises - len(outside) - created
        job.report.created += created
        if known:  # also one that somebody else has registered since we looked
            others = listing.lock_others(job.tx, portion, job.row.areas, [row.uscc for row in placed])
            job.report.unchanged += known - len(others)
            _update(job, others)
        yield portion.rows


def _staged(row: ReadRow) -> tuple[Any, ...]:
    values = row.values
    flags = values.get("risk_flags")
    return (
        row.position,
        row.sheet,
        row.row,
        values["uscc"],
        comparison_key(values["name"]),
        values["name"],
        values.get("registered_address"),
        values.get("actual_address"),
        values.get("district_code"),
        values.get("industry_code"),
        values.get("established_on"),
        values.get("registered_capital"),
        values.get("registered_capital_currency"),
        values.get("status"),
        None if flags is None else f"{{{','.join(flags)}}}",
        values.get("listing_status"),
        values.get("synthetic"),
        values.get("park"),
    )


def _described(job: Job, code: str | None) -> Described:
    industry = job.known.industries.by_code.get(code or "")
    size = job.knowledge.size(code, {})
    return Described(code, industry.name if industry else None, size.size_class, size.reason)


def _say_repeated(job: Job, portion: Portion) -> None:
    """A repeated code is a remark when its row says the same as the first, an error otherwise."""
    for row, other in listing.repeated(job.tx, portion):
        if other.stated == row.stated:
            job.remark(row, "uscc", "row-repeated", f"与第 {other.row} 行完全相同，只计一次")
            job.report.unchanged += 1
        else:
            message = f"第 {other.row} 行已有这个统一社会信用代码，但内容不同，请只保留一行"
            job.reject(row, "uscc", "uscc-repeated", message)


def _register(job: Job, portion: Portion) -> tuple[int, list[StagedRow]]:
    """Register the new enterprises of the portion and put them into their parks; how many, and rows that state one."""
    if job.writing:
        created = listing.register(job.tx, portion, job.row.areas, job.now)
        placed = listing.registered_with_park(job.tx, portion) if created else []
    else:
        created = listing.count_new(job.tx, portion, job.row.areas)
        placed = listing.new_with_park(job.tx, portion, job.row.areas) if created else []
    moves = moves_of(job, {row.uscc: row for row in placed}, {})
    if job.writing:
        ParkStays(job.tx).move(list(moves.values()))
        announce_from(job.tx, EnterpriseRegistered)
    return created, placed


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


def _admitted(job: Job, row: StagedRow, enterprise: Any) -> bool:
    """Whether the row may change the enterprise; rejects it otherwise."""
    if enterprise.dissolved_into is not None:
        message = dissolved(enterprise.name, enterprise.dissolved_into)
        job.reject(row, "uscc", "enterprise-dissolved", message, "承继企业的统一社会信用代码")
        return False
    places = {enterprise.district_code, row.stated.get("district_code", enterprise.district_code)}
    if not all(job.answers_for(place) for place in places):
        _refuse_outside(job, row)
        return False
    return True


def _refuse_outside(job: Job, row: StagedRow) -> None:
    message = "该企业不在您的管辖区域内（或没有填写所属区县），请核对，或交由所属地区导入"
    job.reject(row, "district", "outside-jurisdiction", message, "您管辖区域内的区县")


def _update(job: Job, others: Sequence[tuple[StagedRow, Any]]) -> None:
    """Update the enterprises of which the list says something else than is on file; they are locked."""
    known = {row.uscc: enterprise for row, enterprise in others}
    wanted = {row.uscc: row for row, enterprise in others if _admitted(job, row, enterprise)}
    moves = moves_of(job, wanted, known)
    changes: list[tuple[str, Identity, Identity, tuple[str, ...]]] = []
    for uscc, row in wanted.items():
        old = identity_of(known[uscc])
        new = replace(old, **_values(row.stated))
        changed = differences(old, new) + (("park",) if uscc in moves else ())
        if changed:
            changes.append((uscc, old, new, changed))
            job.report.updated += 1
        else:
            job.report.unchanged += 1
    if not changes or not job.writing:
        return
    moved = [uscc for uscc, _, _, changed in changes if "industry_code" in changed]
    periods = bulk.periods_of(job.tx, moved) if moved else {}
    after: list[dict[str, Any]] = []
    announcements: list[Announcement] = []
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
    ParkStays(job.tx).move([moves[uscc] for uscc, *_ in changes if uscc in moves])
    announce_all(job.tx, announcements)
