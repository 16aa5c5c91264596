"""Client secrets: made here, kept only as argon2id hashes."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

PREFIX = "peiyu_"
"""So that scanners for leaked secrets recognise ours."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's smaller setting (27 ms): our secrets are 256 random bits, no dictionary reaches them."""

NOBODY = _HASHER.hash(secrets.token_urlsafe(32))
"""Checked when a client is unknown, so that the answer takes as long as for a known one."""


def new_secret() -> str:
    """A new secret of 256 random bits, of characters that need no escaping anywhere."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """argon2id with its parameters and salt, as it is stored."""
    return _HASHER.hash(secret)


def verifies(stored: str, secret: str) -> bool:
    """Whether `secret` is the one behind `stored`. Tens of milliseconds of one core: never on the event loop."""
    try:
        return _HASHER.verify(stored, secret)
    except VerificationError:
        return False
