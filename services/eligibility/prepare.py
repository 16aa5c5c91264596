"""What eligibility needs before it serves: the shipped packs in its database."""

from __future__ import annotations

from chassis.db import Database
from rulebook.dictionary import Dictionary, parse_dictionary
from rulebook.size_table import SizeTable, load_size_table
from services.eligibility.domain.consistency import Check, load_checks
from services.eligibility.settings import Settings
from services.eligibility.use_cases.seed_packs import seed_packs

SIZES = "size-2011-2017.yaml"
"""The table of size classes lies among the packs and is none: it grants no title."""


def read_dictionary(settings: Settings) -> Dictionary:
    """The facts dictionary that ships with this version."""
    return parse_dictionary({path.name: path.read_text("utf-8") for path in settings.facts_folder.glob("*.yaml")})


def read_sizes(settings: Settings, dictionary: Dictionary) -> SizeTable:
    """The size classes (划型) that ship with this version."""
    return load_size_table((settings.policies_folder / SIZES).read_text("utf-8"), dictionary, SIZES)


def read_checks(settings: Settings, dictionary: Dictionary) -> tuple[Check, ...]:
    """The rules of the consistency check (一致性核对) that ship with this version."""
    path = settings.consistency_file
    return load_checks(path.read_text("utf-8"), dictionary, path.name)


def prepare(settings: Settings, db: Database) -> None:
    """Seed the packs; a fast no-op when all are known."""
    files = {
        path.name: path.read_text("utf-8") for path in settings.policies_folder.glob("*.yaml") if path.name != SIZES
    }
    with db.transaction() as tx:
        seed_packs(tx, read_dictionary(settings), files)
