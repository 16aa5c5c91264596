"""What the registry is configured by."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.settings import ServiceSettings

_ROOT = Path(__file__).resolve().parents[2]
PROGRAMMES_FOLDER = _ROOT / "services" / "registry" / "programmes"
VOCABULARY_FILE = _ROOT / "services" / "registry" / "reference" / "programme_vocabulary.yaml"


class Settings(ServiceSettings):
    """The chassis' settings, where the shipped dictionary and size rules lie, and the limits of uploads and exports."""

    facts_folder: Path = _ROOT / "contracts" / "facts"
    size_rules_file: Path = _ROOT / "services" / "eligibility" / "policies" / "size-2011-2017.yaml"
    """The classification of enterprises by size, as data; a city may put its own edition here."""

    programmes_folder: Path = PROGRAMMES_FOLDER
    """The plans that ship; a folder of an authority's own plans may take its place."""
    programme_vocabulary_file: Path = VOCABULARY_FILE

    title_life_cycles_file: Path = _ROOT / "services" / "registry" / "reference" / "title_life_cycles.yaml"
    """Who recognises each title, what may happen to it and what falls due, as data."""

    certified_items_file: Path = _ROOT / "services" / "registry" / "reference" / "certified_items.yaml"
    """Which certified items there are, at which levels, and who can have them, as data."""

    pool_rules_file: Path = _ROOT / "services" / "registry" / "reference" / "pool_rules.yaml"
    """The tiers of the cultivation pool, its lists, and the rules of its adjustment, as data."""

    change_rules_file: Path = _ROOT / "services" / "registry" / "reference" / "change_rules.yaml"
    """Who may ask for a change of each field of a file, and who decides it, as data."""

    profile_file: Path = _ROOT / "services" / "registry" / "reference" / "profile.yaml"
    """What stands on the one-page profile of an enterprise, as data."""

    import_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    import_max_unpacked_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    """What an xlsx file may unpack to: 200,000 rows of 40 columns need about 300 MiB."""

    import_max_rows: int = Field(default=200_000, ge=1)
    export_max_rows: int = Field(default=200_000, ge=1)


EXPECTED = ("relay", "consumer:registry", "schedules", "audit-seal", "jobs", "changes", "search")
"""The loops of the worker without which the registry cannot do its work; readiness asks for them."""
