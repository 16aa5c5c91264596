"""The home folder: private files, and one running suite at a time."""

import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest

from peiyu.home import Home, write_private
from peiyu.refusals import CannotRun


def hold(path: Path, ready: "multiprocessing.synchronize.Event", seconds: float) -> None:
    with Home(path).locked(9123):
        ready.set()
        time.sleep(seconds)


@pytest.fixture
def context() -> multiprocessing.context.SpawnContext:
    return multiprocessing.get_context("spawn")


def test_a_second_run_on_the_same_home_is_refused_by_name(
    tmp_path: Path, context: multiprocessing.context.SpawnContext
) -> None:
    home = Home(tmp_path / "home")
    ready = context.Event()
    holder = context.Process(target=hold, args=(home.path, ready, 30))
    holder.start()
    try:
        assert ready.wait(20)
        run = home.running()
        assert run is not None
        assert (run.pid, run.port) == (holder.pid, 9123)
        with pytest.raises(CannotRun, match="9123") as refusal, home.locked(1):
            pass
        assert "PEIYU_HOME" in refusal.value.english
    finally:
        holder.kill()
        holder.join()
    assert home.running() is None, "the lock of a killed run is free at once"
    with home.locked(1):
        pass


def test_a_new_home_is_private_and_one_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    made = Home(tmp_path / "a" / "home")
    made.create()
    assert stat.S_IMODE(made.keys.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.path.stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    existing = tmp_path / "mine"
    existing.mkdir()
    (existing / "notes.txt").write_text("mine")
    existing.chmod(0o750)
    Home(existing).create()
    assert stat.S_IMODE(existing.stat().st_mode) == 0o750


def test_clearing_a_home_leaves_what_is_not_ours(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    write_private(home.demo_clients, b"{}")
    (tmp_path / "notes.txt").write_text("mine")
    home.clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt"]


def test_a_secret_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
