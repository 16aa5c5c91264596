"""Whose request it is: behind our own reverse proxy the connection is the proxy's, the client is who it says."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

Network = IPv4Network | IPv6Network


def seen_from(scope: Scope, trusted: Sequence[Network]) -> Scope:
    """The request as coming from the client: unchanged unless the connection is that of a trusted proxy.

    The last address in X-Forwarded-For that is no proxy of ours: everything before it was written by strangers.
    """
    peer = scope.get("client")
    if not trusted or not peer or not _within(_parsed(peer[0]), trusted):
        return scope
    for text in reversed(_forwarded(scope)):
        address = _parsed(text)
        if address is None:
            return scope  # a proxy of ours writes addresses only: this is not one, or it passes on what it was given
        if not _within(address, trusted):
            return {**scope, "client": (str(address), 0)}
    return scope


def _forwarded(scope: Scope) -> list[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [each.strip() for line in lines for each in line.split(",")]


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: IPv4Address | IPv6Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)
