"""What the registry tells of an enterprise is taken in while others are being assessed, on a slow machine too."""

import time
from typing import Any

import pytest

from chassis.bus_postgres import PostgresBus
from chassis.db import Database
from services.eligibility import worker
from services.eligibility.settings import Settings


def test_batches_are_cut_to_what_is_soon_assessed(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def slow(tx: Any, catalog: Any, sizes: Any, limit: int) -> int:
        limits.append(limit)
        time.sleep(limit * 0.03)  # a batch of 200 would hold its enterprises for 6 s
        return limit

    monkeypatch.setattr(worker, "assess_pending", slow)
    built = worker.build_worker(settings, db, PostgresBus(db.url))
    (assess,) = (loop for loop in built.loops if loop.name == "assess")
    for _ in range(4):
        assess.work()  # type: ignore[attr-defined]
    assert max(limits) * 0.03 <= 2.5, limits
