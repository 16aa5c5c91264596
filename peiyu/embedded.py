"""The embedded PostgreSQL: one server per home folder, reached only through a private socket."""

import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path

from peiyu.account import Account, account_for, create_home, require_passage
from peiyu.binaries import MAJOR, copied_programs, wheel_programs
from peiyu.capacity import MAX_CONNECTIONS
from peiyu.refusals import CannotRun

SUPERUSER = "peiyu"
SOCKET_PARENT = Path("/tmp")  # noqa: S108  short, and everyone can enter it; the folder inside is 0700
LOG_LIMIT_BYTES = 8 * 1024 * 1024
STILL_IN_USE = "pre-existing shared memory block"

SETTINGS = {
    "listen_addresses": "",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "random_page_cost": "1.1",
    # A container gives 64 MB of /dev/shm; parallel queries would fail there for want of it.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """The server whose data lie in `home`/postgres/18.

    `overrides` replace single entries of `SETTINGS`; tests use it for speed at the price of durability.
    """

    def __init__(self, home: Path, overrides: dict[str, str] | None = None) -> None:
        self.home = Path(os.path.realpath(home))
        self.folder = self.home / "postgres"
        self.data = self.folder / MAJOR
        self.log = self.folder / "server.log"
        self.settings = SETTINGS | (overrides or {})
        self._account: Account | None = None

    @property
    def account(self) -> Account:
        if self._account is None:
            self._account = account_for(self.folder)
        return self._account

    @property
    def socket_folder(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:8]
        return SOCKET_PARENT / f"peiyu-{self.account.uid}-{digest}"

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database on this server."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.socket_folder}"

    def start(self, wait_seconds: int = 300) -> None:
        """Bring the server up: create the data on the first run, reuse a server left running, else start one.

        `wait_seconds` bounds the wait for crash recovery. The caller holds the lock of the home folder.
        """
        if self.pid() and self._reachable():
            return
        self.stop()
        self._prepare_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if not self.pid():
            # Left by a kill -9. PostgreSQL refuses to start if its number now belongs to another process, or to a
            # killed server that nobody has reaped. Nobody else uses this socket folder.
            for stale in (self.data / "postmaster.pid", *self.socket_folder.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        options = {**self.settings, "unix_socket_directories": str(self.socket_folder)}
        line = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
        until = time.monotonic() + 30
        while True:
            failure = self._run("pg_ctl", "start", "-w", "-t", str(wait_seconds), "-D", str(self.data),
                                "-l", str(self.log), "-o", line, timeout=wait_seconds + 30)  # fmt: skip
            if failure is None or (self.pid() and self._reachable()):
                return  # the second case: a start that an earlier, killed run had begun
            if STILL_IN_USE not in self._log_tail() or time.monotonic() > until:
                break
            time.sleep(0.2)  # backends of a killed server need a moment to notice and leave
        raise CannotRun(
            f"内置数据库没有启动。请查看 {self.log}；最后几行：\n{self._log_tail() or failure}",
            f"The embedded database did not start. See {self.log}.",
        )

    def stop(self, mode: str = "fast", wait_seconds: int = 60) -> None:
        """Stop the server if it runs; open sessions are ended, committed data stay."""
        if not self.pid():
            return
        for how in (mode, "immediate"):
            stopped = self._run("pg_ctl", "stop", "-w", "-t", str(wait_seconds), "-m", how, "-D", str(self.data),
                                timeout=wait_seconds + 30)  # fmt: skip
            if stopped is None or not self.pid():
                shutil.rmtree(self.socket_folder, ignore_errors=True)
                return
        raise CannotRun(
            f"内置数据库（进程 {self.pid()}）没有停止。请查看 {self.log}。",
            f"The embedded database (process {self.pid()}) did not stop. See {self.log}.",
        )

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.account.foreign:
            for copy in self.home.glob("pgsql-*"):
                shutil.rmtree(copy, ignore_errors=True)

    def pid(self) -> int | None:
        """The process id of the server that runs on these data, if one does."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if pid > 0 and _serves(pid, self.data) else None

    def _reachable(self) -> bool:
        """Whether the running server is ours to use: same programs and settings, socket still there."""
        started_with = (self.data / "postmaster.opts").read_text()
        wanted = [str(self._programs() / "postgres"), str(self.socket_folder)]
        wanted += [f"{name}={value}" for name, value in self.settings.items()]
        return (
            all(item in started_with for item in wanted)
            and (self.socket_folder / ".s.PGSQL.5432").is_socket()
            and self._run("pg_isready", "-q", "-t", "10", "-h", str(self.socket_folder), timeout=20) is None
        )

    def _programs(self) -> Path:
        return copied_programs(self.home) if self.account.foreign else wheel_programs()

    def _prepare_folders(self) -> None:
        create_home(self.home, self.account)
        require_passage(self.account, self.home)
        self._own(self.folder)
        try:
            self._own(self.socket_folder)
        except PermissionError:
            raise CannotRun(
                f"{self.socket_folder} 已存在，但不是账号 {self.account.name} 的私有目录（0700）。"
                "请核实后删除它，再试一次。",
                f"{self.socket_folder} exists but is not a private (0700) folder of {self.account.name}. "
                "Check it, remove it and try again.",
            ) from None

    def _own(self, folder: Path) -> None:
        """Have `folder` as a 0700 folder of the account; one that is something else is not touched."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) != 0o700:
            raise PermissionError(folder)
        if self.account.foreign and found.st_uid == os.geteuid():
            os.chown(folder, self.account.uid, self.account.gid)  # root's own, perhaps from an interrupted run
        elif found.st_uid != self.account.uid:
            raise PermissionError(folder)

    def _initialise(self) -> None:
        """Create the data beside their final place, so that an interrupted run leaves nothing half made."""
        for abandoned in self.folder.glob(f"{MAJOR}.partial-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        partial = self.folder / f"{MAJOR}.partial-{os.getpid()}"
        failure = self._run(
            "initdb", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
            "-U", SUPERUSER, "-D", str(partial), timeout=300,
        )  # fmt: skip
        if failure is not None:
            raise CannotRun(
                f"内置数据库初始化失败（目录 {self.folder}，账号 {self.account.name}）。"
                f"请检查磁盘空间和权限：\n{failure}",
                f"The embedded database could not be created in {self.folder}. Check disk space and permissions.",
            )
        partial.rename(self.data)

    def _run(self, program: str, *arguments: str, timeout: float) -> str | None:
        """Run one of PostgreSQL's programs as its account; return what it said if it failed."""
        with tempfile.TemporaryFile("w+") as said:  # a pipe would be inherited by the server and never close
            try:
                ended = subprocess.run(  # noqa: S603
                    [self._programs() / program, *arguments],
                    cwd="/",  # ours may be a folder that the account cannot enter
                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    umask=0o077,
                    start_new_session=True,  # Ctrl-C is for the supervisor, not for half an initdb
                    timeout=timeout,
                    check=False,
                    **self.account.identity(),
                )
            except (OSError, subprocess.TimeoutExpired) as problem:
                return str(problem)
            said.seek(0)
            return said.read().strip() if ended.returncode else None

    def _log_tail(self, lines: int = 12) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _serves(pid: int, data: Path) -> bool:
    """Whether process `pid` is the PostgreSQL server of `data`, and not a stranger who got its old number.

    In doubt the answer is yes: a wrong yes is an error message, a wrong no two servers on the same data.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # alive, under another account
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text(errors="surrogateescape").split("\0")
    except OSError:
        ask = ["/bin/ps", "-p", str(pid), "-o", "command="]
        listed = subprocess.run(ask, capture_output=True, text=True, check=False)  # noqa: S603
        return not listed.stdout or "postgres" in listed.stdout
    if "postgres" not in Path(command[0]).name:
        return False  # also the empty command line of a killed server that nobody has reaped
    return str(data) in command or "-D" not in command
