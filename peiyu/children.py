"""The supervised processes: started, watched, restarted with back-off, stopped in order."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from peiyu.parts import ROOT

LOG_LIMIT_BYTES = 32 * 1024 * 1024
CALM_SECONDS = 60.0
"""A child that ran this long is healthy again: its next restart is immediate."""


@dataclass
class Child:
    """One `python -m peiyu …` process; its standard error goes to `log`."""

    name: str
    arguments: list[str]
    log: Path
    lifeline: int
    """The reading end of a pipe that the supervisor holds open: its end of file ends the child."""

    inherited: tuple[int, ...] = ()
    restarts: int = field(default=0, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _started: float = field(default=0.0, init=False)
    _due: float = field(default=0.0, init=False)

    def start(self) -> None:
        """Start the process. Call it from the main thread: on Linux a child dies with the thread that made it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "peiyu", *self.arguments, "--lifeline", str(self.lifeline)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self.lifeline, *self.inherited),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the children in order
            )
        self._started = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def ended(self) -> int | None:
        """The exit status of a process that has ended; None while it runs."""
        return self._process.poll() if self._process else None

    def watch(self) -> str | None:
        """Restart the process if it has ended, after a growing pause; say so once."""
        status = self.ended()
        if status is None:
            return None
        now = time.monotonic()
        if not self._due:
            if now - self._started > CALM_SECONDS:
                self.restarts = 0
            pause = min(0.25 * 2**self.restarts, 15.0) if self.restarts else 0.0
            self._due = now + pause
            self.restarts += 1
            return f"{self.name} 进程意外结束（状态 {status}），{pause:.2g} 秒后重新启动；日志：{self.log}"
        if now >= self._due:
            self._due = 0.0
            self.start()
        return None

    def ask_to_stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait for the process to end; kill it when it takes longer."""
        if self._process is None:
            return
        try:
            self._process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def bound_log(self) -> None:
        """Keep at most one older part of a log that has grown long; the child appends, so it may go on writing."""
        try:
            if self.log.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)
        except OSError:
            pass  # a full disk must not end the supervisor

    def last_words(self, lines: int = 15) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 16_384))
                return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""
