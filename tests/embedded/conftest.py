"""Homes that are thrown away, with whatever still runs on them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from peiyu.embedded import EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that every account may pass through (pytest's own tmp_path is 0700)."""
    made = Path(tempfile.mkdtemp(prefix="peiyu-embedded-", dir="/tmp"))
    made.chmod(0o711)
    yield made
    for data in made.rglob("PG_VERSION"):
        if data.parent.parent.name == "postgres":
            EmbeddedPostgres(data.parent.parent.parent).stop("immediate")
    shutil.rmtree(made, ignore_errors=True)
