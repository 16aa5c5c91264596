"""What was sent is sent again, from the outbox: for a bus that has lost what not everybody had consumed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from chassis import clock, connections
from chassis.bus import MIN_RETENTION
from chassis.db import Database, libpq_url
from chassis.errors import Conflict, Gone, Invalid
from chassis.outbox_lead import RELAY, lead_instead
from chassis.worker import beat

PORTION = 10_000
FIRST_SENT = "first_sent_at"
"""Header of a row that was sent again: what receivers remember is as old as its first sending, not as its last."""


class ResendFromTheFuture(Invalid):
    """Nothing can have been sent after now."""

    code = "resend-from-the-future"


class NoLongerKept(Gone):
    """What was sent so long ago is no longer in the outbox, and receivers no longer know whether they had it."""

    code = "outbox-no-longer-kept"


class RelayNotPaused(Conflict):
    """Another process took the lead again and again: marking beside a running relay could turn the order round."""

    code = "relay-not-paused"


@dataclass(frozen=True, slots=True)
class Resent:
    """How many events of which topic, the moment the first of them was sent, and what was too old to go again."""

    topics: Mapping[str, int]
    earliest: dt.datetime | None
    too_old: int


def resend(
    db: Database,
    since: dt.datetime | None = None,
    *,
    retention: dt.timedelta = MIN_RETENTION,
    topic: str | None = None,
    portion: int = PORTION,
) -> Resent:
    """Mark what was sent at `since` or later as unsent, so that the relay sends it again; None is all that is kept.

    The newest goes first and no relay sends meanwhile: whatever interrupts this, what is marked is the end of the
    outbox, and the relay sends it in the order in which it was decided. The other way round an old event could be the
    last one of its key on the bus. Nobody need be woken: a relay without the lead asks for it every second, and who
    has just got it looks at the outbox.
    """
    asked = _asked(since, retention, topic)
    topics: Counter[str] = Counter()
    earliest: dt.datetime | None = None
    too_old = _too_old(db, asked)
    with _instead_of_the_relay(db) as lead:
        below = 2**63 - 1
        while True:
            lead.execute("SELECT 1")  # ends here when somebody has taken the lead from us
            with db.transaction(timeout_seconds=600) as tx:
                rows = tx.session.execute(_MARK, {**asked, "below": below, "portion": portion}).all()
                if not rows:
                    break
                part = Counter(row.topic for row in rows)
                first = min(row.was_sent_at for row in rows)
                tx.audit("outbox.resend", topic or "*", {"topics": dict(part), "since": first.isoformat()})
            topics += part
            earliest = min(first, earliest or first)
            below = min(row.id for row in rows)
            # A leader that says nothing for a minute is taken for a frozen one.
            beat(db, RELAY, {"resending": topics.total()})
    return Resent(topics, earliest, too_old)


def would_resend(
    db: Database,
    since: dt.datetime | None = None,
    *,
    retention: dt.timedelta = MIN_RETENTION,
    topic: str | None = None,
) -> Resent:
    """What `resend` would mark at this moment."""
    asked = _asked(since, retention, topic)
    with db.reading() as tx:
        rows = tx.session.execute(_COUNT, asked).all()
    return Resent(
        {row.topic: row.number for row in rows}, min((row.earliest for row in rows), default=None), _too_old(db, asked)
    )


_SENT = "sent_at >= :since AND (CAST(:topic AS text) IS NULL OR topic = :topic)"
_FIRST = f"coalesce((headers ->> '{FIRST_SENT}')::timestamptz, sent_at)"
_COUNT = text(
    f"""SELECT topic, count(*) AS number, min(sent_at) AS earliest FROM outbox
        WHERE {_SENT} AND {_FIRST} >= :kept GROUP BY topic ORDER BY topic"""  # noqa: S608 - constants
)
_COUNT_TOO_OLD = text(f"SELECT count(*) FROM outbox WHERE {_SENT} AND {_FIRST} < :kept")  # noqa: S608 - constants
_MARK = text(
    f"""WITH marked AS (
          SELECT id, sent_at FROM outbox WHERE id < :below AND {_SENT} AND {_FIRST} >= :kept
          ORDER BY id DESC LIMIT :portion FOR UPDATE)
        UPDATE outbox o SET sent_at = NULL,
          headers = jsonb_build_object('{FIRST_SENT}', marked.sent_at) || o.headers
        FROM marked WHERE o.id = marked.id RETURNING o.id, o.topic, marked.sent_at AS was_sent_at"""  # noqa: S608
)


def _asked(since: dt.datetime | None, retention: dt.timedelta, topic: str | None) -> dict[str, object]:
    now = clock.now()
    kept = now - max(retention, MIN_RETENTION)
    if since is not None and since > now:
        raise ResendFromTheFuture(f"起始时间 {_shown(since)} 在将来（现在是 {_shown(now)}）。请给出一个过去的时间")
    if since is not None and since < kept:
        raise NoLongerKept(
            f"起始时间 {_shown(since)} 早于发件箱保留的范围。最早可以从 {_shown(kept)} 起重发；"
            "更早的事件接收方已不记得是否收到过，请从同一时刻的备份恢复各数据库"
        )
    return {"since": since or kept, "kept": kept, "topic": topic}


def _too_old(db: Database, asked: Mapping[str, object]) -> int:
    with db.reading() as tx:
        return int(tx.session.execute(_COUNT_TOO_OLD, asked).scalar_one())


@contextmanager
def _instead_of_the_relay(db: Database) -> Iterator[connections.Connection]:
    def connect() -> connections.Connection:
        return connections.connect(libpq_url(db.url), "peiyu outbox resend", statement_seconds=30)

    with closing(connect()) as session:
        with closing(connect()) as other:
            if not lead_instead(session, other):
                raise RelayNotPaused("转发进程没能暂停，没有标记任何事件。请稍后重试")
        yield session


def _shown(moment: dt.datetime) -> str:
    return f"{moment.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"
