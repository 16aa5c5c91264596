"""One sample for all tests of this folder; drawing it takes a third of a second."""

from __future__ import annotations

import datetime as dt

import pytest

from peiyu.sample.generate import generate
from peiyu.sample.model import Sample

TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="session")
def sample() -> Sample:
    """The sample of the embedded run: 2,000 enterprises."""
    return generate(seed=20260401, today=TODAY)
