"""Stages and writes a sheet of figures: revisions appended, current periods replaced, one event per enterprise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from contracts.events.registry import EnterpriseUpdated, FactsRecorded
from services.registry.domain.facts import Entry, Stated, apply, beside, impossible, revise
from services.registry.domain.names import comparison_key
from services.registry.domain.problems import CellProblem
from services.registry.store import bulk, figures, staging
from services.registry.store.figures import Recorded
from services.registry.store.history import Ended, keep_states
from services.registry.store.repositories import identity_of
from services.registry.store.staging import StagedRow
from services.registry.use_cases.announce import Announcement, announce_all, announce_from, card_of
from services.registry.use_cases.run_import.job import Job
from services.registry.use_cases.run_import.reading import ReadRow, stated_periods

_Periods = dict[int, dict[str, dict[str, Any]]]


@dataclass(slots=True)
class _File:
    """What all rows of one enterprise state together, and which row states what."""

    rows: list[tuple[StagedRow, _Periods]] = field(default_factory=list)
    stated: _Periods = field(default_factory=dict)
    said_by: dict[tuple[int, str], StagedRow] = field(default_factory=dict)

    def take(self, row: StagedRow, periods: _Periods) -> None:
        for year, facts in periods.items():
            self.stated.setdefault(year, {}).update(facts)
            for fact_id in facts:
                self.said_by.setdefault((year, fact_id), row)


@dataclass(slots=True)
class _Batch:
    """What is written together at the end of a portion."""

    recorded: Recorded = field(default_factory=Recorded)
    ended: list[Ended] = field(default_factory=list)
    resized: list[Announcement] = field(default_factory=list)


def stage_facts(job: Job, rows: Iterable[ReadRow]) -> int:
    """Put the sound rows of the sheet into the database; how many."""
    return figures.stage(job.tx, map(_staged, rows))


def write_facts(job: Job) -> Iterator[int]:
    """Write the sheet portion by portion; the rows done. Emits one FactsRecorded per enterprise, and EnterpriseUpdated
    where the size class moved."""
    columns = {fact_id for _, fact_id, _ in job.fact_headers}
    pairs = {pair for each in columns for pair in job.knowledge.dictionary.parts.get(each, ())}
    for portion in figures.portions(job.tx, job.row.areas, sorted((part.id, whole.id) for part, whole in pairs)):
        job.report.unchanged += portion.rows - len(portion.others)
        _write(job, portion.others)
        yield portion.rows


def _staged(row: ReadRow) -> figures.Staged:
    values = row.values
    uscc, name, periods = values.pop("uscc"), values.get("name"), values["periods"]
    key = comparison_key(name) if name else None
    stated = to_json(values).decode()
    if len(periods) == 1:
        ((year, facts),) = periods.items()
        if not any(isinstance(entry["value"], list | dict) for entry in facts.values()):
            return row.position, row.sheet, row.row, uscc, key, year, to_json(facts).decode(), stated
    return row.position, row.sheet, row.row, uscc, key, None, None, stated


def _write(job: Job, rows: Sequence[StagedRow]) -> None:
    if not rows:
        return
    codes = sorted({row.uscc for row in rows})
    known = staging.lock(job.tx, codes)
    current = bulk.periods_of(job.tx, codes)
    files: dict[str, _File] = {}
    for row in rows:
        if job.admits(row, known.get(row.uscc)):
            _merge(job, files.setdefault(row.uscc, _File()), row)
    batch = _Batch()
    for uscc, file in files.items():
        _reject_impossible(job, file, current.get(uscc, {}))
        _revise(job, known[uscc], file, current.get(uscc, {}), batch)
    if job.writing and batch.recorded.periods:
        keep_states(job.tx, batch.ended, at=job.now, by=job.row.created_by, import_id=job.row.id)
        figures.write(job.tx, batch.recorded, by=job.row.created_by, import_id=job.row.id, at=job.now)
        announce_from(job.tx, FactsRecorded)
        announce_all(job.tx, batch.resized)


def _merge(job: Job, file: _File, row: StagedRow) -> None:
    """Add what the row states; a fact that an earlier row states otherwise rejects the whole row."""
    periods = stated_periods(row.stated)
    for year, facts in periods.items():
        for fact_id, entry in facts.items():
            earlier = file.stated.get(year, {}).get(fact_id)
            if earlier is not None and earlier != entry:
                first = file.said_by[(year, fact_id)]
                label = job.knowledge.dictionary[fact_id].label
                when = f"{year} 年度的" if year else ""
                message = f"{when}“{label}”与第 {first.row} 行不一致，请只保留一个数"
                job.reject(row, "uscc", "fact-stated-twice", message)
                return
    file.take(row, periods)
    file.rows.append((row, periods))


def _reject_impossible(job: Job, file: _File, current: Mapping[int, Mapping[str, Entry]]) -> None:
    """Reject the rows whose figures cannot be true beside those of the other rows and what is on file.

    What is left is looked at again: a rejected row's figures are not there for the others any more.
    """
    while found := _blamed(job, file, current):
        for row, problems in found.values():
            job.report.reject(row.sheet, row.row, *problems)
        file.rows = [(row, periods) for row, periods in file.rows if row.position not in found]
        file.stated, file.said_by = {}, {}
        for row, periods in file.rows:
            file.take(row, periods)


def _blamed(
    job: Job, file: _File, current: Mapping[int, Mapping[str, Entry]]
) -> dict[int, tuple[StagedRow, list[CellProblem]]]:
    """Position in the file → row and what is wrong with it; of two rows it is the one that states the part."""
    blamed: dict[int, tuple[StagedRow, list[CellProblem]]] = {}
    for year, stated in file.stated.items():
        for each in impossible(job.knowledge.dictionary, year, stated, {**current.get(year, {}), **stated}):
            fact, shown = (each.part, each.part_shown) if each.part.id in stated else (each.whole, each.whole_shown)
            expected = f"不超过{each.expected}" if fact is each.part else f"不小于{each.found}"
            row = file.said_by[(year, fact.id)]
            other = file.said_by.get((year, each.whole.id), row)
            where = f"“{each.whole.label}”见第 {other.row} 行，" if other is not row else ""
            message = f"{each.message}{where}{beside(each, stated)}。"
            header = job.fact_header(row, fact, year)
            problem = CellProblem(header, "part-exceeds-whole", message, shown, expected)
            blamed.setdefault(row.position, (row, []))[1].append(problem)
    return blamed


def _revise(job: Job, enterprise: Any, file: _File, current: Mapping[int, Mapping[str, Entry]], batch: _Batch) -> None:
    uscc = enterprise.uscc
    after = {year: dict(facts) for year, facts in current.items()}
    changed: dict[int, dict[str, Entry | None]] = {}
    for year in sorted(file.stated):
        stated = {fact_id: _stated(entry) for fact_id, entry in file.stated[year].items()}
        revised = revise(current.get(year, {}), stated, year, now=job.now, today=job.today)
        if revised:
            changed[year] = revised
            after[year] = apply(current.get(year, {}), revised)
    _count(job, file, current, changed)
    if not changed:
        return
    for year, revised in changed.items():
        facts = to_json(after[year]).decode() if current.get(year) else None
        batch.recorded.periods.append((uscc, year, to_json(revised).decode(), facts))
    version = enterprise.version + 1
    ids = ",".join(sorted({fact_id for revised in changed.values() for fact_id in revised}))
    batch.recorded.enterprises.append((uscc, version, f"{{{ids}}}", enterprise.district_code))
    size = job.knowledge.size(enterprise.industry_code, after)
    touched = tuple(
        name
        for name, value in (("size_class", size.size_class), ("size_reason", size.reason))
        if getattr(enterprise, name) != value
    )
    if size.size_class != enterprise.size_class:
        version += 1
        card = card_of(uscc, identity_of(enterprise), size.size_class, job.known)
        updated = EnterpriseUpdated(uscc=uscc, version=version, changed=("size_class",), enterprise=card)
        batch.resized.append(Announcement(updated, ("size_class",), enterprise.district_code))
    if touched:
        batch.ended.append(Ended(uscc, version, touched))
    batch.recorded.sizes.append((uscc, version, size.size_class, size.reason))


def _stated(entry: Mapping[str, Any]) -> Stated:
    as_of = entry.get("as_of")
    return Stated(entry["value"], entry["source"], dt.date.fromisoformat(as_of) if as_of else None)


def _count(
    job: Job, file: _File, current: Mapping[int, Any], changed: Mapping[int, Mapping[str, Entry | None]]
) -> None:
    """A row is created when it opens a period, updated when it changes one, unchanged otherwise."""
    for row, periods in file.rows:
        touched = [
            year for year, facts in periods.items() if any(fact_id in changed.get(year, {}) for fact_id in facts)
        ]
        if not touched:
            job.report.unchanged += 1
            if not any(periods.values()):
                job.remark(row, "uscc", "row-empty", "这一行没有填写任何指标")
        elif all(year not in current for year in touched):
            job.report.created += 1
        else:
            job.report.updated += 1
