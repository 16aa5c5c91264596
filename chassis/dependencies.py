"""The FastAPI dependencies that services share: the transaction of a request, and a read-only one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, cast

from fastapi import Depends, Request

from chassis.auth import Actor
from chassis.context import Context, current
from chassis.db import Database, Transaction


def database(request: Request) -> Database:
    return cast(Database, request.app.state.db)


def context_of(request: Request) -> Context:
    """The request's context, acting as whoever the guard has admitted."""
    actor = getattr(request.state, "actor", None)
    return current().acting_as(actor.subject) if isinstance(actor, Actor) else current()


def transaction(request: Request) -> Iterator[Transaction]:
    with database(request).transaction(context_of(request)) as tx:
        request.state.tx = tx
        yield tx


def reading(request: Request) -> Iterator[Transaction]:
    with database(request).reading(context_of(request)) as tx:
        yield tx


Tx = Annotated[Transaction, Depends(transaction, scope="function")]
"""Commits after the route has returned and before the response leaves (ADR-0002)."""

ReadTx = Annotated[Transaction, Depends(reading, scope="function")]
"""Sees one moment, changes nothing."""
