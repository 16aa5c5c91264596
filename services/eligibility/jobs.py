"""Eligibility's jobs: what the worker does with a simulation that somebody asked for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from chassis import clock
from chassis.db import Transaction
from chassis.jobs import JobKind, Progress
from rulebook.size_table import SizeTable
from services.eligibility.domain.catalog import Catalog
from services.eligibility.domain.codes import Codes
from services.eligibility.store.simulations import Simulations
from services.eligibility.use_cases.run_simulation import run_simulation
from services.eligibility.use_cases.start_simulation import JOB


def simulation_job(catalog: Catalog, sizes: SizeTable, codes: Codes) -> JobKind:
    """The job that computes one simulation; what stops it for good is written where its requester looks."""

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        row = Simulations(tx).get(uuid.UUID(payload["simulation_id"]))
        return run_simulation(tx, catalog, sizes, codes, row, progress.report)

    def gave_up(tx: Transaction, payload: Mapping[str, Any], error: str) -> None:
        Simulations(tx).fail(uuid.UUID(payload["simulation_id"]), error=error, finished_at=clock.now())

    return JobKind(JOB, work, gave_up)
