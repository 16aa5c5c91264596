"""Read models: the list of clients, the directory that the data path knows, a client's usage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from chassis.db import Transaction
from chassis.keyset import Slice, cut
from gateway.domain.clients import Attributes, Client, Secret
from gateway.store.tables import ClientRow, DirectoryRevisionRow, UsageRow


def attributes_of(row: ClientRow) -> Attributes:
    """What an administrator has decided about the client."""
    return Attributes(
        name=row.name,
        description=row.description,
        role=row.role,
        scopes=frozenset(row.scopes),
        areas=tuple(row.areas),
        institution=row.institution,
        uscc=row.uscc,
        commissioner=row.commissioner,
        department=row.department,
        requests_per_minute=row.requests_per_minute,
    )


def client_of(row: ClientRow) -> Client:
    return Client(
        client_id=row.client_id,
        attributes=attributes_of(row),
        token_version=row.token_version,
        disabled=row.disabled_at is not None,
        secrets=tuple(Secret(secret.hash, secret.expires_at) for secret in row.secrets),
    )


def directory_revision(tx: Transaction) -> int:
    """Rises with every change of a client."""
    return tx.session.scalar(select(DirectoryRevisionRow.revision)) or 0


def directory(tx: Transaction) -> list[Client]:
    """All clients that are not deleted."""
    return [client_of(row) for row in tx.session.scalars(select(ClientRow).where(ClientRow.deleted_at.is_(None)))]


def list_clients(
    tx: Transaction,
    *,
    after: tuple[str] | None,
    limit: int,
    role: str | None = None,
    institution: str | None = None,
    disabled: bool | None = None,
) -> Slice[ClientRow]:
    """A page of clients by id."""
    query = select(ClientRow).where(ClientRow.deleted_at.is_(None)).order_by(ClientRow.client_id).limit(limit + 1)
    if after is not None:
        query = query.where(ClientRow.client_id > after[0])
    if role is not None:
        query = query.where(ClientRow.role == role)
    if institution is not None:
        query = query.where(ClientRow.institution == institution)
    if disabled is not None:
        query = query.where(ClientRow.disabled_at.is_not(None) if disabled else ClientRow.disabled_at.is_(None))
    return cut(list(tx.session.scalars(query)), limit, lambda row: (row.client_id,))


def usage(tx: Transaction, client_id: str, first: dt.date, last: dt.date) -> Sequence[UsageRow]:
    """The client's counters of the days from `first` to `last`, both included."""
    query = select(UsageRow).where(UsageRow.client_id == client_id, UsageRow.day.between(first, last))
    return tx.session.scalars(query.order_by(UsageRow.day, UsageRow.service)).all()
