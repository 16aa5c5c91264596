"""Who may call: the signed identity that the gateway sends along, and the guard every route declares.

Deny by default: a route without a guard is refused by an architecture test, an identity without the scope,
the role or the area by the guard itself. The gateway is not trusted for anything but the signature.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.errors import Forbidden, Unauthenticated

HEADER = "peiyu-identity"
ISSUER = "peiyu-gateway"
ALGORITHM = "Ed25519"  # the fully specified name of RFC 9864; "EdDSA" is deprecated
LEEWAY_SECONDS = 5
EVERYWHERE = "*"

WAYS_IN = ("oauth2", "bearer")
"""Names of the security schemes in the OpenAPI documents; the gateway's merged document explains them."""


class IdentityMissing(Unauthenticated):
    """The call did not come through the gateway."""

    code = "identity-missing"


class IdentityInvalid(Unauthenticated):
    """The identity is not signed by the gateway, is not for this service or has expired."""

    code = "identity-invalid"


class ScopeMissing(Forbidden):
    """The client was not granted the scope."""

    code = "scope-missing"


class RoleRefused(Forbidden):
    """The role may not do this."""

    code = "role-refused"


class OutsideJurisdiction(Forbidden):
    """The object lies outside the areas the caller answers for."""

    code = "outside-jurisdiction"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls. `areas` are GB/T 2260 prefixes; `*` is everywhere, none is nowhere."""

    subject: str
    client_id: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    institution: str | None = None
    uscc: str | None = None
    commissioner: str | None = None
    department: str | None = None
    claims: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def answers_for(self, area: str | None) -> bool:
        """Whether `area` (GB/T 2260, 6 digits, or null when unresolved) lies in the actor's jurisdiction."""
        if EVERYWHERE in self.areas:
            return True
        return area is not None and any(area.startswith(prefix) for prefix in self.areas)

    def require_area(self, area: str | None) -> None:
        if not self.answers_for(area):
            raise OutsideJurisdiction("该企业不在您的管辖区域内，如需查看请联系所属地区的主管部门")


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route demands: one scope, and one of the roles when any are named."""

    scope: str | None
    roles: frozenset[str] = frozenset()
    public: bool = False

    @property
    def requirement(self) -> list[dict[str, list[str]]]:
        """The security requirement of OpenAPI: any one of these ways in, with the scope; none for what is public."""
        scopes = [self.scope] if self.scope is not None else []
        return [] if self.public else [{way: scopes} for way in WAYS_IN]

    async def __call__(self, request: Request) -> Actor | None:
        if self.public:
            return None
        verifier = cast("IdentityVerifier", request.app.state.identity)
        actor = verifier.verify(request.headers.get(HEADER))
        if self.scope is not None and self.scope not in actor.scopes:
            raise ScopeMissing(f"该客户端没有“{self.scope}”权限，请向平台管理员申请")
        if self.roles and not (self.roles & actor.roles):
            raise RoleRefused("您的角色不能执行此操作，请向平台管理员申请")
        request.state.actor = actor
        return actor


def guard(scope: str, *, roles: Iterable[str] = ()) -> Guard:
    """`Annotated[Actor, Depends(guard("enterprises:read"))]`: the scope, and optionally the roles, a route demands."""
    return Guard(scope=scope, roles=frozenset(roles))


def security_schemes(scopes: Iterable[str]) -> dict[str, Any]:
    """The schemes that requirements name, with every scope of the document."""
    flow = {"tokenUrl": "/oauth/token", "scopes": {scope: scope for scope in sorted(scopes)}}
    described = {"type": "oauth2", "flows": {"clientCredentials": flow}}, {"type": "http", "scheme": "bearer"}
    return dict(zip(WAYS_IN, described, strict=True))


PUBLIC = Guard(scope=None, public=True)
"""Declared on the few routes that anyone may call (health, keys)."""


class IdentityVerifier:
    """Verifies the gateway's identities for one audience; remembers verified ones until they expire."""

    def __init__(self, key: OKPKey, audience: str, *, now: Callable[[], float] = time.time) -> None:
        self._key = key
        self._audience = audience
        self._now = now
        self._seen: dict[bytes, tuple[float, Actor]] = {}

    @classmethod
    def from_file(cls, path: Path, audience: str) -> IdentityVerifier:
        return cls(OKPKey.import_key(path.read_bytes()), audience)

    def verify(self, token: str | None) -> Actor:
        if not token:
            raise IdentityMissing("请通过平台网关访问本接口")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = self._seen.get(digest)
        if found is not None and found[0] > self._now():
            return found[1]
        expires, actor = self._decode(token)
        if len(self._seen) > 10_000:
            self._seen = {seen: entry for seen, entry in self._seen.items() if entry[0] > self._now()}
        self._seen[digest] = (expires, actor)
        return actor

    def _decode(self, token: str) -> tuple[float, Actor]:
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise IdentityInvalid("身份凭证无效，请重新获取访问令牌") from error
        expires = claims.get("exp")
        audiences = claims.get("aud")
        allowed = audiences if isinstance(audiences, list) else [audiences]
        if claims.get("iss") != ISSUER or self._audience not in allowed or not isinstance(expires, int | float):
            raise IdentityInvalid("身份凭证不适用于本服务")
        if expires + LEEWAY_SECONDS < self._now():
            raise IdentityInvalid("身份凭证已过期，请重新获取访问令牌")
        return float(expires), actor_from_claims(claims)


def actor_from_claims(claims: dict[str, Any]) -> Actor:
    """The actor that the gateway vouches for."""
    return Actor(
        subject=str(claims["sub"]),
        client_id=str(claims.get("client_id", claims["sub"])),
        roles=frozenset(claims.get("roles", ())),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        areas=tuple(claims.get("areas", ())),
        institution=claims.get("institution"),
        uscc=claims.get("uscc"),
        commissioner=claims.get("commissioner"),
        department=claims.get("department"),
        claims=dict(claims),
    )


def claims_of(actor: Actor, *, audience: list[str], issued_at: int, lifetime_seconds: int) -> dict[str, Any]:
    """The claims the gateway signs for `actor`; the inverse of `actor_from_claims`."""
    optional = {
        "institution": actor.institution,
        "uscc": actor.uscc,
        "commissioner": actor.commissioner,
        "department": actor.department,
    }
    return {
        "iss": ISSUER,
        "aud": audience,
        "sub": actor.subject,
        "client_id": actor.client_id,
        "roles": sorted(actor.roles),
        "scope": " ".join(sorted(actor.scopes)),
        "areas": list(actor.areas),
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
    } | {name: value for name, value in optional.items() if value is not None}
