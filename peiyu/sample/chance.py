"""The only source of chance in the sample: streams that depend on the seed and on what they are for."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def stream(seed: int, *purpose: str | int) -> random.Random:
    """An independent stream per purpose, so that a new use of chance does not move the existing ones."""
    return random.Random(":".join(map(str, (seed, *purpose))))  # noqa: S311 - reproducible data, no secret


def weighted(chance: random.Random, weights: Mapping[T, float]) -> T:
    """One key, with a probability in proportion to its weight."""
    return chance.choices(list(weights), list(weights.values()))[0]


def happens(chance: random.Random, probability: float) -> bool:
    """True with this probability."""
    return chance.random() < probability


def between(chance: random.Random, low: float, high: float) -> float:
    """Somewhere from low to high, more often in the middle."""
    return chance.triangular(low, high)
