"""Keeps the read model of the title ledger, and the whitelist with it."""

from __future__ import annotations

from chassis.db import Transaction
from services.finance.domain.titles import Enterprise, Title
from services.finance.store.repositories import Enterprises, Titles
from services.finance.use_cases.refresh_listing import refresh_listing


def follow_title(tx: Transaction, enterprise: Enterprise, title: Title, version: int) -> None:
    """Keep one row of the ledger and the card that came with it; neither overwrites a newer version.

    The event may arrive before any other about the enterprise.
    """
    known, _ = Enterprises(tx).follow(enterprise, version)
    Titles(tx).follow(enterprise.uscc, title, version)
    refresh_listing(tx, known)
