"""What a migrated database needs before the registry serves: the reference tables."""

from __future__ import annotations

from chassis.db import Database
from services.registry.use_cases.load_reference import load_reference


def prepare(db: Database) -> None:
    """Load the reference tables of this version; at once over when they are loaded."""
    with db.transaction(timeout_seconds=0) as tx:
        load_reference(tx)
