"""Throw away simulations of long ago: each keeps a row for everybody it moves, and a workbook."""

from __future__ import annotations

import datetime as dt

from chassis import blobs, clock, logging
from chassis.db import Transaction
from services.eligibility.store.simulations import Simulations

AT_ONCE = 20


def forget_simulations(tx: Transaction, kept: dt.timedelta) -> int:
    """Delete some of those finished longer ago than `kept` on which no schedule was decided; how many."""
    simulations = Simulations(tx)
    old = simulations.list_forgettable(clock.now() - kept, AT_ONCE)
    if old:
        blobs.forget(tx, simulations.forget(old))
        logging.get(__name__).info("simulations forgotten", count=len(old))
    return len(old)
