"""Whether the whole suite is up: asked at most once a second, however many ask."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from chassis import logging
from chassis.auth import PUBLIC
from chassis.db import Database
from chassis.errors import DomainError
from chassis.inquiry import Inquiry
from gateway.domain.health import Health, Readiness, judge
from gateway.proxy.upstream import Upstream, ask
from gateway.store.repositories import InstallationStates

ANSWER_SECONDS = 5.0
FRESH_SECONDS = 1.0

router = APIRouter(tags=["health"])


class HealthOut(BaseModel):
    """What is up and, in words, what is missing."""

    status: Literal["healthy", "unhealthy"]
    services: dict[str, str] = Field(description="ready | not_ready | unreachable")
    sample_loaded: bool
    whitelist_epoch: int | None
    missing: list[str] = Field(description="尚缺什么、怎么办")


class HealthCheck:
    """Asks every service for its readiness, all at the same time."""

    def __init__(self, db: Database, services: Mapping[str, Upstream], *, expect_sample: bool) -> None:
        self._db = db
        self._services = services
        self._expect_sample = expect_sample
        self._installation = Inquiry(self._read_installation, "installation")
        self._asking = asyncio.Lock()
        self._found: tuple[float, Health] | None = None

    async def report(self) -> Health:
        """The health, not older than a second; who comes while it is being asked waits for the same answer."""
        async with self._asking:
            if self._found is not None and time.monotonic() - self._found[0] < FRESH_SECONDS:
                return self._found[1]
            installation, *answers = await asyncio.gather(
                self._installed(), *(_readiness(service) for service in self._services.values())
            )
            readiness = dict(zip(self._services, answers, strict=True))
            health = judge(readiness, installation, expect_sample=self._expect_sample)
            self._found = (time.monotonic(), health)
            return health

    async def _installed(self) -> dict[str, Any] | None:
        try:
            return await self._installation.answer(ANSWER_SECONDS)
        except TimeoutError:
            return None

    def _read_installation(self) -> dict[str, Any] | None:
        try:
            with self._db.reading() as tx:
                return {row.key: row.value for row in InstallationStates(tx).list_all()}
        except Exception as error:
            logging.get(__name__).warning("cannot read the installation's state", reason=str(error))
            return None


async def _readiness(service: Upstream) -> Readiness:
    try:
        answer = await ask(service, "/health/ready", seconds=ANSWER_SECONDS)
        body = json.loads(answer.body)
    except (DomainError, ValueError):
        return Readiness(None)
    return Readiness(answer.status, body if isinstance(body, dict) else {})


@router.get(
    "/health",
    dependencies=[Depends(PUBLIC)],
    response_model=HealthOut,
    responses={503: {"model": HealthOut, "description": "尚未就绪，见 missing"}},
    openapi_extra={"security": []},
)
async def read_health(request: Request) -> JSONResponse:
    """Say whether the whole suite is ready. 所有服务就绪时为 200，否则为 503，并说明尚缺什么。"""
    check: HealthCheck = request.app.state.health
    health = await check.report()
    body = HealthOut(
        status="healthy" if health.healthy else "unhealthy",
        services=dict(health.services),
        sample_loaded=health.sample_loaded,
        whitelist_epoch=health.whitelist_epoch,
        missing=list(health.missing),
    )
    headers = {"Cache-Control": "no-store"} | ({} if health.healthy else {"Retry-After": "1"})
    return JSONResponse(body.model_dump(), status_code=200 if health.healthy else 503, headers=headers)
