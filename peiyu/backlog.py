"""Whether everything that was set off has come to its end: nothing unsent, and every consumer has caught up since."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from chassis import clock
from chassis.db import Database

_EMITTED = text("SELECT count(*) FILTER (WHERE sent_at IS NULL), coalesce(max(id), 0) FROM outbox")
_CAUGHT_UP = text(
    "SELECT coalesce(bool_and(beat_at > :since AND (details->>'lag')::bigint = 0), true)"
    " FROM heartbeats WHERE name LIKE 'consumer:%'"
)


@dataclass
class Backlog:
    """Asked again and again, it knows when the last event was emitted, and so which beats of consumers count."""

    databases: Mapping[str, Database]
    _emitted: tuple[int, ...] = field(default=(), init=False)
    _quiet_since: dt.datetime | None = field(default=None, init=False)

    def worked_off(self) -> bool:
        """Whether all outboxes are empty and every consumer has said since then that it has nothing left.

        Consumers say so every few seconds, between two batches: who is silent is still at work.
        """
        now = clock.now()
        unsent, emitted = 0, []
        for db in self.databases.values():
            with db.reading() as tx:
                waiting, last = tx.session.execute(_EMITTED).one()
            unsent += waiting
            emitted.append(last)
        if unsent or tuple(emitted) != self._emitted:
            self._emitted, self._quiet_since = tuple(emitted), now
        if unsent or self._quiet_since is None:
            return False
        for db in self.databases.values():
            with db.reading() as tx:
                if not tx.session.execute(_CAUGHT_UP, {"since": self._quiet_since}).scalar_one():
                    return False
        return True
