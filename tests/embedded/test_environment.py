"""bin/setup: which Python it takes, when .venv fits, and what it says when it cannot go on. Nothing is downloaded."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded.accounts import ROOT

TOOLS = ("sh", "cat", "dirname", "env")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a clone as the environment is made from."""
    made = tmp_path / "a clone"
    (made / "bin").mkdir(parents=True)
    for name in ("setup", "environment.py"):
        shutil.copy(ROOT / "bin" / name, made / "bin" / name)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (made / name).write_text("# nothing\n")
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with the tools every system has, and no Python."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    return folder


def setup(clone: Path, path: Path, *, wanted: str = "runtime") -> subprocess.CompletedProcess[str]:
    script = clone / "bin" / "setup"
    # The places where a system keeps its Python cannot be emptied for a test: look there for none.
    text = script.read_text().replace("/usr/local/bin/python3 /usr/bin/python3", "")
    script.write_text(text)
    return subprocess.run(
        ["sh", str(script), wanted], env={"PATH": str(path)}, capture_output=True, text=True, timeout=60, check=False
    )


def python(path: Path, name: str, *, refuses: str = "nothing") -> None:
    """Put a Python on the PATH that fails when asked for `refuses`."""
    script = path / name
    script.write_text(f'#!/bin/sh\ncase "$*" in *{refuses}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o755)


def environment(clone: Path, verb: str, wanted: str) -> int:
    command = [sys.executable, str(clone / "bin" / "environment.py"), verb, wanted]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


def test_without_a_python_it_says_what_to_install(clone: Path, bare: Path) -> None:
    ended = setup(clone, bare)
    assert ended.returncode == 1
    assert "3.11" in ended.stderr
    assert "PYTHON=" in ended.stderr


def test_an_old_python_is_passed_over(clone: Path, bare: Path) -> None:
    python(bare, "python3", refuses="version_info")
    assert "没有找到 Python 3.11" in setup(clone, bare).stderr


def test_a_python_without_ensurepip_is_named_with_its_package(clone: Path, bare: Path) -> None:
    python(bare, "python3", refuses="ensurepip")
    ended = setup(clone, bare)
    assert ended.returncode == 1
    assert f"python3.{sys.version_info.minor}-venv" in ended.stderr


def test_an_environment_fits_until_the_lock_changes_or_it_moves(clone: Path, bare: Path) -> None:
    python(bare, "python3.12")
    assert environment(clone, "fits", "runtime") == 1
    assert setup(clone, bare).returncode == 0
    assert environment(clone, "fits", "runtime") == 0
    assert environment(clone, "fits", "dev") == 1

    (clone / "requirements.lock").write_text("# changed\n")
    assert environment(clone, "fits", "runtime") == 1
    assert setup(clone, bare, wanted="dev").returncode == 0
    assert environment(clone, "fits", "runtime") == 0, "the tools for tests contain what runs"

    moved = clone.with_name("moved")
    clone.rename(moved)
    assert environment(moved, "fits", "dev") == 1
    assert setup(moved, bare, wanted="dev").returncode == 0
    assert environment(moved, "fits", "dev") == 0
