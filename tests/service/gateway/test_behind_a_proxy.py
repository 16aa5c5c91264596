"""The gateway behind a reverse proxy: an address is the client's own, and the public door gives no metrics."""

from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from gateway.bootstrap import Credentials
from tests.service.gateway.conftest import Make, basic

GRANT = {"grant_type": "client_credentials"}
NGINX = ("172.30.90.2", 5000)
TRUSTED = (ip_network("172.30.90.0/28"),)


def ask(client: TestClient, credentials: Credentials, address: str) -> int:
    headers = basic(credentials) | {"X-Forwarded-For": address}
    return client.post("/oauth/token", data=GRANT, headers=headers).status_code


def test_who_fails_behind_the_proxy_locks_out_himself_alone(make: Make, demo: dict[str, Credentials]) -> None:
    bank = demo["demo-bank"]
    wrong = Credentials(bank.client_id, "not-the-secret")
    with TestClient(make(trusted_proxies=TRUSTED), client=NGINX) as client:
        for _ in range(5):
            assert ask(client, wrong, "198.51.100.7") == 401
        assert ask(client, bank, "198.51.100.7") == 429
        assert ask(client, bank, "198.51.100.8") == 200


def test_the_allowance_of_an_address_is_the_clients_own(make: Make, demo: dict[str, Credentials]) -> None:
    bank = demo["demo-bank"]
    with TestClient(make(trusted_proxies=TRUSTED, anonymous_requests_per_minute=2), client=NGINX) as client:
        assert [ask(client, bank, "198.51.100.7") for _ in range(3)] == [200, 200, 429]
        assert ask(client, bank, "198.51.100.8") == 200


def test_a_stranger_cannot_choose_his_address(make: Make, demo: dict[str, Credentials]) -> None:
    bank = demo["demo-bank"]
    with TestClient(
        make(trusted_proxies=TRUSTED, anonymous_requests_per_minute=2), client=("203.0.113.5", 5000)
    ) as client:
        assert [ask(client, bank, f"198.51.100.{last}") for last in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics?name[]=python_info"])
def test_the_public_door_gives_no_metrics_in_production(make: Make, path: str) -> None:
    with TestClient(make(environment="production")) as client:
        refused = client.get(path)
    assert refused.status_code == 404
    assert refused.json()["code"] == "no-such-service"
    assert "python_info" not in refused.text


def test_the_local_run_gives_its_metrics(client: TestClient) -> None:
    assert "python_info" in client.get("/metrics").text
