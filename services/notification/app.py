"""Notification's HTTP application."""

from __future__ import annotations

from fastapi import FastAPI

from chassis import http
from chassis.auth import IdentityVerifier
from chassis.db import Database
from chassis.worker import check_heartbeats
from services.notification.api import assignments, commissioners, coverage, inbox, messages
from services.notification.migrations import MIGRATIONS
from services.notification.settings import EXPECTED, SERVICE, Settings
from services.notification.store.template_files import shipped

PREFIX = "/api/notification/v1"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """The application on its own database; refuses to start with a message template that is wrong."""
    shipped()
    app = http.create(
        service=SERVICE,
        title="Peiyu notification",
        description="Commissioners (服务专员), which enterprise each one looks after, and the messages in their inbox.",
        version="1",
        db=db,
        identity=IdentityVerifier.from_file(settings.identity_key_file, SERVICE),
        checks={
            "migrations": lambda: MIGRATIONS.check(db),
            "worker": lambda: check_heartbeats(db, EXPECTED),
        },
    )
    for router in (inbox.router, commissioners.router, assignments.router, coverage.router, messages.router):
        app.include_router(router, prefix=PREFIX)
    return app
