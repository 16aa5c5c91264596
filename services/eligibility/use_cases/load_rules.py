"""The rules in use, as the database says: compiled once per content."""

from __future__ import annotations

from chassis.db import Transaction
from rulebook.size_table import SizeTable
from services.eligibility.domain.catalog import Catalog, Editions, StoredPack
from services.eligibility.store.repositories import Packs
from services.eligibility.use_cases.assess_enterprises import Rules


def load_rules(tx: Transaction, catalog: Catalog, sizes: SizeTable) -> Rules:
    """The active packs with the size table and the dictionary."""
    stored = [StoredPack(row.hash, row.file, row.body) for row in Packs(tx).list_active()]
    return Rules(Editions.of(catalog.compile(each) for each in stored), sizes, catalog.dictionary)
