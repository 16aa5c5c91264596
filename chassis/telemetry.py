"""Prometheus metrics that every service gives."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

HTTP_REQUESTS = Counter("peiyu_http_requests_total", "Requests answered.", ["service", "method", "route", "status"])
HTTP_SECONDS = Histogram(
    "peiyu_http_request_seconds",
    "Time from the request's first byte to the answer's last.",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
OUTBOX_UNSENT = Gauge("peiyu_outbox_unsent", "Events decided and not yet on the bus.", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("peiyu_outbox_oldest_seconds", "Age of the oldest unsent event.", ["service"])
JOBS_WAITING = Gauge("peiyu_jobs_waiting", "Jobs queued and due.", ["service"])
DEAD_LETTERS = Gauge("peiyu_dead_letters", "Messages nobody could act upon and nobody has redriven.", ["service"])
HEARTBEAT_AGE_SECONDS = Gauge(
    "peiyu_heartbeat_age_seconds", "Age of a worker loop's last sign of life.", ["service", "loop"]
)
