"""The gateway's variables: keys, limits, and where the services answer when they run as processes of their own."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """`identity_key_file` is the public half of `signing_key_file`; `gateway.tokens.keys.ensure_keys` makes both."""

    signing_key_file: Path
    """PEM file of the private key that signs tokens and identities; its owner's alone (0600)."""

    upstreams: dict[str, str] = Field(default_factory=dict)
    """Service → base URL (`{"registry": "http://registry:8000"}`) between processes; empty in the embedded run."""

    public_url: str = Field(default="", pattern=r"^(https?://[^/]+)?$")
    """Scheme and host under which clients reach the gateway, for the API document; empty leaves its links relative."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of our own reverse proxies (`["172.30.90.0/28"]`): only what comes from there may say, in
    X-Forwarded-For, for whom it comes. Empty: a client is whoever opened the connection."""

    expect_sample: bool = False
    """The embedded run: /health answers 200 only when the sample is in and the first whitelist is published."""

    token_lifetime_seconds: int = Field(default=1800, ge=60, le=3600)
    max_body_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    max_import_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    max_header_bytes: int = Field(default=32 * 1024, ge=1024)
    max_working: int = Field(default=256, ge=1)
    """Requests in hand at once, beyond which the next is refused with 503 (requests that wait are counted apart)."""

    max_waiting: int = Field(default=2000, ge=1)
    """Long polls in hand at once."""

    connect_seconds: float = Field(default=2.0, gt=0)
    client_requests_per_minute: int = Field(default=1200, ge=1)
    """The allowance of a client that has none of its own."""

    anonymous_requests_per_minute: int = Field(default=120, ge=1)
    """Token requests and failed authentications of one address."""

    directory_grace_seconds: float = Field(default=30.0, gt=0)
    """How long clients are served while the database that says who is disabled does not answer."""

    @model_validator(mode="after")
    def _key_exists_in_production(self) -> Self:
        if self.environment == "production" and not self.signing_key_file.exists():
            raise ValueError(
                f"PEIYU_SIGNING_KEY_FILE={self.signing_key_file} 不存在：生产环境必须先生成网关签名密钥（peiyu keys）"
            )
        return self
