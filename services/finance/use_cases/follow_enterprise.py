"""Keeps the read model of enterprises, and the whitelist with it."""

from __future__ import annotations

from chassis.db import Transaction
from services.finance.domain.titles import Enterprise
from services.finance.store.repositories import Enterprises
from services.finance.use_cases.refresh_listing import refresh_listing


def follow_enterprise(tx: Transaction, enterprise: Enterprise, version: int) -> None:
    """Keep what the registry says of an enterprise; its titles follow. An older version changes nothing."""
    known, created = Enterprises(tx).follow(enterprise, version)
    if not created:  # an enterprise nobody had heard of has no titles yet: they bring their card along
        refresh_listing(tx, known)
