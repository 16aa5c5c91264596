"""The composition root of the registry's HTTP application."""

from __future__ import annotations

from fastapi import FastAPI

from chassis import http
from chassis.auth import IdentityVerifier
from chassis.db import FEED_CHANNEL, Database
from chassis.longpoll import LongPoll
from chassis.worker import check_heartbeats
from chassis.working_days import load_working_days
from services.registry.api import (
    carriers,
    cases,
    change_requests,
    changes,
    dictionary,
    enterprises,
    exports,
    facts,
    file_history,
    imports,
    items,
    parks,
    people,
    pool,
    profile,
    programme_assignments,
    programme_entries,
    programme_ledger,
    programme_reports,
    programme_supervision,
    programme_targets,
    programmes,
    projects,
    search,
    seed_lists,
    templates,
    title_ledger,
    titles,
    unresolved_titles,
)
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import catalog_for
from services.registry.settings import EXPECTED, Settings
from services.registry.store.change_rules_file import load_change_rules
from services.registry.store.items_file import load_item_kinds
from services.registry.store.knowledge import load_knowledge
from services.registry.store.life_cycles import load_life_cycles
from services.registry.store.pool_file import load_pool_rules
from services.registry.store.profile_file import load_profile_layout
from services.registry.store.queries import position
from services.registry.store.reference import check_loaded
from services.registry.store.search_index import check_index

SERVICE = "registry"
PREFIX = "/api/registry/v1"
REGISTER = (
    imports,
    exports,
    search,  # before the file of one: its path would be taken for a credit code
    enterprises,
    file_history,
    change_requests,
    people,
    profile,
    facts,
    titles,
    title_ledger,
    unresolved_titles,
    items,
    carriers,
    parks,
    projects,
    cases,
    pool,
    seed_lists,
    changes,
    dictionary,
    templates,
)
PROGRAMMES = (
    programmes,
    programme_targets,
    programme_entries,
    programme_assignments,
    programme_ledger,
    programme_reports,
    programme_supervision,
)


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
    app.state.life_cycles = load_life_cycles(settings.title_life_cycles_file)
    app.state.item_kinds = load_item_kinds(settings.certified_items_file)
    app.state.pool_rules = load_pool_rules(settings.pool_rules_file, app.state.item_kinds)
    app.state.programmes = catalog_for(settings, app.state.item_kinds, app.state.pool_rules)
    app.state.working_days = load_working_days(settings.working_days_file)
    app.state.change_rules = load_change_rules(settings.change_rules_file)
    app.state.profile_layout = load_profile_layout(settings.profile_file, app.state.knowledge.dictionary)
    app.state.longpoll = LongPoll(db, FEED_CHANNEL, position)
    for module in (*REGISTER, *PROGRAMMES):
        app.include_router(module.router, prefix=PREFIX)
    return app
