"""The composition root of the registry's HTTP application."""

from __future__ import annotations

from fastapi import FastAPI

from chassis import http
from chassis.auth import IdentityVerifier
from chassis.db import FEED_CHANNEL, Database
from chassis.longpoll import LongPoll
from chassis.worker import check_heartbeats
from services.registry.api import changes, dictionary, enterprises, exports, facts, imports, search, templates, titles
from services.registry.migrations import MIGRATIONS
from services.registry.settings import EXPECTED, Settings
from services.registry.store.knowledge import load_knowledge
from services.registry.store.queries import position
from services.registry.store.reference import check_loaded
from services.registry.store.search_index import check_index

SERVICE = "registry"
PREFIX = "/api/registry/v1"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """The application on its own database."""
    app = http.create(
        service=SERVICE,
        title="Peiyu registry 企业登记",
        description="Enterprises, their facts with provenance and history, the title ledger (称号台账), imports.",
        version="1",
        db=db,
        identity=IdentityVerifier.from_file(settings.identity_key_file, SERVICE),
        checks={
            "migrations": lambda: MIGRATIONS.check(db),
            "reference": lambda: check_loaded(db),
            "search": lambda: check_index(db),
            "worker": lambda: check_heartbeats(db, EXPECTED),
        },
    )
    app.state.settings = settings
    app.state.knowledge = load_knowledge(settings.facts_folder, settings.size_rules_file)
    app.state.longpoll = LongPoll(db, FEED_CHANNEL, position)
    for module in (imports, exports, search, enterprises, facts, titles, changes, dictionary, templates):
        app.include_router(module.router, prefix=PREFIX)
    return app
