"""How many enterprises are assessed in one transaction, so that whoever waits for one of them does not wait long."""

from __future__ import annotations

HELD_SECONDS = 2.0
"""How long a batch should hold those it assesses: well below the lock timeout of the consumer that marks them again."""

FEWEST = 5


class Pace:
    """Belongs to one thread. `size` follows how fast this machine is at the moment, from `FEWEST` up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.size = min(most, 4 * FEWEST)

    def learn(self, taken: int, seconds: float) -> None:
        """A batch of `taken` took so long; at most twice as many are tried next."""
        if taken <= 0:
            return
        fitting = int(HELD_SECONDS * taken / max(seconds, 0.001))
        self.size = min(self._most, max(FEWEST, min(fitting, 2 * self.size)))
