"""What the all-in-one run gives each part: its database, the embedded bus, the keys of the home."""

from typing import Any

from chassis.settings import ServiceSettings
from gateway.tokens.keys import KeyFiles, ensure_keys
from peiyu import suite
from peiyu.capacity import HTTP_POOL, WORKER_POOL
from peiyu.databases import DatabaseServer
from peiyu.home import Home
from peiyu.parts import GATEWAY
from peiyu.settings import read


def settings(part: str, home: Home, server: DatabaseServer, *, worker: bool) -> ServiceSettings:
    """The settings of one part in one of the two processes. Makes the home's keys on the first call."""
    keys: KeyFiles = ensure_keys(home.keys)
    given: dict[str, Any] = {
        "environment": "local",
        "database_url": server.url_for(part),
        "bus_url": bus_url(server),
        "identity_key_file": keys.public,
        "pool_size": WORKER_POOL if worker else HTTP_POOL,
    }
    if part == GATEWAY:
        given |= {"signing_key_file": keys.private, "expect_sample": True}
    return suite.settings(part, **given)


def bus_url(server: DatabaseServer) -> str:
    """The embedded bus, unless the environment names another one."""
    given = read().bus_url
    return given.get_secret_value() if given else server.libpq_url("bus")
