"""The garbage collector in a process that serves for weeks: what it has loaded is not walked again and again."""

import gc

YOUNG = 10_000
"""Objects more than before until the youngest are looked at. Python's 700 means dozens of looks at each batch of 500
events, all of which are gone anyway when their batch is done: a tenth of a consumer's time (docs/performance.md)."""


def settle() -> None:
    """Once everything is loaded and put together, before the first work: it lives as long as the process does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
