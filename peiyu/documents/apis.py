"""OpenAPI documents of the services and the gateway, from their applications; nothing is connected to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from joserfc.jwk import OKPKey

from chassis.db import Database
from peiyu import parts, suite
from peiyu.documents.events import dumped

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@contextmanager
def application_of(service: str) -> Iterator[FastAPI]:
    """The application of one service, put together without any of its neighbours."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "identity.pub.pem"
        key.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=False))
        chosen = suite.settings(
            service,
            environment="local",
            database_url=NOWHERE,
            identity_key_file=key,
            **_own_keys(service, Path(folder)),
        )
        db = Database(NOWHERE, pool_size=1)
        try:
            yield suite.application(service, chosen, db)
        finally:
            db.close()


def openapi_of(service: str) -> dict[str, Any]:
    """The OpenAPI document of one service, as it would serve it."""
    with application_of(service) as app:
        return app.openapi()


def documents() -> dict[str, str]:
    """File name under contracts/openapi/ → its text."""
    return {f"{service}.json": dumped(openapi_of(service)) for service in parts.SERVICES}


def _own_keys(service: str, folder: Path) -> dict[str, Any]:
    """Finance signs its feed with a key of its own."""
    if service != "finance":
        return {}
    key = folder / "feed.key"
    key.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    return {"feed_key_file": key}
