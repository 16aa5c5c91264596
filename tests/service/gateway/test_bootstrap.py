"""The clients of the local run: made once, kept, and made again when their file was lost."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from chassis.db import Database
from gateway.bootstrap import Credentials, bootstrap, write_demo_clients
from gateway.domain.errors import BootstrapRefused
from gateway.domain.roles import ROLES
from gateway.migrations import MIGRATIONS
from gateway.store.tables import ClientRow, DirectoryRevisionRow
from tests.service.gateway.conftest import USCC, Make, token_of

GIVEN = {"environment": "local", "token_url": "http://127.0.0.1:8080/oauth/token", "commissioner": "C001", "uscc": USCC}


def revision(db: Database) -> int:
    with db.reading() as tx:
        return tx.session.scalar(select(DirectoryRevisionRow.revision)) or 0


def test_the_file_lets_every_role_be_tried(make: Make, db: Database, tmp_path: Path) -> None:
    path = tmp_path / "demo-clients.json"
    write_demo_clients(path, db, **GIVEN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    assert set(entries) == (set(ROLES) - {"system"}) | {"demo-officer-3413"}
    assert all(entry["role"] == role for role, entry in entries.items() if role != "demo-officer-3413")
    assert entries["officer"]["areas"] == ["*"]
    assert entries["demo-officer-3413"]["areas"] == ["3413"]
    assert entries["bank"]["institution"] == "demo-bank-a"
    assert entries["enterprise"]["uscc"] == USCC
    assert entries["commissioner"]["commissioner"] == "C001"
    with TestClient(make()) as client:
        for entry in entries.values():
            assert {"name", "description", "client_secret", "token_url"} <= entry.keys()
            assert token_of(client, Credentials(entry["client_id"], entry["client_secret"]))


def test_the_second_start_changes_nothing(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "demo-clients.json"
    write_demo_clients(path, db, **GIVEN)
    first, before, changed = path.read_bytes(), revision(db), path.stat().st_mtime_ns
    write_demo_clients(path, db, **GIVEN)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (first, changed)
    assert revision(db) == before


def test_a_new_commissioner_is_taken_over_and_the_secret_stays(db: Database, tmp_path: Path) -> None:
    path = tmp_path / "demo-clients.json"
    write_demo_clients(path, db, **GIVEN)
    before = json.loads(path.read_text("utf-8"))
    write_demo_clients(path, db, **{**GIVEN, "commissioner": "C002"})
    after = json.loads(path.read_text("utf-8"))
    assert after["commissioner"]["commissioner"] == "C002"
    assert {name: entry["client_secret"] for name, entry in before.items()} == {
        name: entry["client_secret"] for name, entry in after.items()
    }
    with db.reading() as tx:
        assert tx.session.scalar(select(ClientRow.commissioner).where(ClientRow.client_id == "demo-commissioner")) == (
            "C002"
        )


@pytest.mark.parametrize("damage", ["removed", "cut"])
def test_a_lost_file_is_written_anew_with_new_secrets(make: Make, db: Database, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "demo-clients.json"
    lost = {each.credentials.client_id: each.credentials for each in write_demo_clients(path, db, **GIVEN)}
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])
    made = {each.credentials.client_id: each.credentials for each in write_demo_clients(path, db, **GIVEN)}
    assert made["demo-bank"] != lost["demo-bank"]
    with TestClient(make()) as client:
        assert token_of(client, made["demo-bank"])
        with pytest.raises(AssertionError):
            token_of(client, lost["demo-bank"])


def test_the_installers_client_is_one_and_private(make: Make, db: Database, tmp_path: Path) -> None:
    first = bootstrap(db, tmp_path, "local")
    assert bootstrap(db, tmp_path, "local") == first
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with TestClient(make()) as client:
        assert token_of(client, first, scope="installation:write enterprises:write")


def test_nothing_of_this_outside_the_local_run(db: Database, tmp_path: Path) -> None:
    with pytest.raises(BootstrapRefused):
        bootstrap(db, tmp_path, "production")
    with pytest.raises(BootstrapRefused):
        write_demo_clients(tmp_path / "x.json", db, **{**GIVEN, "environment": "production"})
    assert list(tmp_path.iterdir()) == []


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []
    assert MIGRATIONS.check(db) == {"revision": "0003"}
