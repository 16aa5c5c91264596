"""The composition root of finance's worker: relay, consumer, calendar, and the publishing of the whitelist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import text

from chassis import clock
from chassis.bus import Bus
from chassis.consumer import Subscriber
from chassis.db import FEED_CHANNEL, Database
from chassis.relay import Relay
from chassis.schedule import DailyAt, Every, Schedule
from chassis.signing import Signer, own_signer
from chassis.worker import Turning, Worker, standard_loops
from services.finance.domain.feed import Cadence, Retention
from services.finance.settings import Settings
from services.finance.store.queries import head, last_epoch
from services.finance.store.repositories import WHITELIST_CHANNEL
from services.finance.subscriptions import SUBSCRIPTIONS
from services.finance.use_cases.begin_titles import begin_titles
from services.finance.use_cases.build_snapshot import build_snapshot
from services.finance.use_cases.close_segments import close_segments
from services.finance.use_cases.expire_consents import expire_consents
from services.finance.use_cases.expire_titles import expire_titles
from services.finance.use_cases.number_changes import number_changes
from services.finance.use_cases.prune_content import forget_changes, prune_content
from services.finance.use_cases.publish_epoch import publish_epoch


class Publisher:
    """Numbers pending changes, cuts epochs and closes segments; of several replicas one does it at a time."""

    def __init__(self, db: Database, signer: Signer, cadence: Cadence, segment_rows: int) -> None:
        self._db = db
        self._signer = signer
        self._cadence = cadence
        self._segment_rows = segment_rows

    def number(self) -> int:
        """Give a batch of pending changes their places; how many."""
        with self._db.transaction() as tx:
            return number_changes(tx)

    def publish(self) -> bool:
        """Cut an epoch when one is due, close segments that are full; whether there may be more to do at once."""
        with self._alone() as leading:
            if not leading:
                return False
            if self._due():
                self._cut()
            with self._db.transaction(timeout_seconds=0) as tx:
                return close_segments(tx, self._segment_rows, self._signer) > 0

    def _due(self) -> bool:
        with self._db.reading() as tx:
            latest = last_epoch(tx)
            if latest is None:
                return True
            pending = head(tx) > latest.seq
            return pending and self._cadence.due(clock.now(), latest.built_at, latest.build_seconds)

    def _cut(self) -> None:
        with ExitStack() as held:
            with self._db.reading() as tx:
                snapshot = build_snapshot(tx, held)
            with self._db.transaction(timeout_seconds=0) as tx:
                publish_epoch(tx, snapshot, self._signer)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the publishing lock of this database on a connection of its own; it dies with the process."""
        with self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            lock = "(hashtextextended('whitelist-epochs', 7))"
            leading = bool(connection.scalar(text(f"SELECT pg_try_advisory_lock{lock}")))
            try:
                yield leading
            finally:
                if leading:
                    connection.execute(text(f"SELECT pg_advisory_unlock{lock}"))


def build_worker(settings: Settings, db: Database, bus: Bus) -> Worker:
    """Everything that finance does in the background."""
    retention = dt.timedelta(days=settings.retention_days)
    cadence = Cadence(settings.whitelist_epoch_seconds, settings.whitelist_epoch_build_factor)
    publisher = Publisher(db, feed_signer(settings), cadence, settings.whitelist_segment_rows)
    return Worker(
        "finance",
        db,
        [
            Relay(db, bus, "/peiyu/finance", retention=retention),
            Subscriber(db, bus, "finance", SUBSCRIPTIONS, retention=retention),
            *standard_loops(db, schedules=_schedules(settings), retention=retention),
            Turning("whitelist-sequence", db, publisher.number, seconds=1.0, channels=(WHITELIST_CHANNEL,)),
            Turning("whitelist-epochs", db, publisher.publish, seconds=0.5, channels=(FEED_CHANNEL,)),
        ],
    )


def feed_signer(settings: Settings) -> Signer:
    """The feed's signing key; the embedded local run makes its own on first use."""
    local = settings.identity_key_file.with_name("feed-key.pem") if settings.environment == "local" else None
    return own_signer(settings.feed_key_file, local=local, variable="PEIYU_FEED_KEY_FILE", purpose="名单")


def _schedules(settings: Settings) -> list[Schedule]:
    kept = Retention(settings.whitelist_keep_epochs, settings.whitelist_keep_minutes, settings.whitelist_keep_days)
    return [
        # At midnight for the many whose term ends with the day, every minute for what arrives late.
        Schedule("titles-expire-at-midnight", DailyAt(dt.time(0, 0, 1)), expire_titles),
        Schedule("titles-expire", Every(60), expire_titles),
        Schedule("titles-begin-at-midnight", DailyAt(dt.time(0, 0, 1)), begin_titles),
        Schedule("titles-begin", Every(60), begin_titles),
        Schedule("consents-expire-at-midnight", DailyAt(dt.time(0, 0, 1)), expire_consents),
        Schedule("consents-expire", Every(60), expire_consents),
        Schedule("whitelist-content-prune", Every(60), lambda tx: prune_content(tx, kept)),
        Schedule(
            "whitelist-changes-forget", Every(3600), lambda tx: forget_changes(tx, settings.whitelist_changes_keep_days)
        ),
    ]
