"""Connections to PostgreSQL that give up on a server that does not answer.

A statement timeout is kept by the server: one that is frozen keeps none. Keepalives notice a host that is gone, and
nothing else: the kernel of a stopped process goes on acknowledging. So each wait of the client has an end of its own.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

CONNECT_SECONDS = 5
IDLE_SECONDS = 5.0
"""What a sign of life or the set-up of a connection may take."""
GRACE_SECONDS = 5.0
"""Waited beyond a statement timeout, so that the server's own answer arrives when there is one."""
LONGEST_SECONDS = 3600.0
"""Work without a statement timeout (jobs, rebuilds) may take long, but no single statement longer than this."""

NOTICING: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""libpq: a host that is gone is noticed within half a minute."""


class ServerSilent(psycopg.OperationalError):
    """The server did not answer in time; the connection was given up. What it was asked to do may still happen."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """Waits no longer than `patience` seconds for an answer."""

    patience: float = IDLE_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.OperationalError as error:
            # An error that the server sent ends the statement: only one whose answer is missing is still active.
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise
            self.pgconn.finish()
            raise ServerSilent(f"no answer from the database within {self.patience:g} seconds") from error


def connect(url: str, name: str, *, statement_seconds: int, lock_seconds: int | None = None) -> Connection:
    """An autocommitting connection of its own, outside any pool. `url` is libpq's."""
    options = f"-c statement_timeout={statement_seconds}s -c timezone=UTC"
    if lock_seconds is not None:
        options += f" -c lock_timeout={lock_seconds}s -c idle_in_transaction_session_timeout={statement_seconds}s"
    connection = Connection.connect(
        url, autocommit=True, application_name=name, connect_timeout=CONNECT_SECONDS, options=options, **NOTICING
    )
    connection.patience = patience_for(statement_seconds)
    return connection


def patience_for(statement_seconds: float) -> float:
    """Seconds to wait for an answer under this statement timeout; 0 is none."""
    return statement_seconds + GRACE_SECONDS if statement_seconds else LONGEST_SECONDS
