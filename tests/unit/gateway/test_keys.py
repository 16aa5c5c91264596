"""The signing key: made once, private, and good for exactly one kind of token at a time."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.auth import ALGORITHM
from gateway.tokens import access
from gateway.tokens.access import AccessToken
from gateway.tokens.keys import SigningKey, ensure_keys

TOKEN = AccessToken("bank", 3, frozenset({"a:r", "b:w"}), 2_000_000_000)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = ensure_keys(folder)
    content = first.private.read_bytes()
    assert stat.S_IMODE(first.private.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first.public.unlink()
    again = ensure_keys(folder)
    assert again.private.read_bytes() == content
    assert OKPKey.import_key(again.public.read_bytes()).as_dict(private=False).get("d") is None
    assert sorted(path.name for path in folder.iterdir()) == ["gateway.key", "gateway.pub.pem"]


def test_two_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ensure_keys(tmp_path), range(8)))
    key = OKPKey.import_key((tmp_path / "gateway.key").read_bytes())
    assert key.as_pem(private=False) == (tmp_path / "gateway.pub.pem").read_bytes()


def test_an_access_token_comes_back_as_it_went(tmp_path: Path) -> None:
    key = SigningKey.from_file(ensure_keys(tmp_path).private)
    assert access.decode(key, access.encode(key, TOKEN, issued_at=1)) == TOKEN


def test_nothing_else_passes_for_an_access_token(tmp_path: Path) -> None:
    raw = OKPKey.import_key(ensure_keys(tmp_path).private.read_bytes())
    key = SigningKey(raw)
    good = {"iss": "peiyu-gateway", "aud": "peiyu-api", "client_id": "x", "ver": 1, "scope": "", "exp": 2_000_000_000}
    stranger = SigningKey(OKPKey.generate_key("Ed25519"))
    assert access.decode(key, key.sign(good, "at+jwt")) is not None
    assert access.decode(key, key.sign(good, "peiyu-identity+jwt")) is None, "another kind"
    assert access.decode(key, key.sign({**good, "aud": ["registry"]}, "at+jwt")) is None, "another audience"
    assert access.decode(key, key.sign({**good, "iss": "other"}, "at+jwt")) is None
    assert access.decode(key, stranger.sign(good, "at+jwt")) is None, "another key"
    whole = key.sign(good, "at+jwt")
    assert access.decode(key, whole[:-4] + "AAAA") is None, "an altered signature"
    assert access.decode(key, "") is None
    assert access.decode(key, "a.b.c") is None
    header, payload, _ = whole.split(".")
    assert access.decode(key, f"{header}.{payload}.") is None
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"  # {"alg":"none","typ":"at+jwt"}
    assert access.decode(key, f"{none}.{payload}.") is None
    untyped = jwt.encode({"alg": ALGORITHM}, good, raw, algorithms=[ALGORITHM])
    assert access.decode(key, untyped) is None
