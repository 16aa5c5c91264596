"""SM2 signatures (GB/T 32918, with SM3) beside the Ed25519 ones, where an authority demands them: extra `[gm]`.

The mathematics is gmssl's, pure Python and not constant in time; what it leaves open is closed here: the nonce comes
from the system's generator, and values outside their range are refused. A signing machine belongs behind the same port.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

ALGORITHM = "SM2-SM3"
"""Not registered with IANA; the layout is that of a detached JWS, the signature r‖s, the default signer id."""
_SIGNER = b"1234567812345678"


class Sm2Unavailable(RuntimeError):
    """The optional library is not installed, so nothing can be said of an SM2 signature here."""


class Sm2Signer:
    """Signs with one private SM2 key, a JWK with `crv` SM2; its id is the RFC 7638 thumbprint."""

    algorithm = ALGORITHM

    def __init__(self, jwk: Mapping[str, Any]) -> None:
        table, order = _curve()
        private = int.from_bytes(_bytes(jwk.get("d", ""))) if jwk.get("crv") == "SM2" else 0
        if not 0 < private < order - 1:
            raise ValueError("国密签名密钥应为 SM2 私钥（JWK，crv 为 SM2），请检查密钥文件")
        self._private = f"{private:064x}"
        point = _crypt("", "0" * 128)._kg(private, table["g"])
        coordinates = {"x": _text(bytes.fromhex(point[:64])), "y": _text(bytes.fromhex(point[64:]))}
        self._point = point
        key = {"kty": "EC", "crv": "SM2", **coordinates}
        self.kid = thumbprint(key)
        self.public: dict[str, Any] = {**key, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @classmethod
    def from_file(cls, path: Path) -> Sm2Signer:
        return cls(json.loads(path.read_bytes()))

    @classmethod
    def generate(cls, path: Path) -> Sm2Signer:
        """A new key in a new file that only its owner reads. Raises FileExistsError rather than replace one."""
        _, order = _curve()
        private = secrets.randbelow(order - 2) + 1
        jwk = {"kty": "EC", "crv": "SM2", "d": _text(private.to_bytes(32))}
        made = cls(jwk)
        content = json.dumps({**made.public, **jwk}).encode()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        return made

    def sign(self, content: bytes) -> str:
        """A detached signature over `content`, laid out like a detached JWS."""
        _, order = _curve()
        header = _text(json.dumps({"alg": ALGORITHM, "kid": self.kid}, separators=(",", ":")).encode())
        crypt, hashed = _crypt(self._private, self._point), _hashed(self._point, _input(header, content))
        made = None
        while made is None:  # the standard asks for another nonce in a case that never comes up by chance
            made = crypt.sign(hashed, f"{secrets.randbelow(order - 1) + 1:064x}")
        return f"{header}..{_text(bytes.fromhex(made))}"


def verify(signature: str, content: bytes, key: Mapping[str, Any]) -> bool:
    """Whether the detached signature was made over exactly `content` by the public `key`. Raises Sm2Unavailable."""
    table, order = _curve()
    header, payload, value = signature.split(".")
    made, x, y = _bytes(value), _bytes(key["x"]), _bytes(key["y"])
    if payload or _text(made) != value or [len(made), len(x), len(y)] != [64, 32, 32]:
        return False
    r, s = int.from_bytes(made[:32]), int.from_bytes(made[32:])
    if not (0 < r < order and 0 < s < order) or not _on_curve(int.from_bytes(x), int.from_bytes(y), table):
        return False
    point = (x + y).hex()
    return bool(_crypt("", point).verify(made.hex(), _hashed(point, _input(header, content))))


def thumbprint(key: Mapping[str, Any]) -> str:
    """The RFC 7638 thumbprint of a public key."""
    required = {name: key[name] for name in ("crv", "kty", "x", "y")}
    return _text(hashlib.sha256(json.dumps(required, sort_keys=True, separators=(",", ":")).encode()).digest())


def _on_curve(x: int, y: int, table: Mapping[str, str]) -> bool:
    p, a, b = (int(table[name], 16) for name in ("p", "a", "b"))
    return x < p and y < p and (y * y - (x * x * x + a * x + b)) % p == 0


def _curve() -> tuple[Mapping[str, str], int]:
    try:
        from gmssl.sm2 import default_ecc_table
    except ImportError as error:
        raise Sm2Unavailable("本机未安装国密组件，请安装可选依赖 [gm]") from error
    return default_ecc_table, int(default_ecc_table["n"], 16)


def _hashed(point: str, content: bytes) -> bytes:
    """What SM2 signs: SM3 over the signer's identity with the public key, and the content."""
    table, _ = _curve()
    identity = (8 * len(_SIGNER)).to_bytes(2) + _SIGNER
    parameters = bytes.fromhex(table["a"] + table["b"] + table["g"] + point)
    return _sm3(_sm3(identity + parameters) + content)


def _sm3(content: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize()


def _crypt(private: str, public: str) -> Any:
    from gmssl.sm2 import CryptSM2

    return CryptSM2(private_key=private, public_key=public)


def _input(header: str, content: bytes) -> bytes:
    return f"{header}.{_text(content)}".encode()


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
