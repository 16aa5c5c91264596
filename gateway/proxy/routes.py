"""The routing table as data: which service a path belongs to, and what a request on it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OWN = "gateway"
"""The gateway's own application: its pages, its tokens, its administration."""

Budget = Literal["working", "waiting"]


@dataclass(frozen=True, slots=True)
class RouteClass:
    """What a request may cost. Seconds until the answer starts, and until it has ended."""

    name: str
    body: Literal["small", "normal", "import"]
    answer_seconds: float
    total_seconds: float
    budget: Budget = "working"


NORMAL = RouteClass("normal", "normal", answer_seconds=40, total_seconds=300)
"""Longer than a service's statement timeout, so that its own explanation arrives."""
IMPORT = RouteClass("import", "import", answer_seconds=600, total_seconds=900)
FEED = RouteClass("feed", "small", answer_seconds=60, total_seconds=3600)
"""A snapshot may take a slow bank an hour."""
WAITING = RouteClass("waiting", "small", answer_seconds=60, total_seconds=300, budget="waiting")
PUBLIC = RouteClass("public", "small", answer_seconds=15, total_seconds=60)


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests of this method (any when None) below this path, having this query parameter, are of this class."""

    prefix: str
    kind: RouteClass
    method: str | None = None
    parameter: bytes | None = None

    def covers(self, method: str, path: str, query: bytes) -> bool:
        return (
            path.startswith(self.prefix)
            and (self.method is None or self.method == method)
            and (self.parameter is None or query.startswith(self.parameter) or b"&" + self.parameter in query)
        )


RULES: tuple[Rule, ...] = (
    Rule("/api/registry/v1/imports", IMPORT, method="POST"),
    Rule("/api/", WAITING, method="GET", parameter=b"wait="),
    Rule("/api/finance/v1/whitelist/", FEED, method="GET"),
    Rule("/api/registry/v1/changes", FEED, method="GET"),
    Rule("/api/", NORMAL),
)
"""The first rule that covers a request decides."""


OPEN = frozenset({"/api/finance/v1/whitelist/jwks.json"})
"""Paths of services that anyone may GET; everything else below /api/ needs an access token."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes; `authenticated` says whether it must carry an access token."""

    service: str
    kind: RouteClass
    authenticated: bool


def destination(method: str, path: str, query: bytes) -> Destination:
    """The service is the second segment of `/api/SERVICE/…`; everything else is the gateway's own."""
    if not path.startswith("/api/"):
        return Destination(OWN, PUBLIC, authenticated=False)
    service = path[5:].partition("/")[0]
    kind = next(rule.kind for rule in RULES if rule.covers(method, path, query))
    return Destination(service, kind, authenticated=path not in OPEN)
