"""A client is shut out."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from gateway.store.repositories import Clients
from gateway.store.tables import ClientRow


def disable_client(tx: Transaction, client_id: str, *, by: str) -> ClientRow:
    """Refuse the client and every token it holds, from now on."""
    row = Clients(tx).get_for_update(client_id, by=by)
    if row.disabled_at is None:
        row.disabled_at = row.updated_at = clock.now()
        row.token_version += 1
        Clients(tx).announce()
        tx.audit("client-disabled", client_id)
    return row
