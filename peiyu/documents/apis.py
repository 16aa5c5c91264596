"""OpenAPI documents of the services and the gateway, from their applications; nothing is connected to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from joserfc.jwk import OKPKey

from chassis.db import Database
from gateway.app import create_api
from gateway.settings import Settings
from peiyu import parts, suite
from peiyu.documents.events import dumped

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@contextmanager
def application_of(part: str) -> Iterator[FastAPI]:
    """The application of one service, or the gateway's own interfaces, without any of its neighbours."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "identity.pub.pem"
        key.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=False))
        chosen = suite.settings(
            part,
            environment="local",
            database_url=NOWHERE,
            identity_key_file=key,
            **_own_keys(part, Path(folder)),
        )
        db = Database(NOWHERE, pool_size=1)
        try:
            if part == parts.GATEWAY:
                yield create_api(cast(Settings, chosen), db)
            else:
                yield suite.application(part, chosen, db)
        finally:
            db.close()


def openapi_of(part: str) -> dict[str, Any]:
    """The OpenAPI document of one part, as it would serve it."""
    with application_of(part) as app:
        return app.openapi()


def documents() -> dict[str, str]:
    """File name under contracts/openapi/ → its text."""
    return {f"{part}.json": dumped(openapi_of(part)) for part in parts.PARTS}


def _own_keys(part: str, folder: Path) -> dict[str, Any]:
    """Finance signs its feed, and the gateway its tokens, with a key of its own."""
    setting = {"finance": "feed_key_file", parts.GATEWAY: "signing_key_file"}.get(part)
    if setting is None:
        return {}
    key = folder / "own.key"
    key.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    return {setting: key}
