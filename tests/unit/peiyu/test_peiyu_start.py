"""What a start decides before anything runs: settings, port, revisions, capacity, the two lock files."""

import re
import socket
from pathlib import Path

import pytest

from peiyu import capacity, ports, revisions, settings
from peiyu.databases import OWNERS, DatabaseServer
from peiyu.embedded import SETTINGS
from peiyu.refusals import CannotRun

ROOT = Path(__file__).resolve().parents[3]


def test_the_home_defaults_to_the_place_for_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PEIYU_HOME", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert settings.read().folder() == tmp_path / "peiyu"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings.read().folder() == tmp_path / ".local" / "share" / "peiyu"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert settings.read().folder() == Path("/var/lib/peiyu").resolve()
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path / "chosen"))
    assert settings.read().folder() == tmp_path / "chosen"


def test_a_wrong_port_is_refused_by_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEIYU_PORT", "70000")
    with pytest.raises(CannotRun, match="PEIYU_PORT"):
        settings.read()


def test_a_taken_port_is_refused_with_the_variable_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotRun, match=f"PEIYU_PORT={port + 1}"):
            ports.reserve(port, patience_seconds=0)


def test_a_reserved_port_refuses_callers_until_it_listens() -> None:
    with ports.reserve(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=2)
        ports.listen(listener, port)
        socket.create_connection(("127.0.0.1", port), timeout=2).close()


def test_the_head_is_the_revision_that_no_other_follows(tmp_path: Path) -> None:
    (tmp_path / "0001_one.py").write_text('revision = "0001"\ndown_revision = None\n')
    (tmp_path / "0002_two.py").write_text("revision: str = '0002'\ndown_revision: str | None = '0001'\n")
    (tmp_path / "__init__.py").write_text("")
    assert revisions.heads(tmp_path) == {"0002"}


def test_each_owner_has_a_database_on_the_given_server() -> None:
    given = DatabaseServer("postgresql://someone:secret@db.example:5433/postgres?sslmode=require")
    assert given.url_for("bus") == ("postgresql+psycopg://someone:secret@db.example:5433/peiyu_bus?sslmode=require")
    embedded = DatabaseServer("postgresql+psycopg://peiyu@/postgres?host=/tmp/peiyu-1-2")
    assert embedded.libpq_url("gateway") == "postgresql://peiyu@/peiyu_gateway?host=/tmp/peiyu-1-2"


def test_the_server_has_a_connection_for_everybody() -> None:
    assert len(OWNERS) - 1 == capacity.DATABASES, "the bus counts among the separate connections"
    assert int(SETTINGS["max_connections"]) >= capacity.DATABASES * (capacity.HTTP_POOL + capacity.WORKER_POOL)


def test_the_development_lock_contains_the_runtime_lock() -> None:
    """bin/setup relies on it: installing the test tools must not change what a running suite uses."""
    runtime, development = (
        dict(re.findall(r"^([A-Za-z0-9_.\-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime
    assert runtime.items() <= development.items()
