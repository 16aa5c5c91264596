"""The HTTP application of eligibility."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from chassis import http, problems
from chassis.auth import IdentityVerifier
from chassis.db import Database
from chassis.worker import check_heartbeats
from rulebook.scene import FactUnreadable
from services.eligibility.api import assessments, batch_runs, enterprises, findings, packs, plans, records, simulations
from services.eligibility.domain.errors import StoredFactUnreadable
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import (
    read_catalog,
    read_checks,
    read_codes,
    read_sizes,
    read_sources,
    read_wordings,
    record_signers,
)
from services.eligibility.settings import EXPECTED, Settings

PREFIX = "/api/eligibility/v1"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """Put eligibility together."""
    app = http.create(
        service="eligibility",
        title="Peiyu eligibility 测算",
        description="Which title each enterprise can reach, why, and what is missing. It computes, it never grants.",
        version="1",
        db=db,
        identity=IdentityVerifier.from_file(settings.identity_key_file, "eligibility"),
        checks={
            "migrations": lambda: MIGRATIONS.check(db),
            "worker": lambda: check_heartbeats(db, EXPECTED),
        },
    )

    async def unreadable(request: Request, error: Exception) -> Response:
        return problems.of_domain_error(StoredFactUnreadable(str(error)), request.url.path)

    app.add_exception_handler(FactUnreadable, unreadable)
    catalog = app.state.catalog = read_catalog(settings)
    dictionary = catalog.dictionary
    app.state.settings = settings
    app.state.sizes = read_sizes(settings, dictionary)
    app.state.checks = read_checks(settings, dictionary)
    app.state.codes = read_codes(settings, dictionary)
    app.state.wordings = read_wordings(settings)
    app.state.sources = read_sources(settings)
    app.state.signers = record_signers(settings)
    for router in (
        assessments.router,
        records.router,
        enterprises.router,
        findings.router,
        packs.router,
        plans.router,
        batch_runs.router,
        simulations.router,
    ):
        app.include_router(router, prefix=PREFIX)
    return app
