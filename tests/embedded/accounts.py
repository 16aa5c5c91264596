"""Running things as an ordinary user when the tests run as root."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another account")


def nobody() -> dict[str, Any]:
    """The arguments of `subprocess` that make a child an ordinary user."""
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}


def home_of_nobody(folder: Path) -> Path:
    """A private home folder, as an ordinary user has one."""
    home = folder / "of-nobody"
    home.mkdir(mode=0o700)
    os.chown(home, nobody()["user"], nobody()["group"])
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    """What an ordinary user's shell would give, and where this Python's packages are."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    found = {"PYTHONPATH": f"{ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(home)}
    return found | {"PATH": "/usr/bin:/bin"} | more


def reachable_python() -> str:
    """A Python of this version that an ordinary user may start; root's own may lie under /root."""
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = [candidate, "-c", f"import os; os.listdir({str(ROOT)!r})"]
        try:
            if not subprocess.run(command, cwd="/", capture_output=True, check=False, **nobody()).returncode:
                return candidate
        except OSError:
            continue
    pytest.skip("no Python that an ordinary user can start from here")
