"""What a migrated database needs before the registry serves: the reference tables and the shipped programmes."""

from __future__ import annotations

from pathlib import Path

from chassis.db import Database
from services.registry.domain.items import ItemKinds
from services.registry.domain.pool import PoolRules
from services.registry.domain.programmes.catalog import Catalog
from services.registry.domain.programmes.vocabulary import known_to, load_vocabulary
from services.registry.settings import PROGRAMMES_FOLDER, VOCABULARY_FILE, Settings
from services.registry.use_cases.load_reference import load_reference
from services.registry.use_cases.programmes.keep import seed_programmes


def read_catalog(vocabulary_file: Path = VOCABULARY_FILE) -> Catalog:
    """A catalog that reads programmes with the vocabulary in `vocabulary_file`."""
    return Catalog(load_vocabulary(vocabulary_file.read_text("utf-8"), vocabulary_file.name))


def catalog_for(settings: Settings, items: ItemKinds, pools: PoolRules) -> Catalog:
    """The catalog of a registry that works with these items and pools: what they lack is not counted as none."""
    return Catalog(known_to(read_catalog(settings.programme_vocabulary_file).vocabulary, items, pools))


def prepare(db: Database, programmes_folder: Path = PROGRAMMES_FOLDER, vocabulary_file: Path = VOCABULARY_FILE) -> None:
    """Load the reference tables and programmes of this version; at once over when they are loaded."""
    files = {path.name: path.read_text("utf-8") for path in programmes_folder.glob("*.yaml")}
    with db.transaction(timeout_seconds=0) as tx:
        load_reference(tx)
        seed_programmes(tx, read_catalog(vocabulary_file), files)
