"""The embedded PostgreSQL is created, stopped, killed and found again without losing a committed row."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from peiyu.databases import OWNERS, DatabaseServer
from peiyu.embedded import EmbeddedPostgres
from peiyu.refusals import CannotRun
from tests.embedded.accounts import as_root, environment, home_of_nobody, nobody, reachable_python

FAST = {"fsync": "off"}


def quick(home: Path) -> EmbeddedPostgres:
    """A server for tests that do not ask what survives a power cut."""
    return EmbeddedPostgres(home, overrides=FAST)


def query(server: EmbeddedPostgres, statement: str) -> object:
    url = DatabaseServer(server.url("postgres")).libpq_url()
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def wait_until_gone(pid: int, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if "postgres" not in Path(f"/proc/{pid}/cmdline").read_text():
                return
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} is still there")


def test_a_new_home_gets_a_server_that_keeps_what_is_committed(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "home")
    server.start()
    assert query(server, "SHOW fsync") == "on"
    assert query(server, "SHOW synchronous_commit") == "on"
    assert query(server, "SHOW listen_addresses") == ""
    assert query(server, "SELECT datlocprovider FROM pg_database WHERE datname = 'template1'") == "b"
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    query(server, "CREATE TABLE kept (n int)")
    query(server, "INSERT INTO kept VALUES (1)")
    first = server.pid()
    server.start()
    assert server.pid() == first, "a running server is reused"
    server.stop()
    assert server.pid() is None
    assert not server.socket_folder.exists()
    EmbeddedPostgres(folder / "home").start()
    assert query(server, "SELECT count(*) FROM kept") == 1


def test_a_killed_server_recovers_every_committed_row(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "home")
    server.start()
    query(server, "CREATE TABLE kept (n int)")
    for n in range(20):
        query(server, f"INSERT INTO kept VALUES ({n})")
    pid = server.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    server.start()
    assert server.pid() != pid
    assert query(server, "SELECT count(*) FROM kept") == 20


def test_a_number_that_now_belongs_to_another_process_does_not_stop_the_start(folder: Path) -> None:
    server = quick(folder / "home")
    server.start()
    server.stop()
    with subprocess.Popen(["sleep", "60"], **server.account.identity()) as stranger:
        try:
            (server.data / "postmaster.pid").write_text(f"{stranger.pid}\n{server.data}\n")
            assert server.pid() is None
            server.start()
            assert server.pid() not in (None, stranger.pid)
        finally:
            stranger.kill()


def test_an_interrupted_creation_is_begun_anew(folder: Path) -> None:
    server = quick(folder / "home")
    server._prepare_folders()
    half = server.folder / "18.partial-4711"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server.start()
    assert query(server, "SELECT 1") == 1
    assert not half.exists()


def test_a_server_started_with_other_settings_is_restarted(folder: Path) -> None:
    old = EmbeddedPostgres(folder / "home", overrides={**FAST, "work_mem": "8MB"})
    old.start()
    new = EmbeddedPostgres(folder / "home", overrides=FAST)
    new.start()
    assert query(new, "SHOW work_mem") == "16MB"


def test_a_server_whose_socket_was_swept_away_is_restarted(folder: Path) -> None:
    server = quick(folder / "home")
    server.start()
    shutil.rmtree(server.socket_folder)
    server.start()
    assert query(server, "SELECT 1") == 1


def test_two_homes_run_side_by_side(folder: Path) -> None:
    one, two = quick(folder / "one"), quick(folder / "two")
    one.start()
    two.start()
    query(one, "CREATE TABLE only_here (n int)")
    assert query(two, "SELECT to_regclass('only_here')") is None
    assert one.pid() != two.pid()


def test_a_long_home_path_is_no_obstacle(folder: Path) -> None:
    home = folder / ("培育数据" * 10) / ("and a space " * 8).strip()
    server = quick(home)
    server.start()
    assert query(server, "SELECT 1") == 1
    assert len(os.fsencode(server.socket_folder / ".s.PGSQL.5432")) <= 107


def test_a_socket_folder_open_to_others_is_refused(folder: Path) -> None:
    server = quick(folder / "home")
    server.socket_folder.mkdir(mode=0o755)
    try:
        with pytest.raises(CannotRun, match=str(server.socket_folder)):
            server.start()
    finally:
        server.socket_folder.rmdir()


def test_all_databases_are_created_once(folder: Path) -> None:
    embedded = quick(folder / "home")
    embedded.start()
    server = DatabaseServer(embedded.url("postgres"))
    assert server.create_missing() == list(OWNERS)
    assert server.create_missing() == []
    with psycopg.connect(server.libpq_url("registry")) as connection:
        assert connection.info.dbname == "peiyu_registry"


@as_root
def test_root_runs_the_server_under_an_existing_account(folder: Path) -> None:
    accounts = [entry.pw_name for entry in pwd.getpwall()]
    server = quick(folder / "home")
    server.start()
    pid = server.pid()
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid == server.data.stat().st_uid == server.account.uid != 0
    assert [entry.pw_name for entry in pwd.getpwall()] == accounts, "no account was created"
    assert stat.S_IMODE((folder / "home").stat().st_mode) == 0o711
    assert Path(f"/proc/{pid}/exe").resolve().is_relative_to(folder / "home"), "the programs are a copy of ours"


@as_root
def test_root_gets_a_remedy_for_a_home_the_account_cannot_reach(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(CannotRun) as refusal:
        quick(closed / "home").start()
    assert f"chmod o+x {closed}" in refusal.value.chinese
    assert f"chmod o+x {closed}" in refusal.value.english
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700, "a foreign folder keeps its mode"


@as_root
def test_an_ordinary_user_runs_it_without_help(folder: Path) -> None:
    python, home = reachable_python(), home_of_nobody(folder)
    script = (
        "import sys; from pathlib import Path; from peiyu.embedded import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1])); server.start(); print(server.pid()); server.stop()\n"
        "print(server.pid(), server.home)"
    )
    ran = subprocess.run(
        [python, "-c", script, str(home / "data")],
        env=environment(home),
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **nobody(),
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[0].isdigit()
    assert ran.stdout.split()[1] == "None"
    assert (home / "data" / "postgres" / "18").stat().st_uid == nobody()["user"]


@as_root
def test_an_empty_folder_of_roots_own_becomes_a_home(folder: Path) -> None:
    home = folder / "made-by-mktemp"
    home.mkdir(mode=0o700)
    server = quick(home)
    server.start()
    assert query(server, "SELECT 1") == 1
