"""How long a client at an address must wait after failed attempts: a doubling pause, forgotten after a while."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

FREE_FAILURES = 5
LONGEST_SECONDS = 300.0
FORGOTTEN_SECONDS = 900.0


@dataclass(slots=True)
class _Failures:
    count: int
    last: float
    until: float


class Backoff:
    """In memory and bounded; instants are seconds of any monotonic clock."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._entries: dict[Hashable, _Failures] = {}

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until the next attempt is looked at; 0 when it may be made now."""
        found = self._entries.get(key)
        if found is None:
            return 0.0
        if now - found.last > FORGOTTEN_SECONDS:
            del self._entries[key]
            return 0.0
        return max(0.0, found.until - now)

    def failed(self, key: Hashable, now: float) -> None:
        """Count a failure; from the fifth on each doubles the pause."""
        found = self._entries.pop(key, None) or _Failures(0, now, now)
        found.count += 1
        found.last = now
        if found.count >= FREE_FAILURES:
            found.until = now + min(2.0 ** (found.count - FREE_FAILURES), LONGEST_SECONDS)
        if len(self._entries) >= self._capacity:
            self._entries.pop(next(iter(self._entries)))  # the one whose last failure is oldest
        self._entries[key] = found

    def succeeded(self, key: Hashable) -> None:
        self._entries.pop(key, None)
