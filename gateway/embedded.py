"""The services of the all-in-one run: applications in the gateway's own process."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp

from gateway.proxy.in_process import InProcess
from gateway.proxy.upstream import Upstream


def mount(services: Mapping[str, ASGIApp]) -> dict[str, Upstream]:
    """Upstreams for `create_app`: their lifespans are entered with the gateway's and left with it."""
    return {name: InProcess(app) for name, app in services.items()}
