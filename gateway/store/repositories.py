"""Reading and writing of clients and of the installation's state. `get_` raises, `find_` returns None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock, ids
from chassis.db import Transaction
from gateway.domain.clients import Attributes, changeable
from gateway.domain.errors import ClientNotFound
from gateway.store.secrets import hashed
from gateway.store.tables import ClientRow, DirectoryRevisionRow, InstallationStateRow, SecretRow, UsageRow

CLIENTS_CHANNEL = "clients"
"""Notified when a change of a client commits."""


class Clients:
    """The clients of this installation; deleted ones are not found."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def get(self, client_id: str) -> ClientRow:
        row = self._session.get(ClientRow, client_id)
        if row is None or row.deleted_at is not None:
            raise _not_found(client_id)
        return row

    def get_for_update(self, client_id: str, *, by: str) -> ClientRow:
        """The client that the client `by` is about to change; refused when nobody may, or not this one."""
        query = select(ClientRow).where(ClientRow.client_id == client_id, ClientRow.deleted_at.is_(None))
        row = self._session.scalar(query.with_for_update())
        if row is None:
            raise _not_found(client_id)
        changeable(client_id, row.role, by=by)
        return row

    def list_enabled(self, role: str) -> list[ClientRow]:
        """The clients of a role that are neither disabled nor deleted."""
        query = select(ClientRow).where(
            ClientRow.role == role, ClientRow.deleted_at.is_(None), ClientRow.disabled_at.is_(None)
        )
        return list(self._session.scalars(query.order_by(ClientRow.client_id)))

    def known(self, client_id: str) -> bool:
        """Whether the id is or was in use."""
        return self._session.get(ClientRow, client_id) is not None

    def add(self, client_id: str, attributes: Attributes, secret: str) -> ClientRow:
        """A new row with its first secret, of which only the hash is kept."""
        now = clock.now()
        row = ClientRow(client_id=client_id, token_version=1, created_at=now, updated_at=now)
        self.write(row, attributes)
        self.add_secret(row, secret)
        self._session.add(row)
        self._session.flush()
        return row

    def write(self, row: ClientRow, attributes: Attributes) -> None:
        row.name, row.description, row.role = attributes.name, attributes.description, attributes.role
        row.scopes, row.areas = sorted(attributes.scopes), list(attributes.areas)
        row.institution, row.uscc = attributes.institution, attributes.uscc
        row.commissioner, row.department = attributes.commissioner, attributes.department
        row.requests_per_minute = attributes.requests_per_minute

    def add_secret(self, row: ClientRow, secret: str) -> None:
        """`secret` is valid for the client until it is rotated out."""
        row.secrets.append(
            SecretRow(id=ids.new_id(), hash=hashed(secret), hint=secret[-4:], created_at=clock.now(), expires_at=None)
        )

    def announce(self) -> None:
        """Make every gateway read the clients again. The row's lock lasts until the commit, so the number that a
        gateway has seen never hides a change with a smaller one."""
        self._session.flush()
        self._session.execute(
            update(DirectoryRevisionRow)
            .values(revision=DirectoryRevisionRow.revision + 1)
            .where(DirectoryRevisionRow.id == 1)
        )
        self._tx.notify(CLIENTS_CHANNEL)


class InstallationStates:
    """What the installer records."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def find(self, key: str) -> InstallationStateRow | None:
        return self._session.get(InstallationStateRow, key)

    def list_all(self) -> list[InstallationStateRow]:
        return list(self._session.scalars(select(InstallationStateRow).order_by(InstallationStateRow.key)))

    def put(self, key: str, value: Mapping[str, Any]) -> InstallationStateRow:
        """Record `value` under `key`, replacing what was there."""
        row = self.find(key)
        if row is None:
            row = InstallationStateRow(key=key)
            self._session.add(row)
        row.value, row.at = dict(value), clock.now()
        return row


class Usage:
    """The daily counters."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(self, counts: Mapping[tuple[Any, str, str], int]) -> None:
        """Add to the counters of (day, client, service); in key order, so that two gateways cannot deadlock."""
        rows = [
            {"day": day, "client_id": client, "service": service, "count": count}
            for (day, client, service), count in sorted(counts.items())
        ]
        if not rows:
            return
        statement = insert(UsageRow).values(rows)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["day", "client_id", "service"],
                set_={"count": UsageRow.count + statement.excluded.count},
            )
        )


def _not_found(client_id: str) -> ClientNotFound:
    return ClientNotFound(f"没有客户端“{client_id}”，请在客户端列表中核对")
