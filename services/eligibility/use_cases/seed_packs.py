"""Take the shipped packs into the database: the first version becomes active, later ones wait as drafts."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from chassis import clock
from chassis.db import Transaction
from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from services.eligibility.domain import changes
from services.eligibility.store.pending import Pending
from services.eligibility.store.repositories import Packs
from services.eligibility.store.tables import PackRow


def seed_packs(tx: Transaction, dictionary: Dictionary, files: Mapping[str, str]) -> list[str]:
    """Store packs not yet known by their content; an upgrade adds drafts and never overwrites. Returns what was added.

    `files` is file name → YAML text. Raises rulebook.loader.PackInvalid with file, line and remedy.
    """
    tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('seed_packs', 7))"))
    packs = Packs(tx)
    added: list[str] = []
    begun: set[str] = set()
    for file, body in sorted(files.items()):
        pack = load_pack(body, dictionary, file)
        if packs.find_version(pack.sha256) is not None:
            continue
        first = not packs.has_ever_been_active(pack.id)
        if first:
            begun.add(changes.of_rules(pack.title))
        packs.add(
            PackRow(
                hash=pack.sha256,
                pack_id=pack.id,
                title=pack.title,
                file=file,
                body=body,
                state="active" if first else "draft",
                stored_at=clock.now(),
                activated_at=clock.now() if first else None,
            )
        )
        tx.flush()
        tx.audit("pack-seeded", pack.id, {"hash": pack.sha256, "state": "active" if first else "draft"})
        added.append(pack.id)
    if begun:
        Pending(tx).add_all(sorted(begun))
    return added
