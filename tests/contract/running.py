"""Every part of the suite, each on a prepared database of its own, called directly as the gateway calls it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from joserfc.jwk import OKPKey

from chassis.db import Database
from gateway.app import create_api
from gateway.settings import Settings
from peiyu import parts, suite
from peiyu.prepare import prepare
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities
from tests.service.finance import world

NOBODY = "91110000600037341L"
"""A well-formed code that no database of these tests knows."""


@contextmanager
def applications(templates: Templates, identities: Identities, folder: Path) -> Iterator[dict[str, FastAPI]]:
    """part → its application. Of the gateway only the interfaces: the data path checks tokens, not identities."""
    with ExitStack() as stack:
        yield {
            part: _application(
                part, stack.enter_context(templates.copy(part, suite.migrations(part))), identities, folder
            )
            for part in parts.PARTS
        }


def _application(part: str, db: Database, identities: Identities, folder: Path) -> FastAPI:
    given: dict[str, Any] = {
        "environment": "local",
        "database_url": db.url,
        "identity_key_file": identities.public_file,
    }
    if part == parts.GATEWAY:
        key = folder / "gateway.key"
        key.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
        return create_api(cast(Settings, suite.settings(part, **given, signing_key_file=key)), db)
    chosen = suite.settings(part, **given)
    prepare(part, chosen)
    if part == "finance":
        _publish(db)
    return suite.application(part, chosen, db)


def _publish(db: Database) -> None:
    """A whitelist of one title, so that the feed has something to show."""
    press = world.publisher(db)
    world.deliver(db, world.recorded(world.uscc(1), "t-1", 1))
    world.number(db)
    press.publish()
