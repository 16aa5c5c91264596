"""A client gets a new secret."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Transaction
from gateway.domain.errors import ClientDisabled
from gateway.store.repositories import Clients
from gateway.store.tables import ClientRow


def rotate_secret(tx: Transaction, client_id: str, *, secret: str, grace_seconds: int, by: str) -> ClientRow:
    """Add a secret; the others, and the tokens got with them, are valid for `grace_seconds` more.

    Without grace every token of the client is refused at once: the answer to a leak.
    """
    clients = Clients(tx)
    row = clients.get_for_update(client_id, by=by)
    if row.disabled_at is not None:
        raise ClientDisabled("客户端已停用，请先启用再更换密钥")
    now = clock.now()
    if grace_seconds == 0:
        row.secrets.clear()
        row.token_version += 1
    else:
        ending = now + dt.timedelta(seconds=grace_seconds)
        row.secrets[:] = [each for each in row.secrets if each.expires_at is None or each.expires_at > now]
        for each in row.secrets:
            each.expires_at = min(each.expires_at or ending, ending)
    clients.add_secret(row, secret)
    row.updated_at = now
    clients.announce()
    tx.audit("client-secret-rotated", client_id, {"grace_seconds": grace_seconds})
    return row
