"""What the registry is configured by."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.settings import ServiceSettings

_ROOT = Path(__file__).resolve().parents[2]


class Settings(ServiceSettings):
    """The chassis' settings, where the shipped dictionary and size rules lie, and the limits of uploads and exports."""

    facts_folder: Path = _ROOT / "contracts" / "facts"
    size_rules_file: Path = _ROOT / "services" / "eligibility" / "policies" / "size-2011-2017.yaml"
    """The classification of enterprises by size, as data; a city may put its own edition here."""

    import_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    import_max_unpacked_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    """What an xlsx file may unpack to: 200,000 rows of 40 columns need about 300 MiB."""

    import_max_rows: int = Field(default=200_000, ge=1)
    export_max_rows: int = Field(default=200_000, ge=1)


EXPECTED = ("relay", "schedules", "audit-seal", "jobs", "changes", "search")
"""The loops of the worker without which the registry cannot do its work; readiness asks for them."""
