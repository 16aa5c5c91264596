"""The rules in use, as the database says: compiled once per content."""

from __future__ import annotations

from chassis.db import Transaction
from rulebook.size_table import SizeTable
from services.eligibility.domain.catalog import Catalog
from services.eligibility.store.packs import Packs
from services.eligibility.use_cases.assess_enterprises import Rules


def load_rules(tx: Transaction, catalog: Catalog, sizes: SizeTable) -> Rules:
    """The versions that serve some application date, with the size table and the dictionary."""
    packs = Packs(tx)
    return Rules(catalog.editions(packs.list_serving(), packs.list_stored), sizes, catalog.dictionary, catalog.ground)
