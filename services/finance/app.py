"""The composition root of finance's HTTP application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from chassis import http
from chassis.auth import IdentityVerifier
from chassis.db import FEED_CHANNEL, Database
from chassis.longpoll import LongPoll
from chassis.worker import check_heartbeats
from services.finance.api import consents, whitelist
from services.finance.domain.errors import WhitelistNotPublished
from services.finance.domain.manifest import PREFIX
from services.finance.migrations import MIGRATIONS
from services.finance.settings import EXPECTED, Settings
from services.finance.store.files import Contents
from services.finance.store.queries import head, last_epoch

SERVICE = "finance"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """The application on its own database."""
    app = http.create(
        service=SERVICE,
        title="Peiyu finance 金融服务",
        description="The whitelist of recognised enterprises (白名单) that banks follow, and consents (授权).",
        version="1",
        db=db,
        identity=IdentityVerifier.from_file(settings.identity_key_file, SERVICE),
        checks={
            "migrations": lambda: MIGRATIONS.check(db),
            "worker": lambda: check_heartbeats(db, EXPECTED),
            "whitelist": lambda: check_published(db),
        },
    )
    app.state.contents = Contents(db, settings.whitelist_cache_megabytes * 1024 * 1024)
    app.state.feed = LongPoll(db, FEED_CHANNEL, head)
    for router in (whitelist.router, consents.router):
        app.include_router(router, prefix=PREFIX)
    return app


def check_published(db: Database) -> dict[str, Any]:
    """Readiness: the epoch that banks get now; raise WhitelistNotPublished before the first."""
    with db.reading() as tx:
        epoch = last_epoch(tx)
        if epoch is None:
            raise WhitelistNotPublished("名单尚未首次发布：请检查 peiyu work finance 进程")
        return {"epoch": epoch.epoch, "seq": epoch.seq, "count": epoch.count}
