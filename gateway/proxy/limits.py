"""How much one client, one address and all together may ask for."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Gauge

from gateway.domain.errors import Overloaded
from gateway.proxy.headers import RawHeaders
from gateway.proxy.routes import Budget

_WINDOW_SECONDS = 60

IN_HAND = Gauge("peiyu_gateway_requests_in_hand", "Requests being worked on.", ["budget"])


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a minute's allowance, as the fields of draft-ietf-httpapi-ratelimit-headers say it."""

    policy: str
    quota: int
    remaining: int
    reset_seconds: int
    exceeded: bool

    def headers(self) -> RawHeaders:
        return [
            (b"ratelimit-policy", b'"%s";q=%d;w=60' % (self.policy.encode(), self.quota)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (self.policy.encode(), self.remaining, self.reset_seconds)),
        ]


@dataclass(slots=True)
class _Window:
    ends_at: float
    count: int = 0


class RateLimits:
    """Requests per minute of a client or an address, counted in this process, in fixed windows from the first one.

    Not the memory storage of `limits`: that one starts a timer thread every 10 ms and has the event loop wait for
    each to be running (ADR-0006). Windows all last the same, so the oldest are always the first in the dictionary.
    """

    def __init__(self, policy: str, capacity: int = 100_000) -> None:
        self._policy = policy
        self._capacity = capacity
        self._windows: dict[str, _Window] = {}

    def hit(self, key: str, quota: int) -> Allowance:
        """Count a request of `key`."""
        now = time.monotonic()
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            self._forget(now)
            self._windows.pop(key, None)
            window = self._windows[key] = _Window(now + _WINDOW_SECONDS)
        window.count += 1
        reset = max(1, math.ceil(window.ends_at - now))
        return Allowance(self._policy, quota, max(0, quota - window.count), reset, window.count > quota)

    def _forget(self, now: float) -> None:
        while self._windows:
            key = next(iter(self._windows))
            if self._windows[key].ends_at > now and len(self._windows) < self._capacity:
                return
            del self._windows[key]


class InHand:
    """Counts the requests being worked on; those beyond a budget are refused at once instead of queueing up."""

    def __init__(self, budgets: Mapping[Budget, int]) -> None:
        self._budgets = budgets
        self._counts = dict.fromkeys(budgets, 0)
        self._gauges = {budget: IN_HAND.labels(budget) for budget in budgets}

    def enter(self, budget: Budget) -> None:
        """One more, or a refusal."""
        if self._counts[budget] >= self._budgets[budget]:
            raise Overloaded("平台繁忙，请稍后重试", retry_after=1)
        self._counts[budget] += 1
        self._gauges[budget].set(self._counts[budget])

    def leave(self, budget: Budget) -> None:
        """One less."""
        self._counts[budget] -= 1
        self._gauges[budget].set(self._counts[budget])
