"""The gateway's composition root for HTTP: its own application behind the same door as the services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from chassis import http
from chassis.auth import IdentityVerifier
from chassis.db import Database
from chassis.worker import check_heartbeats
from gateway.api import clients, health, installation, keys, pages, tokens
from gateway.api.documents import Documents
from gateway.api.health import HealthCheck
from gateway.migrations import MIGRATIONS
from gateway.proxy.admission import Admission
from gateway.proxy.front import Front
from gateway.proxy.in_process import InProcess
from gateway.proxy.limits import InHand, RateLimits
from gateway.proxy.routes import OWN
from gateway.proxy.upstream import Upstream
from gateway.proxy.usage import UsageCounter
from gateway.settings import Settings
from gateway.tokens.directory import Directory
from gateway.tokens.doorkeeper import Doorkeeper
from gateway.tokens.issuing import Issuer
from gateway.tokens.keys import SigningKey
from gateway.tokens.proof import Prover
from gateway.worker import EXPECTED


def create_app(settings: Settings, db: Database, upstreams: Mapping[str, Upstream]) -> Front:
    """The whole gateway as an ASGI application; `upstreams` are the services by name."""
    key = SigningKey.from_file(settings.signing_key_file)
    usage = UsageCounter(db)
    directory = Directory(db, grace_seconds=settings.directory_grace_seconds, turning=usage.flush_when_due)
    prover = Prover()
    anonymous = RateLimits("anonymous")
    own = create_api(settings, db)
    own.state.key = key
    own.state.anonymous = anonymous
    own.state.issuer = Issuer(key, directory, prover, lifetime_seconds=settings.token_lifetime_seconds)
    services = {**upstreams, OWN: InProcess(own)}
    own.state.health = HealthCheck(db, services, expect_sample=settings.expect_sample)
    own.state.documents = Documents(own.openapi, upstreams, base_url=settings.public_url)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(directory.open)
            stack.push_async_callback(asyncio.to_thread, usage.flush)
            stack.push_async_callback(asyncio.to_thread, directory.close)
            prover.open()
            stack.callback(prover.close)
            for service in services.values():
                await service.open()
                stack.push_async_callback(service.close)
            yield

    return Front(
        admission=Admission(settings, services, Doorkeeper(key, directory), anonymous),
        in_hand=InHand({"working": settings.max_working, "waiting": settings.max_waiting}),
        usage=usage,
        lifespan=lifespan,
        trusted_proxies=settings.trusted_proxies,
    )


def create_api(settings: Settings, db: Database) -> FastAPI:
    """The gateway's own interfaces, without the data path; enough to generate their description."""
    app = http.create(
        service=OWN,
        title="培育 Peiyu · 网关",
        description="令牌、接入客户端、安装状态、健康检查。",
        version="1",
        db=db,
        identity=IdentityVerifier.from_file(settings.identity_key_file, OWN),
        checks={"migrations": lambda: MIGRATIONS.check(db), "worker": lambda: check_heartbeats(db, EXPECTED)},
    )
    app.state.settings = settings
    pages.take_over_documents(app)
    for router in (tokens.router, keys.router, health.router, pages.router):
        app.include_router(router)
    for router in (clients.router, installation.router):
        app.include_router(router, prefix="/api/gateway/v1")
    return app
