"""The whole suite as a user starts it, in a home and on a port of its own."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

ROOT = Path(__file__).parents[2]
START_SECONDS = 240.0
PATIENCE_SECONDS = 180.0
"""How long anything may take on a machine that has other work too; it is never waited out when all is well."""


def until(what: str, check: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask again and again until the answer is truthy; a bounded wait that says what did not come."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = check()
        except (httpx.TransportError, httpx.HTTPStatusError) as error:  # being killed and restarted meanwhile
            last = error
        else:
            if last:
                return last
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s; last: {str(last)[:500]}")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Door(Protocol):
    """A suite as its clients see it, however it runs: an address, and a client for each role."""

    @property
    def url(self) -> str: ...

    @property
    def trust(self) -> ssl.SSLContext | bool:
        """Whose certificate is taken for its own."""
        return True

    def demo(self, role: str) -> dict[str, Any]:
        """`client_id` and `client_secret` of a client of this role."""

    def client(self, role: str) -> httpx.Client:
        chosen = self.demo(role)
        return self.signed_in(chosen["client_id"], chosen["client_secret"])

    def signed_in(self, client_id: str, client_secret: str) -> httpx.Client:
        """An HTTP client with an access token, as another platform would make one."""

        def token() -> str:
            answer = httpx.post(
                f"{self.url}/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(client_id, client_secret),
                timeout=30,
                verify=self.trust,
            )
            answer.raise_for_status()
            return str(answer.json()["access_token"])

        issued = until("a token", token)
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {issued}"}, timeout=60, verify=self.trust
        )


@dataclass
class Suite(Door):
    """`peiyu up` as a process; its children are found by what they run."""

    home: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = (self.home.parent / f"{self.home.name}-up.log").open("ab")
        environment = {**os.environ, **self.environment, "PEIYU_HOME": str(self.home), "PEIYU_PORT": str(self.port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peiyu", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        log.close()
        try:
            until("a healthy suite", self._healthy, START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()[-1500:]}\n{self.logged()}") from None

    def _healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"peiyu up ended: {self.said()[-3000:]}"
        return httpx.get(f"{self.url}/health", timeout=5).status_code == 200

    def said(self) -> str:
        return (self.home.parent / f"{self.home.name}-up.log").read_text("utf-8", "replace")

    def logged(self) -> str:
        """The last lines of every log in the home."""
        tails = {path.name: path.read_text("utf-8", "replace")[-2000:] for path in self.home.glob("logs/*.log")}
        return "\n".join(f"== {name}\n{tail}" for name, tail in tails.items())

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.process = None

    def child(self, *words: str) -> int:
        """The process id of the child of ours that runs `words` (serve all, work all)."""
        assert self.process is not None
        return int(until(f"a process for {words}", lambda: next(self._children(words), None), 30))

    def _children(self, words: tuple[str, ...]) -> Iterator[int]:
        assert self.process is not None
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                parent = re.search(rb"^PPid:\t(\d+)$", (entry / "status").read_bytes(), re.MULTILINE)
            except OSError:
                continue
            if parent is None or int(parent[1]) != self.process.pid:
                continue
            wanted = [word.encode() for word in words]
            if any(command[place : place + len(wanted)] == wanted for place in range(len(command))):
                yield int(entry.name)

    def kill(self, *words: str) -> None:
        """kill -9 the child that runs `words`, and wait until another one has taken its place and is ready."""
        killed = self.child(*words)
        os.kill(killed, signal.SIGKILL)
        until(f"a new process for {words}", lambda: any(pid != killed for pid in self._children(words)), 30)

    def kill_supervisor(self) -> None:
        """kill -9 `peiyu up` itself; its children must follow by themselves."""
        assert self.process is not None
        children = [self.child("serve", "all"), self.child("work", "all")]
        self.process.kill()
        self.process.wait(10)
        until("the end of the children", lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 30)
        self.process = None

    def demo(self, role: str) -> dict[str, Any]:
        """The demo client of a role."""
        found: dict[str, Any] = json.loads((self.home / "demo-clients.json").read_text("utf-8"))[role]
        return found


@contextmanager
def running(**environment: str) -> Iterator[Suite]:
    """A suite with a small sample, stopped afterwards. Its folder can be entered by the database's account."""
    folder = Path(tempfile.mkdtemp(prefix="peiyu-e2e-"))
    folder.chmod(0o711)
    suite = Suite(folder / "home", free_port(), {"PEIYU_SAMPLE_ENTERPRISES": "60", **environment})
    try:
        suite.start()
        yield suite
    finally:
        suite.stop()
        shutil.rmtree(folder, ignore_errors=True)
