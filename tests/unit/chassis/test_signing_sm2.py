"""SM2 beside Ed25519: agrees with OpenSSL, and closes what the library leaves open."""

import json
from pathlib import Path

import pytest
from gmssl.sm2 import default_ecc_table

from chassis.signing_sm2 import Sm2Signer, _bytes, _text, verify

ORDER = int(default_ecc_table["n"], 16)
CONTENT = "测算留痕单".encode()
KEY = {
    "kty": "EC",
    "crv": "SM2",
    "x": "tyNdL0Z1LBczn96fs7WmSb5diNDly1F_2CqUfC0GTx8",
    "y": "Y_KMY8lRxKlI3aQcULmRPYX5yeiBtgwlMMpvWTr01TA",
    "kid": "1FSA5mMmFfGR-hpjiG9u93ORTybZZgfARhHYyIu_L3Q",
}
BY_OPENSSL = (
    "eyJhbGciOiJTTTItU00zIiwia2lkIjoiMUZTQTVtTW1GZkdSLWhwamlHOXU5M09SVHliWlpnZkFSaEhZeUl1X0wzUSJ9.."
    "T2y51BhTO30Y_wX7kbbSAuATTYeCmE8XUQs_q3mETXhV8zAfHtUGCqAmvfVGc1G7gnTARRMPKSh-XIYQviS7hA"
)
"""Made by `openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678` over header.payload."""


def test_a_signature_made_by_openssl_is_verified() -> None:
    assert verify(BY_OPENSSL, CONTENT, KEY)
    assert not verify(BY_OPENSSL, CONTENT + b" ", KEY)


def test_a_signature_holds_for_exactly_these_bytes_and_this_key(tmp_path: Path) -> None:
    signer, stranger = Sm2Signer.generate(tmp_path / "sm2.json"), Sm2Signer.generate(tmp_path / "other.json")
    signature = signer.sign(CONTENT)
    assert signature.split(".")[1] == ""
    assert verify(signature, CONTENT, signer.public)
    assert not verify(signature, CONTENT + b" ", signer.public)
    assert not verify(signature, CONTENT, stranger.public)
    assert signer.sign(CONTENT) != signature, "each signature has a nonce of its own"
    assert "d" not in signer.public


def test_other_spellings_and_values_out_of_range_are_refused() -> None:
    """s and s + n sign the same to a verifier that does not look at the range."""
    header, _, value = BY_OPENSSL.split(".")
    r, s = _bytes(value)[:32], int.from_bytes(_bytes(value)[32:])
    for other in (s + ORDER, 0, ORDER):
        if other < 2**256:
            assert not verify(f"{header}..{_text(r + other.to_bytes(32))}", CONTENT, KEY)
    assert not verify(BY_OPENSSL + "A", CONTENT, KEY)
    assert not verify(f"{header}.{_text(CONTENT)}.{value}", CONTENT, KEY), "it is detached"


def test_a_point_off_the_curve_is_no_key() -> None:
    assert not verify(BY_OPENSSL, CONTENT, KEY | {"y": KEY["x"]})


def test_a_key_is_kept_and_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "sm2.json"
    made = Sm2Signer.generate(path)
    assert Sm2Signer.from_file(path).kid == made.kid
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        Sm2Signer.generate(path)
    path.write_text(json.dumps(made.public))
    with pytest.raises(ValueError, match="SM2 私钥"):
        Sm2Signer.from_file(path)
