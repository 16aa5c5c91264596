"""Signatures under what leaves the suite: canonical bytes, detached JWS (Ed25519, RFC 9864), and the keys for them."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

ALGORITHM = "Ed25519"


class SignerPort(Protocol):
    """What a document is signed by: Ed25519 here, SM2 in chassis.signing_sm2, a signing machine some day."""

    @property
    def algorithm(self) -> str: ...

    @property
    def kid(self) -> str: ...

    @property
    def public(self) -> dict[str, Any]: ...

    def sign(self, content: bytes) -> str: ...


class Signer:
    """Signs with one private Ed25519 key; its id is the key's RFC 7638 thumbprint."""

    algorithm = ALGORITHM

    def __init__(self, key: OKPKey) -> None:
        if not key.is_private or key.curve_name != "Ed25519":
            raise ValueError("签名密钥应为 Ed25519 私钥（PEM 或 JWK），请检查密钥文件")
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

    @property
    def public(self) -> dict[str, Any]:
        """The public key as a JWK, as it is published."""
        return self._key.as_dict(private=False) | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}

    def sign(self, content: bytes) -> str:
        """A detached JWS (RFC 7515, appendix F) over `content`."""
        protected = {"alg": ALGORITHM, "kid": self.kid}
        compact = jws.serialize_compact(protected, content, self._key, algorithms=[ALGORITHM])
        return str(jws.detach_content(compact))


def own_signer(given: Path | None, *, local: Path | None, variable: str, purpose: str) -> Signer:
    """The signer of one service: `given` by the setting `variable`. The embedded run makes its own, once, at `local`;
    production has no such place and refuses to go without."""
    path = given or local
    if path is None:
        raise ValueError(f"生产环境必须提供{purpose}签名私钥：请设置 {variable}（Ed25519，PEM 或 JWK）")
    if local is not None and not path.exists():
        return Signer.generate(path)
    return Signer.from_file(path)


def verify(signature: str, content: bytes, keys: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the detached JWS was made over exactly `content` by one of the public `keys` (JWK)."""
    known = KeySet([OKPKey.import_key(dict(key)) for key in keys if key.get("kty") == "OKP"])
    try:
        jws.deserialize_compact(signature, known, algorithms=[ALGORITHM], payload=content)
        made = signature.rpartition(".")[2]
        # Base64 has several spellings of the same bytes; only the one that was made is the signature.
        return urlsafe_b64encode(urlsafe_b64decode(made + "==")).rstrip(b"=") == made.encode()
    except (JoseError, ValueError):
        return False


def header_of(signature: str) -> dict[str, Any]:
    """The protected header of a detached JWS: the algorithm and the key it names. Raises ValueError for no JWS."""
    encoded, payload, _ = signature.split(".")
    found = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if payload or not isinstance(found, dict):
        raise ValueError("not a detached JWS")
    return found


def thumbprint(key: Mapping[str, Any]) -> str:
    """The RFC 7638 thumbprint of a public key: its id follows from it and cannot be claimed by another key."""
    return str(OKPKey.import_key(dict(key)).thumbprint())


def canonical_bytes(values: Mapping[str, Any]) -> bytes:
    """RFC 8785 for ASCII names, text, integers, booleans and null: sorted names, no spaces, UTF-8."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def digest(content: bytes) -> str:
    """sha256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
