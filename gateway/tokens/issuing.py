"""The client credentials grant of OAuth 2.0: from what was presented to an access token, or to the RFC's refusal."""

from __future__ import annotations

import time
from dataclasses import dataclass

from chassis import clock
from gateway.domain.backoff import Backoff
from gateway.domain.clients import Client, Secret
from gateway.domain.grants import ScopeNotGranted, granted
from gateway.tokens import access
from gateway.tokens.access import AccessToken
from gateway.tokens.directory import Directory
from gateway.tokens.keys import SigningKey
from gateway.tokens.proof import Prover


class TokenRefused(Exception):
    """A refusal of the token endpoint: `error` of RFC 6749 section 5.2, an ASCII description, what to do in Chinese."""

    def __init__(self, error: str, description: str, detail: str, *, status: int = 400, retry_after: int = 0) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks for a token, and from where."""

    client_id: str
    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token as the client gets it."""

    token: str
    expires_in: int
    scopes: frozenset[str]


class Issuer:
    """Issues access tokens. Repeated failures of a client at an address make it wait."""

    def __init__(self, key: SigningKey, directory: Directory, prover: Prover, *, lifetime_seconds: int) -> None:
        self._key = key
        self._directory = directory
        self._prover = prover
        self._lifetime = lifetime_seconds
        self._backoff = Backoff()

    async def issue(self, credentials: Credentials, requested: str | None) -> Issued:
        """A token for `requested` scopes (all of the client's when None), or TokenRefused."""
        pair = (credentials.client_id[:64], credentials.address)
        if wait := self._backoff.wait(pair, time.monotonic()):
            raise TokenRefused(
                "slow_down",
                "too many failed attempts",
                "失败次数过多，请核对密钥后在 Retry-After 秒之后重试",
                status=429,
                retry_after=int(wait) + 1,
            )
        client, secret = await self._authenticated(credentials)
        if client is None or secret is None:
            self._backoff.failed(pair, time.monotonic())
            raise TokenRefused(
                "invalid_client",
                "client authentication failed",
                "客户端标识或密钥不正确，或客户端已停用；如密钥遗失，请联系平台管理员更换",
                status=401,
            )
        self._backoff.succeeded(pair)
        try:
            scopes = granted(requested, client.attributes.scopes)
        except ScopeNotGranted as error:
            raise TokenRefused(
                "invalid_scope", str(error), "申请的权限超出客户端已有的权限，请联系平台管理员"
            ) from None
        return self._issued(client, secret, scopes)

    async def _authenticated(self, credentials: Credentials) -> tuple[Client | None, Secret | None]:
        now = clock.now()
        client = self._directory.find(credentials.client_id)
        if client is not None and not client.disabled:
            recalled = self._prover.recall(client, credentials.secret, now)
            if recalled is not None:
                return client, recalled
        await self._directory.look()  # a client made or rotated a moment ago, perhaps through another gateway
        client = self._directory.find(credentials.client_id)
        secret = await self._prover.prove(client, credentials.secret, now)
        return (client, secret) if client is not None and not client.disabled else (None, None)

    def _issued(self, client: Client, secret: Secret, scopes: frozenset[str]) -> Issued:
        now = int(clock.now().timestamp())
        expires = now + self._lifetime
        if secret.expires_at is not None:  # a rotated secret's tokens end with it
            expires = min(expires, int(secret.expires_at.timestamp()))
        token = AccessToken(client.client_id, client.token_version, scopes, expires)
        return Issued(access.encode(self._key, token, issued_at=now), expires - now, scopes)
