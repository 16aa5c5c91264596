"""A client's grants and bindings change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis import clock
from chassis.db import Transaction
from gateway.domain.clients import checked
from gateway.domain.errors import SystemClientReserved
from gateway.domain.roles import SYSTEM
from gateway.store.queries import attributes_of
from gateway.store.repositories import Clients
from gateway.store.tables import ClientRow


def change_client(tx: Transaction, row: ClientRow, wanted: Mapping[str, Any]) -> ClientRow:
    """Amend the attributes named in `wanted`; what the client asks from now on is answered by the new ones."""
    before = attributes_of(row)
    after = checked(replace(before, **wanted))
    if after.role == SYSTEM:
        raise SystemClientReserved("安装程序专用的客户端只能由安装程序创建")
    if after == before:
        return row
    Clients(tx).write(row, after)
    row.updated_at = clock.now()
    Clients(tx).announce()
    changed = sorted(name for name in wanted if getattr(before, name) != getattr(after, name))
    tx.audit("client-changed", row.client_id, {"changed": changed})
    return row
