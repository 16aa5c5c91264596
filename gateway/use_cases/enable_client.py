"""A client that was shut out is let in again."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from gateway.store.repositories import Clients
from gateway.store.tables import ClientRow


def enable_client(tx: Transaction, client_id: str, *, by: str) -> ClientRow:
    """Let a disabled client in again with its secrets; tokens from before stay refused."""
    row = Clients(tx).get_for_update(client_id, by=by)
    if row.disabled_at is not None:
        row.disabled_at, row.updated_at = None, clock.now()
        Clients(tx).announce()
        tx.audit("client-enabled", client_id)
    return row
