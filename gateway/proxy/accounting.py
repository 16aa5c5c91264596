"""One line in the access log and one count in the metrics for each request that came to the door."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from chassis import logging
from gateway.proxy.admission import Trace

REQUESTS = Counter(
    "peiyu_gateway_requests_total",
    "Requests that came to the gateway, by service, class of route, role of the client and status.",
    ["upstream", "route", "role", "status"],
)
SECONDS = Histogram(
    "peiyu_gateway_request_seconds",
    "Time from the request's arrival to the end of its answer.",
    ["upstream", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)

CLIENT_CLOSED = 499
"""In log and metrics only: the client left before its answer was complete (nginx's number)."""


class Accounting:
    """Remembers the metric's children: looking one up by its labels costs more than counting."""

    def __init__(self) -> None:
        self._log = logging.get_straight("http")
        self._requests: dict[tuple[str, str, str, int], Counter] = {}
        self._seconds: dict[tuple[str, str], Histogram] = {}

    def record(self, trace: Trace, method: str, path: str, status: int, seconds: float, sent: int) -> None:
        """Account for a finished request."""
        counted = (trace.service, trace.route, trace.role, status)
        counter = self._requests.get(counted)
        if counter is None:
            counter = self._requests[counted] = REQUESTS.labels(trace.service, trace.route, trace.role, str(status))
        counter.inc()
        timed = (trace.service, trace.route)
        histogram = self._seconds.get(timed)
        if histogram is None:
            histogram = self._seconds[timed] = SECONDS.labels(*timed)
        histogram.observe(seconds)
        self._log.info(
            "request answered",
            service="gateway",
            upstream=trace.service,
            client=trace.client_id,
            method=method,
            path=path,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            bytes=sent,
        )
