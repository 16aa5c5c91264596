"""The installer records how far the installation has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.db import Transaction
from gateway.store.repositories import InstallationStates
from gateway.store.tables import InstallationStateRow


def record_installation(tx: Transaction, key: str, value: Mapping[str, Any]) -> InstallationStateRow:
    """Record `value` under `key`; the same value again changes nothing."""
    states = InstallationStates(tx)
    found = states.find(key)
    if found is not None and found.value == value:
        return found
    tx.audit("installation-recorded", key, {"value": dict(value)})
    return states.put(key, value)
