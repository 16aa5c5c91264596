"""A client is removed."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from gateway.domain.errors import ClientStillEnabled
from gateway.store.repositories import Clients


def delete_client(tx: Transaction, client_id: str, *, by: str) -> None:
    """Remove a disabled client and its secrets; the id stays taken, so that the audit log is never ambiguous."""
    row = Clients(tx).get_for_update(client_id, by=by)
    if row.disabled_at is None:
        raise ClientStillEnabled("请先停用客户端，确认无人使用后再删除")
    row.secrets.clear()
    row.deleted_at = row.updated_at = clock.now()
    Clients(tx).announce()
    tx.audit("client-deleted", client_id)
