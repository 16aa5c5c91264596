"""The life of a programme's versions: seeded or stored as a draft, put in use, retired, dismissed."""

from __future__ import annotations

from collections.abc import Mapping

from chassis import clock
from chassis.db import Transaction
from chassis.errors import FieldProblem
from rulebook.source import SourceInvalid
from services.registry.domain.programmes.access import ProgrammeAdmission
from services.registry.domain.programmes.catalog import Catalog
from services.registry.domain.programmes.errors import ProgrammeKnownAlready, ProgrammeRefused, ProgrammeStateWrong
from services.registry.domain.programmes.model import Programme
from services.registry.store.programme_tables import ProgrammeRow
from services.registry.store.programmes import DISMISSED, Programmes

STATES = {"draft": "草案", "active": "使用中", "retired": "已停用", DISMISSED: "已删除"}


def seed_programmes(tx: Transaction, catalog: Catalog, files: Mapping[str, str]) -> list[str]:
    """Store versions not yet known by their content; an upgrade adds drafts and never overwrites. What was added.

    The first version of a programme serves at once. A draft that was deleted stays deleted. `files` is file name →
    text. Raises ProgrammeInvalid with file, line and remedy.
    """
    programmes = Programmes(tx)
    programmes.lock()
    added: list[str] = []
    for file, body in sorted(files.items()):
        programme = catalog.compile(body, file)
        if programmes.find_version(programme.sha256) is not None:
            continue
        first = not programmes.has_ever_served(programme.id)
        row = _row(tx, programme, body, file)
        if first:
            row.state, row.activated_at, row.activated_by = "active", clock.now(), tx.context.actor
        programmes.add(row)
        tx.flush()
        tx.audit("programme-seeded", programme.id, {"hash": row.hash, "state": row.state})
        added.append(programme.id)
    return added


def keep_programme_draft(
    tx: Transaction, catalog: Catalog, source: str, file: str, may: ProgrammeAdmission
) -> ProgrammeRow:
    """Store what an official wrote as a draft: compiled or refused, never half."""
    try:
        programme = catalog.compile(source, file)
    except SourceInvalid as invalid:
        raise _refused(invalid) from None
    may.to_programme(programme.areas)
    programmes = Programmes(tx)
    programmes.lock()
    known = programmes.find_version(programme.sha256)
    if known is not None and known.state != DISMISSED:
        message = f"内容相同的版本已有一份，现为“{STATES[known.state]}”（{known.hash[:12]}）；注释和排版不算不同"
        raise ProgrammeKnownAlready(message, sha256=known.hash)
    serving = programmes.find_active(programme.id)
    if serving is not None:
        may.to_programme(tuple(serving.areas))
    if known is not None:
        known.state, known.body, known.ended_at, known.ended_by = "draft", source, None, None
        row = known
    else:
        row = _row(tx, programme, source, file)
        programmes.add(row)
    tx.audit("programme-stored", programme.id, {"hash": row.hash, "file": file})
    tx.flush()
    return row


def activate_programme(tx: Transaction, programme_id: str, sha256: str, may: ProgrammeAdmission) -> ProgrammeRow:
    """Put a draft or a retired version in use, in the place of the one that is."""
    programmes = Programmes(tx)
    programmes.lock()
    row = programmes.version(programme_id, sha256)
    may.to_programme(tuple(row.areas))
    if row.state == "active":
        raise ProgrammeStateWrong("这个版本已在使用中")
    earlier = programmes.find_active(programme_id)
    if earlier is not None:
        may.to_programme(tuple(earlier.areas))
        _end(tx, earlier, "retired")
        tx.flush()
    row.state, row.activated_at, row.activated_by = "active", clock.now(), tx.context.actor
    row.ended_at = row.ended_by = None
    details = {"hash": row.hash, "instead_of": earlier.hash if earlier else None}
    tx.audit("programme-activated", programme_id, details)
    return row


def retire_programme(tx: Transaction, programme_id: str, sha256: str, may: ProgrammeAdmission) -> ProgrammeRow:
    """Take the version out of use; what was recorded beside the programme stays."""
    programmes = Programmes(tx)
    programmes.lock()
    row = programmes.version(programme_id, sha256)
    may.to_programme(tuple(row.areas))
    if row.state != "active":
        raise ProgrammeStateWrong(f"这个版本现为“{STATES[row.state]}”，只有使用中的可以停用")
    _end(tx, row, "retired")
    tx.audit("programme-retired", programme_id, {"hash": row.hash})
    return row


def dismiss_programme_draft(tx: Transaction, programme_id: str, sha256: str, may: ProgrammeAdmission) -> None:
    """Delete a draft; the next upgrade does not bring the same content back."""
    programmes = Programmes(tx)
    programmes.lock()
    row = programmes.version(programme_id, sha256)
    may.to_programme(tuple(row.areas))
    if row.state != "draft" or row.activated_at is not None:
        raise ProgrammeStateWrong(f"这个版本现为“{STATES[row.state]}”，只有从未使用过的草案可以删除")
    _end(tx, row, DISMISSED)
    tx.audit("programme-dismissed", programme_id, {"hash": row.hash})


def _end(tx: Transaction, row: ProgrammeRow, state: str) -> None:
    row.state, row.ended_at, row.ended_by = state, clock.now(), tx.context.actor


def _row(tx: Transaction, programme: Programme, body: str, file: str) -> ProgrammeRow:
    return ProgrammeRow(
        hash=programme.sha256,
        programme_id=programme.id,
        label=programme.label,
        areas=list(programme.areas),
        file=file,
        body=body,
        state="draft",
        stored_at=clock.now(),
        stored_by=tx.context.actor,
    )


def _refused(invalid: SourceInvalid) -> ProgrammeRefused:
    problems = [
        FieldProblem(f"source:{each.line}", each.remedy, each.code, each.found, each.expected)
        for each in invalid.problems
    ]
    first = invalid.problems[0]
    return ProgrammeRefused(
        f"计划有 {len(problems)} 处问题。第 {first.line} 行：现为“{first.found}”，应为{first.expected}。{first.remedy}",
        problems=problems,
    )
