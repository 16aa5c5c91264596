"""The real register file, where it is at hand: read in place, never copied."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real test data beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("the real test data is not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def real_companies(shared_data: Path) -> list[dict[str, str]]:
    """2,000 real registrations of 2019."""
    with (shared_data / "reg2019_companies_dev_2000.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2000
    return rows
