"""Whose request it is behind a reverse proxy."""

from ipaddress import ip_network
from typing import Any

import pytest

from gateway.proxy.origin import seen_from

TRUSTED = (ip_network("172.30.90.0/28"), ip_network("fd00::/64"))
NGINX = "172.30.90.2"


def client(peer: str, *forwarded: str, trusted: Any = TRUSTED) -> str:
    scope: dict[str, Any] = {
        "type": "http",
        "client": (peer, 5000),
        "headers": [(b"x-forwarded-for", each.encode()) for each in forwarded],
    }
    found = seen_from(scope, trusted)["client"]
    return str(found[0])


def test_a_trusted_proxy_says_for_whom_it_comes() -> None:
    assert client(NGINX, "198.51.100.7") == "198.51.100.7"


def test_a_stranger_says_nothing_about_himself() -> None:
    assert client("203.0.113.5", "198.51.100.7") == "203.0.113.5"


def test_nobody_is_trusted_unless_named() -> None:
    assert client("127.0.0.1", "198.51.100.7", trusted=()) == "127.0.0.1"


@pytest.mark.parametrize("forwarded", [["10.9.9.9, 198.51.100.7"], ["10.9.9.9", "198.51.100.7"]])
def test_what_the_client_wrote_in_front_is_not_believed(forwarded: list[str]) -> None:
    assert client(NGINX, *forwarded) == "198.51.100.7"


def test_a_chain_of_our_own_proxies_is_walked_back() -> None:
    assert client(NGINX, "198.51.100.7, 172.30.90.3") == "198.51.100.7"
    assert client(NGINX, "172.30.90.4, 172.30.90.3") == NGINX, "a proxy's own request"


def test_what_is_no_address_is_not_walked_past() -> None:
    assert client(NGINX, "198.51.100.7, unknown") == NGINX
    assert client(NGINX) == NGINX


def test_one_address_has_one_form() -> None:
    assert client("::ffff:172.30.90.2", "::ffff:198.51.100.7") == "198.51.100.7"
    assert client("fd00::1", "2001:0db8::0007") == "2001:db8::7"
