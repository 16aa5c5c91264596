"""How much one client, one address and all together may ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Gauge

from gateway.domain.errors import Overloaded
from gateway.proxy.headers import RawHeaders
from gateway.proxy.routes import Budget

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


class RateLimits:
    """Requests per minute of a client or an address, counted in this process."""

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[int, RateLimitItem] = {}

    def hit(self, key: str, quota: int) -> Allowance:
        """Count a request of `key`."""
        return self._allowance(key, quota, within=self._limiter.hit(self._item(quota), key))

    def test(self, key: str, quota: int) -> Allowance:
        """The allowance without counting."""
        return self._allowance(key, quota, within=self._limiter.test(self._item(quota), key))

    def _allowance(self, key: str, quota: int, *, within: bool) -> Allowance:
        reset, remaining = self._limiter.get_window_stats(self._item(quota), key)
        return Allowance(self._policy, quota, remaining, max(0, round(reset - time())), exceeded=not within)

    def _item(self, quota: int) -> RateLimitItem:
        item = self._items.get(quota)
        if item is None:
            item = self._items[quota] = RateLimitItemPerMinute(quota)
        return item


class InHand:
    """Counts the requests being worked on; those beyond a budget are refused at once instead of queueing up."""

    def __init__(self, budgets: Mapping[Budget, int]) -> None:
        self._budgets = budgets
        self._counts: Counter[Budget] = Counter()

    @contextmanager
    def one_more(self, budget: Budget) -> Iterator[None]:
        if self._counts[budget] >= self._budgets[budget]:
            raise Overloaded("平台繁忙，请稍后重试", retry_after=1)
        self._counts[budget] += 1
        IN_HAND.labels(budget).set(self._counts[budget])
        try:
            yield
        finally:
            self._counts[budget] -= 1
            IN_HAND.labels(budget).set(self._counts[budget])
