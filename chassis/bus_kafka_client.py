"""Opening kafka-python clients so that a failure takes bounded time and leaves nothing behind (ADR-0005)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError
from kafka.net.compat import KafkaNetClient

DIAL_SECONDS = 2.0
CLOSE_SECONDS = 1.0

_T = TypeVar("_T")


def opened(make: Callable[..., _T], connection: dict[str, Any], *topics: str, **config: Any) -> _T:
    """A connected KafkaProducer, KafkaConsumer or KafkaAdminClient; raises KafkaError.

    A constructor of kafka-python 3.0 that cannot bootstrap keeps its thread and sockets for ever: a broker that is
    away for a night would cost a retrying process all its descriptors. So the port is tried first, and the network
    client behind a constructor that fails is closed by hand.
    """
    dial(connection["bootstrap_servers"])
    clients: list[KafkaNetClient] = []

    def network(**settings: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**settings))
        return clients[-1]

    try:
        return make(*topics, **connection, **config, kafka_client=network)
    except BaseException:
        for client in clients:
            with suppress(Exception):
                client.close()
        raise


def shut(producer: KafkaProducer) -> None:
    """Close a producer whose broker may be gone: its thread and sockets end, and nothing complains later.

    `KafkaProducer.close` of 3.0 flushes first and stays half open when that fails: the I/O thread keeps trying, and the
    garbage collector runs into the same failure. So what is still to be sent is given up, and then it closes.
    """
    try:
        producer.close(timeout=CLOSE_SECONDS)
    except KafkaError:
        producer._sender.force_close()
        producer._sender.join(CLOSE_SECONDS)
        with suppress(KafkaError):
            producer.close(timeout=CLOSE_SECONDS)


def dial(servers: list[str]) -> None:
    """Return when one of the servers accepts a connection; raise KafkaConnectionError when none does."""
    reason: OSError | None = None
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=DIAL_SECONDS).close()
            return
        except OSError as error:
            reason = error
    raise KafkaConnectionError(f"{','.join(servers)}: {reason}")
