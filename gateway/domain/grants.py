"""Which scopes a token carries: what was asked for, within what the client has."""

from __future__ import annotations

import re

_SCOPE_TOKEN = re.compile(r"^[\x21\x23-\x5b\x5d-\x7e]+$")


class ScopeNotGranted(Exception):
    """The scope asked for is malformed or more than the client has; becomes `invalid_scope` (RFC 6749, 5.2)."""


def granted(requested: str | None, allowed: frozenset[str]) -> frozenset[str]:
    """All of `allowed` when nothing was asked for; otherwise exactly what was asked for, or a refusal."""
    if requested is None:
        return allowed
    asked = requested.split(" ")
    if not all(_SCOPE_TOKEN.match(each) for each in asked):
        raise ScopeNotGranted("scope is malformed")
    if beyond := sorted(set(asked) - allowed):
        raise ScopeNotGranted(f"not granted to this client: {' '.join(beyond)}")
    return frozenset(asked)
