"""What is signed, by which key, and that nothing else passes for it."""

from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from chassis.signing import Signer, canonical_bytes, own_signer, verify


def test_a_signature_holds_for_exactly_these_bytes_and_this_key() -> None:
    key = OKPKey.generate_key("Ed25519")
    signer, stranger = Signer(key), Signer(OKPKey.generate_key("Ed25519"))
    public = signer.public
    assert "d" not in public, "the private half stays"
    signature = signer.sign(b"manifest")
    assert signature.split(".")[1] == ""
    assert verify(signature, b"manifest", [public])
    assert not verify(signature, b"manifesT", [public])
    assert not verify(stranger.sign(b"manifest"), b"manifest", [public])
    assert not verify("not a signature", b"manifest", [public])


def test_a_generated_key_is_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "own.pem"
    first, second = Signer.generate(path), Signer.generate(path)
    assert first.kid == second.kid == Signer.from_file(path).kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ValueError, match="Ed25519 私钥"):
        Signer(OKPKey.import_key(OKPKey.generate_key("Ed25519").as_dict(private=False)))


def test_another_spelling_of_a_signature_is_not_the_one_that_was_made() -> None:
    """The last character of an Ed25519 signature in base64url carries four bits that decode to nothing."""
    signer = Signer(OKPKey.generate_key("Ed25519"))
    signature = signer.sign(b"manifest")
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[signature[-1]]
    assert not verify(signature[:-1] + last, b"manifest", [signer.public])


def test_canonical_bytes_do_not_depend_on_the_order_and_hold_no_fractions_that_are_no_numbers() -> None:
    assert canonical_bytes({"b": "企业", "a": None}) == '{"a":null,"b":"企业"}'.encode()
    with pytest.raises(ValueError):
        canonical_bytes({"a": float("nan")})


def test_the_local_run_makes_a_key_once_and_production_must_be_given_one(tmp_path: Path) -> None:
    local = tmp_path / "own.pem"
    made = own_signer(None, local=local, variable="PEIYU_X_KEY_FILE", purpose="留痕单")
    assert own_signer(None, local=local, variable="PEIYU_X_KEY_FILE", purpose="留痕单").kid == made.kid
    with pytest.raises(ValueError, match="PEIYU_X_KEY_FILE"):
        own_signer(None, local=None, variable="PEIYU_X_KEY_FILE", purpose="留痕单")
    with pytest.raises(FileNotFoundError):
        own_signer(tmp_path / "missing.pem", local=None, variable="PEIYU_X_KEY_FILE", purpose="留痕单")
    assert own_signer(local, local=None, variable="PEIYU_X_KEY_FILE", purpose="留痕单").kid == made.kid
