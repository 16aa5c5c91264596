"""What eligibility is configured by."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

from chassis.settings import ServiceSettings

_ROOT = Path(__file__).resolve().parents[2]

EXPECTED = ("relay", "consumer:eligibility", "assess", "schedules", "jobs", "audit-seal")
"""Loops of the worker that readiness asks for."""


class Settings(ServiceSettings):
    """The chassis' settings and where the shipped dictionary and packs lie."""

    facts_folder: Path = _ROOT / "contracts" / "facts"
    codes_folder: Path = _ROOT / "contracts" / "codes"
    """The national tables of districts (GB/T 2260) and industries (GB/T 4754)."""
    policies_folder: Path = Path(__file__).resolve().parent / "policies"
    consistency_file: Path = Path(__file__).resolve().parent / "reference" / "consistency.yaml"
    """Rules of the consistency check."""
    notice_file: Path = Path(__file__).resolve().parent / "templates" / "notice.yaml"
    """Wording of the notices to enterprises."""
    record_key_file: Path | None = None
    """Private Ed25519 key (PEM or JWK) that signs assessment records. Only the HTTP process needs it."""
    record_sm2_key_file: Path | None = None
    """Private SM2 key (JWK) that signs them as well, where an authority demands it; needs the extra `[gm]`."""
    assessment_batch: int = 200
    """Enterprises assessed in one transaction at most; fewer where that many would hold them for long."""
    screening_batch: int = 1000
    """Enterprises of a batch run compared with their stored outcomes in one transaction at most."""
    simulation_days: int = 30
    """A pack is scheduled only on a simulation asked for within so many days: what enterprises report moves on."""
    simulations_kept_days: int = 180
    """A simulation is deleted so long after it was finished, unless a schedule was decided on it."""
    near_miss_lines: int = 3
    """An enterprise is near a title when at most so many lines are open."""
    near_miss_effort: Literal["paperwork", "months", "year", "years"] = "year"
    """And none of them takes longer than this effort class."""
    near_miss_short: Decimal = Decimal("0.25")
    """And a score lacks at most this share of the points demanded."""
