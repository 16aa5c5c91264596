"""The home folder of one installation: what lies where, and the lock that one running suite holds."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peiyu.account import Account, account_for, create_home
from peiyu.refusals import CannotRun


@dataclass(frozen=True)
class Run:
    """A suite that is up: its supervisor and the port it answers on."""

    pid: int
    port: int


@dataclass(frozen=True)
class Home:
    """Everything one installation keeps on this machine."""

    path: Path

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def sample(self) -> Path:
        """The spreadsheets of the sample, as they were imported."""
        return self.path / "sample"

    @property
    def demo_clients(self) -> Path:
        return self.path / "demo-clients.json"

    @property
    def server(self) -> Path:
        """The URL of the database server of the suite that is up; it may hold a password."""
        return self.keys / "server-url"

    @property
    def fit(self) -> Path:
        """There while the databases are up and up to date: the children, started early, wait for it."""
        return self.path / "fit"

    @property
    def prepared(self) -> Path:
        """For which state of the program the databases were last brought up to date."""
        return self.path / "prepared"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def _lock(self) -> Path:
        return self.path / "up.lock"

    @property
    def account(self) -> Account:
        return account_for(self.postgres)

    def create(self) -> None:
        """Make the folder and the private folders in it; what exists keeps its mode."""
        try:
            create_home(self.path, self.account)
            for private in (self.keys, self.logs):
                private.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise CannotRun(
                f"当前账号不能写入 {error.filename}。请用 PEIYU_HOME 指定一个有权写入的目录。",
                f"{error.filename} is not writable. Set PEIYU_HOME to a folder that is.",
            ) from error

    @contextmanager
    def locked(self, port: int) -> Iterator[None]:
        """Be the one suite on this home; the kernel frees the lock however the process ends."""
        self.create()
        with self._lock.open("a+") as lock:
            if not _obtained(lock.fileno()):
                run = self.running()
                where = f"（进程 {run.pid}，端口 {run.port}）" if run else ""
                raise CannotRun(
                    f"{self.path} 上已有培育在运行{where}。要同时再开一套，请另设 PEIYU_HOME 和 PEIYU_PORT；"
                    "要停止它，请执行 make down。",
                    f"The suite is already up on {self.path}. Set another PEIYU_HOME and PEIYU_PORT to run "
                    "a second one, or stop it with make down.",
                )
            lock.truncate(0)
            lock.write(json.dumps({"pid": os.getpid(), "port": port}))
            lock.flush()
            yield

    def clear(self) -> None:
        """Delete keys, logs, sample files and demo clients; what we did not put here stays."""
        for folder in (self.keys, self.logs, self.sample):
            shutil.rmtree(folder, ignore_errors=True)
        self.demo_clients.unlink(missing_ok=True)
        for file in (self.prepared, self.fit):
            file.unlink(missing_ok=True)

    def running(self) -> Run | None:
        """The suite that holds the lock, if one does."""
        try:
            with self._lock.open("r+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    said: dict[str, Any] = json.loads(lock.read() or "{}")
                    return Run(int(said.get("pid", 0)), int(said.get("port", 0)))
        except FileNotFoundError:
            return None
        return None


def _obtained(descriptor: int, patience_seconds: float = 1.0) -> bool:
    """Take the lock; a `status` that looks at it holds it for an instant, so one refusal is not an answer."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        else:
            return True


def write_private(path: Path, content: bytes) -> None:
    """Write a secret file whole or not at all, readable by its owner only."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    partial.replace(path)
