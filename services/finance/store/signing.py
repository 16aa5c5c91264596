"""The feed's own signing key: detached JWS (Ed25519, RFC 9864) over manifests; its public keys, old ones too."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.finance.store.tables import FeedKeyRow

ALGORITHM = "Ed25519"


class Signer:
    """Signs with one private Ed25519 key; its id is the key's RFC 7638 thumbprint."""

    def __init__(self, key: OKPKey) -> None:
        if not key.is_private or key.curve_name != "Ed25519":
            raise ValueError("名单签名密钥应为 Ed25519 私钥（PEM 或 JWK），请检查 PEIYU_FEED_KEY_FILE")
        self._key = key
        self.kid = key.thumbprint()

    @classmethod
    def from_file(cls, path: Path) -> Signer:
        content = path.read_bytes()
        return cls(OKPKey.import_key(json.loads(content) if content.lstrip().startswith(b"{") else content))

    @classmethod
    def generate(cls, path: Path) -> Signer:
        """A new key, written to `path` readable by its owner only; the existing one when there is one already."""
        pem = OKPKey.generate_key("Ed25519").as_pem(private=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(pem)
        try:
            os.link(draft, path)  # fails when another process was faster, whose key then counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return cls.from_file(path)

    def sign(self, content: bytes) -> str:
        """A detached JWS (RFC 7515, appendix F) over `content`."""
        protected = {"alg": ALGORITHM, "kid": self.kid}
        compact = jws.serialize_compact(protected, content, self._key, algorithms=[ALGORITHM])
        return str(jws.detach_content(compact))

    def publish(self, tx: Transaction) -> None:
        """Keep the public key, so that what it signs can be verified for as long as it is kept."""
        public = self._key.as_dict(private=False) | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}
        row = {"kid": self.kid, "jwk": public, "first_used_at": clock.now()}
        tx.session.execute(insert(FeedKeyRow).values(row).on_conflict_do_nothing())


def verify(signature: str, content: bytes, keys: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the detached JWS was made over exactly `content` by one of the public `keys` (JWK)."""
    known = KeySet([OKPKey.import_key(dict(key)) for key in keys])
    try:
        jws.deserialize_compact(signature, known, algorithms=[ALGORITHM], payload=content)
    except (JoseError, ValueError):
        return False
    return True
