"""Builds .venv from a lock file with hashes; standard library only, since it runs before anything is installed.

environment.py fits  runtime|dev    exit 0 when .venv is whole and up to date
environment.py build runtime|dev    make it so
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
SATISFIED_BY = {"runtime": ("runtime", "dev"), "dev": ("dev",)}  # the dev lock contains the runtime lock


def main() -> int:
    verb, wanted = sys.argv[1], sys.argv[2]
    if verb == "fits":
        return 0 if in_place() and current(wanted) else 1
    if not os.access(ROOT, os.W_OK):
        sys.exit(f"当前账号不能写入 {ROOT}。请换到自己有权写入的目录克隆，再试一次。\n{ROOT} is not writable.")
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)  # two `make` at once: the second finds the work done
    if not usable():
        require_idle()
        shutil.rmtree(VENV, ignore_errors=True)
        say(f"创建虚拟环境 {VENV}（Python {platform.python_version()}）")
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)  # noqa: S603
    if not current(wanted):
        if not current("runtime"):
            require_idle()
        install(wanted)
    return 0


def in_place() -> bool:
    """Whether .venv was made here: one that moved or was copied with the clone has stale paths inside."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return False
    made = [line.split(" -m venv ", 1)[1] for line in lines if line.startswith("command =") and " -m venv " in line]
    return not made or made[0].endswith(str(VENV))


def usable() -> bool:
    probe = [str(PYTHON), "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"]
    try:
        answer = subprocess.run(probe, capture_output=True, check=False)  # noqa: S603
        return in_place() and answer.returncode == 0
    except OSError:
        return False


def stamp(wanted: str) -> tuple[Path, str]:
    locks = LOCKS["runtime"].read_bytes() + (LOCKS["dev"].read_bytes() if wanted == "dev" else b"")
    return VENV / f".{wanted}-installed", hashlib.sha256(locks).hexdigest()


def current(wanted: str) -> bool:
    for lock in SATISFIED_BY[wanted]:
        path, digest = stamp(lock)
        if path.exists() and path.read_text() == digest:
            return True
    return False


def require_idle() -> None:
    """Refuse to replace packages under a suite that runs from this clone; it holds this lock while it is up."""
    if not VENV.exists():
        return
    with (VENV / ".in-use").open("a") as use:
        try:
            fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(
                "依赖已更新，但培育正在用当前环境运行。请先执行 make down，再试一次。\n"
                "The dependencies changed while the suite runs from this clone. Run make down first."
            )


def install(wanted: str) -> None:
    if not current("runtime"):
        for lock in LOCKS:
            stamp(lock)[0].unlink(missing_ok=True)  # killed half-way, neither set is whole
    total = sum(1 for line in LOCKS[wanted].read_text().splitlines() if "==" in line and line[0].isalnum())
    say(f"安装依赖（{LOCKS[wanted].name}，{total} 个包，首次需要几分钟）")
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input",
               "--disable-pip-version-check", "--progress-bar", "off", "-r", str(LOCKS[wanted])]  # fmt: skip
    said: list[str] = []
    command = ["env", "PIP_USER=0", "PYTHONUNBUFFERED=1", *command]  # a personal `user = true` would fail in a venv
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603
        assert pip.stdout is not None
        done = 0
        for line in pip.stdout:
            said.append(line)
            if line.startswith("Collecting "):
                done += 1
                progress(f"  {done}/{total} {line.split()[1]}")
            elif line.startswith("Installing collected"):
                progress("  写入 .venv …")
    progress("")
    if pip.returncode:
        sys.stderr.write("".join(said[-15:]))
        sys.exit(
            "依赖安装失败（见上）。网络受限时可设置镜像后重试：PIP_INDEX_URL=https://… make up；"
            "离线时用 PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels make up。\n"
            "Installing the dependencies failed. Set PIP_INDEX_URL to a reachable index and try again."
        )
    path, digest = stamp(wanted)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(digest)
    partial.replace(path)


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text[:78]}")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
