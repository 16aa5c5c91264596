"""Liveness and readiness: answers that tell the truth, and come in time even when what they ask about does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import logging
from chassis.auth import PUBLIC
from chassis.errors import Unavailable
from chassis.inquiry import Inquiry

Check = Callable[[], Mapping[str, Any] | None]
"""A readiness check: returns details, raises Unavailable when the service cannot do its work."""

READY_SECONDS = 4.0
"""Less than the gateway waits for the answer, so that the answer says what is slow."""

METRICS_SECONDS = 8.0
"""Less than Prometheus waits; not on the threads that requests share, all of which may be waiting for a database."""

Report = dict[str, dict[str, Any]]


class Readiness:
    """Runs its checks in order, in one thread however many ask."""

    def __init__(self, checks: Mapping[str, Check], seconds: float = READY_SECONDS) -> None:
        self._checks = checks
        self._seconds = seconds
        self._inquiry = Inquiry(self._run, "readiness")
        self._so_far: Report = {}

    async def report(self) -> tuple[Report, bool]:
        """What each check says, and whether all passed; a check that has not answered in time has failed."""
        try:
            return await self._inquiry.answer(self._seconds)
        except TimeoutError:
            return self._late()

    def report_waiting(self) -> tuple[Report, bool]:
        """The same, for a thread."""
        try:
            return self._inquiry.begin().result(self._seconds)
        except TimeoutError:
            return self._late()

    def _late(self) -> tuple[Report, bool]:
        late = {"status": "failed", "reason": f"{self._seconds:g} 秒内没有回答"}
        return {name: self._so_far.get(name, late) for name in self._checks}, False

    def _run(self) -> tuple[Report, bool]:
        self._so_far = report = {}
        for name, check in self._checks.items():
            report[name] = _outcome(name, check)
        return report, all(each["status"] == "ok" for each in report.values())


def _outcome(name: str, check: Check) -> dict[str, Any]:
    try:
        return {"status": "ok", **(check() or {})}
    except Unavailable as error:
        return {"status": "failed", "reason": error.detail}
    except Exception as error:  # a broken check is a failed check, never a 500
        logging.get(__name__).error("readiness check broke", check=name, exc_info=error)
        return {"status": "failed", "reason": type(error).__name__}


def install(app: FastAPI, service: str, checks: Mapping[str, Check]) -> None:
    """Add the routes that an orchestrator and Prometheus ask."""
    readiness = Readiness(checks, READY_SECONDS)
    figures = Inquiry(generate_latest, "metrics")

    @app.get("/health/live", dependencies=[Depends(PUBLIC)], include_in_schema=False)
    async def live() -> dict[str, str]:
        """The process answers."""
        return {"service": service, "status": "live"}

    @app.get("/health/ready", dependencies=[Depends(PUBLIC)], include_in_schema=False)
    async def ready() -> JSONResponse:
        """The service can do its work: every check passed just now."""
        report, healthy = await readiness.report()
        body = {"service": service, "status": "ready" if healthy else "not_ready", "checks": report}
        return JSONResponse(body, status_code=200 if healthy else 503)

    @app.get("/metrics", dependencies=[Depends(PUBLIC)], include_in_schema=False)
    async def metrics() -> Response:
        """Prometheus metrics of this process."""
        return Response(await figures.answer(METRICS_SECONDS), media_type=CONTENT_TYPE_LATEST)
