"""Access tokens (RFC 9068): what they say, and how one is told from everything else the gateway signs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chassis import ids
from chassis.auth import ISSUER
from gateway.tokens.keys import SigningKey

KIND = "at+jwt"
AUDIENCE = "peiyu-api"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified access token; `expires_at` in seconds since 1970."""

    client_id: str
    version: int
    scopes: frozenset[str]
    expires_at: int


def encode(key: SigningKey, token: AccessToken, *, issued_at: int) -> str:
    """The signed form that a client sends with every request."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": token.client_id,
        "client_id": token.client_id,
        "scope": joined(token.scopes),
        "ver": token.version,
        "jti": str(ids.new_id()),
        "iat": issued_at,
        "exp": token.expires_at,
    }
    return key.sign(claims, KIND)


def decode(key: SigningKey, raw: str) -> AccessToken | None:
    """The token, if we have signed it as an access token; whether it has expired is the caller's question."""
    claims = key.read(raw, KIND)
    if claims is None or claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        return None
    return AccessToken(
        client_id=str(claims["client_id"]),
        version=int(claims["ver"]),
        scopes=frozenset(str(claims["scope"]).split()),
        expires_at=int(claims["exp"]),
    )


def joined(scopes: Iterable[str]) -> str:
    """The `scope` parameter of OAuth: names in order, separated by blanks."""
    return " ".join(sorted(scopes))
