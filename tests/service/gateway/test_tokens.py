"""The token endpoint, in the words of RFC 6749."""

import base64
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.testclient import TestClient

from chassis import ids
from chassis.db import Database
from gateway.bootstrap import Credentials
from gateway.domain.clients import Attributes
from gateway.store import secrets
from gateway.store.secrets import hashed
from gateway.store.tables import SecretRow
from gateway.tokens import proof
from gateway.use_cases.create_client import create_client
from tests.service.gateway.conftest import Make, basic, bearer, token_of

GRANT = {"grant_type": "client_credentials"}


def refused(answer: Any, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"] == error
    assert body["error_description"].isascii(), "RFC 6749 allows nothing else"
    assert body["detail"]
    assert answer.headers["cache-control"] == "no-store"


def test_basic_and_form_give_the_same_token(client: TestClient, demo: dict[str, Credentials]) -> None:
    bank = demo["demo-bank"]
    by_basic = client.post("/oauth/token", data=GRANT, headers=basic(bank))
    by_form = client.post(
        "/oauth/token", data={**GRANT, "client_id": bank.client_id, "client_secret": bank.client_secret}
    )
    for answer in (by_basic, by_form):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 1800
        assert body["scope"] == "whitelist:read"


def test_the_token_is_signed_by_the_published_key(client: TestClient, demo: dict[str, Credentials]) -> None:
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").json())
    assert "d" not in keys.keys[0].as_dict(private=False)
    token = jwt.decode(token_of(client, demo["demo-bank"]), keys, algorithms=["Ed25519"])
    assert token.header["typ"] == "at+jwt"
    assert token.claims["client_id"] == "demo-bank"
    assert token.claims["exp"] - token.claims["iat"] == 1800
    assert token.claims["jti"]


def test_scopes_are_what_was_asked_for(client: TestClient, demo: dict[str, Credentials]) -> None:
    answer = client.post(
        "/oauth/token", data={**GRANT, "scope": "facts:write enterprises:read"}, headers=basic(demo["demo-officer"])
    )
    assert answer.json()["scope"] == "enterprises:read facts:write"


@pytest.mark.parametrize("scope", ["enterprises:read", "whitelist:read enterprises:read", 'bad"scope', "a  b"])
def test_more_than_the_client_has_is_invalid_scope(
    client: TestClient, demo: dict[str, Credentials], scope: str
) -> None:
    refused(
        client.post("/oauth/token", data={**GRANT, "scope": scope}, headers=basic(demo["demo-bank"])),
        400,
        "invalid_scope",
    )


def test_the_wrong_secret_the_unknown_client_and_none_at_all_look_alike(
    client: TestClient, demo: dict[str, Credentials], wrong_secret: str
) -> None:
    answers = [
        client.post("/oauth/token", data=GRANT, headers=basic(Credentials("demo-bank", wrong_secret))),
        client.post("/oauth/token", data=GRANT, headers=basic(Credentials("nobody", wrong_secret))),
    ]
    for answer in answers:
        refused(answer, 401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answers[0].json() == answers[1].json()
    refused(client.post("/oauth/token", data=GRANT), 401, "invalid_client")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"nocolon").decode(),
               "Basic " + base64.b64encode(b"\xff:\xff").decode()],
)  # fmt: skip
def test_an_unreadable_authorization_is_invalid_client(client: TestClient, header: str) -> None:
    refused(client.post("/oauth/token", data=GRANT, headers={"Authorization": header}), 401, "invalid_client")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "invalid_request"),
        ("scope=whitelist:read", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", "invalid_request"),
        ("grant_type=client_credentials&client_id=someone-else", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=client_credentials&x=" + "y" * 20_000, "invalid_request"),
        (b"grant_type=\xff\xfe", "invalid_request"),
    ],
)
def test_what_is_wrong_with_the_request_is_said(
    client: TestClient, demo: dict[str, Credentials], body: Any, error: str
) -> None:
    headers = {**basic(demo["demo-bank"]), "Content-Type": "application/x-www-form-urlencoded"}
    refused(client.post("/oauth/token", content=body, headers=headers), 400, error)


