"""From an access token to the identity that a service believes: verified once, remembered, dropped on revocation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from chassis import clock
from chassis.auth import Actor, claims_of
from gateway.domain.clients import Client
from gateway.domain.errors import TokenInvalid, TokenMissing
from gateway.tokens import access
from gateway.tokens.access import AccessToken
from gateway.tokens.directory import Directory
from gateway.tokens.keys import SigningKey

IDENTITY_SECONDS = 60
_RENEW_SECONDS = 30
"""An identity handed on is valid for at least this long."""
_CAPACITY = 20_000
_KIND = "peiyu-identity+jwt"


@dataclass(slots=True)
class Session:
    """An access token that was found good, with the client as it was then and the identities made for it."""

    token: AccessToken
    client: Client
    identities: dict[str, tuple[int, str]] = field(default_factory=dict)
    """service → (expires, signed identity)"""


class Doorkeeper:
    """Lets requests in. Of a revoked token nothing is remembered longer than the directory needs to learn of it."""

    def __init__(self, key: SigningKey, directory: Directory) -> None:
        self._key = key
        self._directory = directory
        self._sessions: dict[bytes, Session] = {}

    async def admit(self, authorization: bytes | None) -> Session:
        """The session of an `Authorization: Bearer …` header, or a refusal."""
        if not authorization:
            raise TokenMissing("请求缺少访问令牌：请先调用 /oauth/token 获取，并放入 Authorization: Bearer 请求头")
        scheme, _, raw = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not raw:
            raise TokenInvalid("请使用 Authorization: Bearer 访问令牌；令牌由 /oauth/token 发放")
        digest = hashlib.sha256(raw).digest()
        session = self._sessions.get(digest)
        if session is None:
            session = await self._open(raw)
            self._remember(digest, session)
        client = self._directory.find(session.client.client_id)
        if client is not session.client:
            if client is None or not _valid(session.token, client):
                self._sessions.pop(digest, None)
                raise TokenInvalid("访问令牌已失效（客户端已停用或更换密钥），请重新获取")
            session.client = client
            session.identities = {}
        if session.token.expires_at <= clock.now().timestamp():
            self._sessions.pop(digest, None)
            raise TokenInvalid("访问令牌已过期，请重新获取")
        return session

    def identity(self, session: Session, service: str) -> str:
        """The signed identity of the session's client for one service."""
        now = int(clock.now().timestamp())
        found = session.identities.get(service)
        if found is not None and found[0] - now > _RENEW_SECONDS:
            return found[1]
        claims = claims_of(actor_of(session), audience=[service], issued_at=now, lifetime_seconds=IDENTITY_SECONDS)
        signed = self._key.sign(claims, _KIND)
        session.identities[service] = (now + IDENTITY_SECONDS, signed)
        return signed

    async def _open(self, raw: bytes) -> Session:
        token = access.decode(self._key, raw.decode("latin-1"))
        if token is None:
            raise TokenInvalid("访问令牌无效，请重新获取")
        client = self._directory.find(token.client_id)
        if client is None or client.token_version < token.version:
            await self._directory.look()  # issued a moment ago through another gateway
            client = self._directory.find(token.client_id)
        if client is None or not _valid(token, client):
            raise TokenInvalid("访问令牌已失效（客户端已停用或更换密钥），请重新获取")
        return Session(token, client)

    def _remember(self, digest: bytes, session: Session) -> None:
        if len(self._sessions) >= _CAPACITY:
            now = clock.now().timestamp()
            self._sessions = {known: each for known, each in self._sessions.items() if each.token.expires_at > now}
            if len(self._sessions) >= _CAPACITY:
                self._sessions.clear()
        self._sessions[digest] = session


def actor_of(session: Session) -> Actor:
    """The client as the services see it; a scope taken away since the token was issued is gone."""
    attributes = session.client.attributes
    return Actor(
        subject=session.client.client_id,
        client_id=session.client.client_id,
        roles=frozenset({attributes.role}),
        scopes=session.token.scopes & attributes.scopes,
        areas=attributes.areas,
        institution=attributes.institution,
        uscc=attributes.uscc,
        commissioner=attributes.commissioner,
        department=attributes.department,
    )


def _valid(token: AccessToken, client: Client) -> bool:
    return not client.disabled and token.version == client.token_version
