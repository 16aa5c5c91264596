"""Take the shipped packs into the database: the first version becomes active, later ones wait as drafts."""

from __future__ import annotations

from collections.abc import Mapping

from chassis import clock
from chassis.db import Transaction
from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from services.eligibility.store.packs import Packs
from services.eligibility.store.repositories import Enterprises
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.start_batch_run import start_batch_run


def seed_packs(
    tx: Transaction, dictionary: Dictionary, files: Mapping[str, str], cases: Mapping[str, str] | None = None
) -> list[str]:
    """Store packs not yet known by their content; an upgrade adds drafts and never overwrites. Returns what was added.

    `files` is file name → YAML text, `cases` likewise. What is shipped has passed its cases before the release; so a
    first version serves at once, and only drafts go the whole way. A draft that was deleted stays deleted.
    Raises rulebook.loader.PackInvalid with file, line and remedy.
    """
    packs = Packs(tx)
    packs.lock()
    shipped = cases or {}
    added: list[str] = []
    begun: list[str] = []
    for file, body in sorted(files.items()):
        pack = load_pack(body, dictionary, file)
        known = packs.find_version(pack.sha256)
        if known is not None:
            _give_cases(known, shipped.get(file))
            continue
        if packs.was_dismissed(pack.sha256):
            continue
        first = not packs.has_ever_been_active(pack.id)
        row = PackRow(
            hash=pack.sha256,
            pack_id=pack.id,
            title=pack.title,
            file=file,
            body=body,
            cases=shipped.get(file),
            state="active" if first else "draft",
            stored_at=clock.now(),
            stored_by=tx.context.actor,
            activated_at=clock.now() if first else None,
        )
        packs.add(row)
        tx.flush()
        if first:
            begun.append(pack.id)
            packs.begin_serving(row, None)
        tx.audit("pack-seeded", pack.id, {"hash": pack.sha256, "state": row.state})
        added.append(pack.id)
    if begun and Enterprises(tx).any():
        start_batch_run(tx, None, f"启用随程序提供的规则包 {'、'.join(sorted(begun))}")
    return added


def _give_cases(row: PackRow, cases: str | None) -> None:
    """A version from before cases were stored gets those it ships with; nobody's own are replaced."""
    if row.cases is None and cases is not None:
        row.cases = cases
