"""The installation's signing key: made once, private to its owner; its public half is what the services trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.auth import ALGORITHM
from gateway.whole_files import create_private, write_public


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """`private` is for the gateway alone (`signing_key_file`), `public` for every service (`identity_key_file`)."""

    private: Path
    public: Path


def ensure_keys(folder: Path) -> KeyFiles:
    """The key pair in `folder`, made on the first call; later calls, and calls at the same time, find the same one."""
    files = KeyFiles(folder / "gateway.key", folder / "gateway.pub.pem")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not files.private.exists():
        create_private(files.private, OKPKey.generate_key("Ed25519").as_pem(private=True))
    public = OKPKey.import_key(files.private.read_bytes()).as_pem(private=False)
    if not files.public.exists() or files.public.read_bytes() != public:
        write_public(files.public, public)
    return files


class SigningKey:
    """Signs what the gateway vouches for, and recognises its own signature."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    @classmethod
    def from_file(cls, path: Path) -> SigningKey:
        return cls(OKPKey.import_key(path.read_bytes()))

    @cached_property
    def key_id(self) -> str:
        """The RFC 7638 thumbprint."""
        return str(self._key.thumbprint())

    def sign(self, claims: Mapping[str, Any], kind: str) -> str:
        """A JWT whose header says which `kind` of token it is, so that none passes for another."""
        header = {"alg": ALGORITHM, "kid": self.key_id, "typ": kind}
        return jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])

    def read(self, token: str, kind: str) -> dict[str, Any] | None:
        """The claims of a token of that kind that this key has signed; None for any other."""
        try:
            found = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        return found.claims if found.header.get("typ") == kind else None

    @cached_property
    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        public = {name: value for name, value in self._key.as_dict(private=False).items() if name != "d"}
        return {"keys": [{**public, "kid": self.key_id, "use": "sig", "alg": ALGORITHM}]}