def test_parameters_in_the_address_or_in_json_are_refused(client: TestClient, demo: dict[str, Credentials]) -> None:
    headers = basic(demo["demo-bank"])
    refused(client.post("/oauth/token?grant_type=client_credentials", headers=headers), 400, "invalid_request")
    refused(client.post("/oauth/token", json=GRANT, headers=headers), 400, "invalid_request")


def test_an_unknown_parameter_and_an_empty_scope_are_ignored(client: TestClient, demo: dict[str, Credentials]) -> None:
    """RFC 6749, 3.2: parameters without a value are as if omitted, unrecognised ones are ignored."""
    answer = client.post("/oauth/token", data={**GRANT, "scope": "", "x": "1"}, headers=basic(demo["demo-bank"]))
    assert answer.status_code == 200


def test_id_and_secret_are_form_encoded_inside_basic(client: TestClient, db: Database) -> None:
    """RFC 6749, 2.3.1: a colon, a plus sign or a percent sign in a secret survives."""
    secret = "a:b+c%20d é 密"
    with db.transaction() as tx:
        row = create_client(
            tx,
            "awkward",
            Attributes(name="x", role="leader", scopes=frozenset({"enterprises:read"})),
            secret="unused",
        )
        row.secrets.append(
            SecretRow(id=ids.new_id(), hash=hashed(secret), hint="", created_at=row.created_at, expires_at=None)
        )
    pair = f"{quote_plus('awkward')}:{quote_plus(secret)}".encode()
    answer = client.post(
        "/oauth/token", data=GRANT, headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    )
    assert answer.status_code == 200, answer.text


def test_a_polling_client_does_not_burn_argon2_again(
    client: TestClient, demo: dict[str, Credentials], monkeypatch: pytest.MonkeyPatch
) -> None:
    proved: list[str] = []
    verifies = secrets.verifies

    def counted(stored: str, presented: str) -> bool:
        proved.append(presented)
        return verifies(stored, presented)

    monkeypatch.setattr(proof, "verifies", counted)
    for _ in range(5):
        token_of(client, demo["demo-bank"])
    assert len(proved) == 1


def test_repeated_failures_lock_this_client_at_this_address_and_nobody_else(
    client: TestClient, demo: dict[str, Credentials], wrong_secret: str
) -> None:
    bank = demo["demo-bank"]
    for _ in range(5):
        refused(
            client.post("/oauth/token", data=GRANT, headers=basic(Credentials("demo-bank", wrong_secret))),
            401,
            "invalid_client",
        )
    locked = client.post("/oauth/token", data=GRANT, headers=basic(bank))
    refused(locked, 429, "slow_down")
    assert int(locked.headers["retry-after"]) >= 1
    assert token_of(client, demo["demo-leader"])
    time.sleep(1.1)
    assert token_of(client, bank), "after the pause the right secret works again"


def test_an_address_has_an_allowance_of_token_requests(make: Make, demo: dict[str, Credentials]) -> None:
    with TestClient(make(anonymous_requests_per_minute=3)) as client:
        answers = [client.post("/oauth/token", data=GRANT, headers=basic(demo["demo-bank"])) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"anonymous";q=3;w=60'
    assert answers[0].headers["ratelimit"].startswith('"anonymous";r=2;t=')
    refused(answers[3], 429, "slow_down")
    assert int(answers[3].headers["retry-after"]) >= 1


def test_a_disabled_client_gets_no_token(client: TestClient, demo: dict[str, Credentials]) -> None:
    admin = bearer(client, demo["demo-admin"])
    assert token_of(client, demo["demo-bank"])
    assert client.post("/api/gateway/v1/clients/demo-bank/disable", headers=admin).status_code == 200
    time.sleep(1.5)
    refused(client.post("/oauth/token", data=GRANT, headers=basic(demo["demo-bank"])), 401, "invalid_client")
