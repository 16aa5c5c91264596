"""`peiyu up`: database, migrations, the two processes and the sample, in order; then it stays and keeps them alive."""

import fcntl
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from peiyu import demo, ports, probes, revisions
from peiyu.children import Child
from peiyu.databases import DatabaseServer
from peiyu.display import Display
from peiyu.embedded import EmbeddedPostgres
from peiyu.home import Home, write_private
from peiyu.progress import Report, read
from peiyu.refusals import CannotRun
from peiyu.settings import LocalSettings

TICK_SECONDS = 0.05
CALM_TICK_SECONDS = 0.25
"""How often it looks around while it starts, and once everything is up."""

READY_SECONDS = 300.0
"""How long the services may take on a slow machine."""

STOP_SECONDS = 20.0
DATABASE_CHECK_SECONDS = 2.0
LOG_CHECK_SECONDS = 30.0
FIRST_START_FAILURES = 3
"""A child that ends this often before it was ever ready will not become ready by itself."""


class Stopped(Exception):
    """Somebody asked the suite to stop while it was starting."""


class Supervisor:
    """One run of the suite on one home; nothing it does is lost or done twice when it is killed at any point."""

    def __init__(self, settings: LocalSettings, display: Display) -> None:
        self.home = Home(settings.folder())
        self.port = settings.port
        self.display = display
        given = settings.database_url
        self.postgres = None if given else EmbeddedPostgres(self.home.path)
        self.server = DatabaseServer(given.get_secret_value()) if given else None
        self.children: list[Child] = []
        self._stop = threading.Event()
        self._impatient = False
        self._checked_database = self._checked_logs = 0.0

    def run(self) -> None:
        """Start everything, stay until asked to stop, stop everything."""
        with ExitStack() as held:
            held.enter_context(self.home.locked(self.port))
            _use_environment(held)
            listener = held.enter_context(ports.reserve(self.port))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, self._asked_to_stop)
            held.callback(self._shut_down)
            try:
                self._start(held, listener)
                while not self._stop.is_set():
                    self._tick(CALM_TICK_SECONDS)
            except Stopped:
                pass

    def _start(self, held: ExitStack, listener: socket.socket) -> None:
        started = time.monotonic()
        self.home.fit.unlink(missing_ok=True)
        prepared = self.home.prepared.exists() and self.home.prepared.read_text() == revisions.fingerprint()
        if prepared:
            self._spawn(held, listener)  # they import while the database starts
        with self.display.step("启动数据库"):
            server = self._database()
        if not prepared or not revisions.up_to_date(server):
            self._prepare()
        write_private(self.home.fit, b"")
        with self.display.step("启动服务"):
            if not self.children:
                self._spawn(held, listener)
            self._until(lambda: probes.services_ready(self.port), "服务", READY_SECONDS)
        if not probes.sample_loaded(self.port):
            title = "载入合成示例数据，测评并发布白名单"
            with self.display.step(title) as report:
                self._run_to_end("seed", report=report)
        elif not demo.written_for(self.home, self.port):
            self._run_to_end("seed")
        self._until(lambda: probes.healthy(self.port), "平台", READY_SECONDS)
        self.display.note(demo.summary(self.home, self.port, time.monotonic() - started))

    def _database(self) -> DatabaseServer:
        if self.postgres is not None:
            self.postgres.start()
            self.server = DatabaseServer(self.postgres.url("postgres"))
        assert self.server is not None
        self._unless_stopped()
        self.server.create_missing()
        write_private(self.home.server, self.server.maintenance_url.encode())
        return self.server

    def _prepare(self) -> None:
        now = revisions.fingerprint()
        with self.display.step("建立和升级数据库结构，载入标准代码和政策规则"):
            self._run_to_end("migrate")
        write_private(self.home.prepared, now.encode())

    def _spawn(self, held: ExitStack, listener: socket.socket) -> None:
        reading, writing = os.pipe()
        held.callback(os.close, reading)
        held.callback(os.close, writing)
        ports.listen(listener, self.port)
        descriptor = listener.fileno()
        http = ["serve", "all", "--port", str(self.port), "--listener", str(descriptor)]
        self.children = [
            Child("HTTP", http, self.home.logs / "http.log", reading, inherited=(descriptor,)),
            Child("worker", ["work", "all"], self.home.logs / "worker.log", reading),
        ]
        for child in self.children:
            child.start()

    def _run_to_end(self, name: str, report: Report | None = None) -> None:
        """Run a command of ours as a process of its own, so that this one stays small and quick to start."""
        reading, writing = os.pipe()
        progress = self.home.logs / f"{name}.progress"
        progress.unlink(missing_ok=True)
        command = [name, "--progress", str(progress)] if report else [name]
        child = Child(name, command, self.home.logs / f"{name}.log", reading)
        try:
            child.start()
            while child.ended() is None:
                if self._stop.is_set():
                    child.ask_to_stop()
                    child.wait(STOP_SECONDS)
                    raise Stopped
                self._tick()
                if report and (said := read(progress)):
                    report(*said)
        finally:
            os.close(reading)
            os.close(writing)
            progress.unlink(missing_ok=True)
        if child.ended():
            raise CannotRun(
                f"{name} 失败。请查看 {child.log}；最后几行：\n{child.last_words()}",
                f"{name} failed. See {child.log}.",
            )

    def _until(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not ready():
            self._unless_stopped()
            self._tick()
            for child in self.children:
                if child.restarts >= FIRST_START_FAILURES:
                    raise CannotRun(
                        f"{child.name} 进程多次启动失败。请查看 {child.log}；最后几行：\n{child.last_words()}",
                        f"The {child.name} process keeps failing. See {child.log}.",
                    )
            if time.monotonic() > until:
                raise CannotRun(
                    f"{what} 在 {seconds:.0f} 秒内没有就绪：{probes.why_not(self.port)}。日志目录：{self.home.logs}",
                    f"{what} was not ready within {seconds:.0f} seconds. See the logs in {self.home.logs}.",
                )

    def _tick(self, rest_seconds: float = TICK_SECONDS) -> None:
        """Look after everything once, then rest a moment."""
        now = time.monotonic()
        for child in self.children:
            if said := child.watch():
                self.display.note(said)
        if self.postgres is not None and now - self._checked_database > DATABASE_CHECK_SECONDS:
            self._checked_database = now
            if self.postgres.pid() is None:
                self.display.note(f"数据库意外停止，正在恢复；日志：{self.postgres.log}")
                self.postgres.start()
        if now - self._checked_logs > LOG_CHECK_SECONDS:
            self._checked_logs = now
            for child in self.children:
                child.bound_log()
        self._stop.wait(rest_seconds)

    def _unless_stopped(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._impatient = self._stop.is_set()
        self._stop.set()

    def _shut_down(self) -> None:
        """Children first, so that their last transactions find a database; then the database."""
        with self.display.step("停止"):
            for child in self.children:
                child.ask_to_stop()
            until = time.monotonic() + STOP_SECONDS
            for child in self.children:
                while child.ended() is None and time.monotonic() < until and not self._impatient:
                    time.sleep(0.05)
                child.wait(0.1)
            if self.postgres is not None:
                self.postgres.stop()


def _use_environment(held: ExitStack) -> None:
    """Tell bin/setup that packages must not be replaced while we run from this environment."""
    try:
        use = held.enter_context((Path(sys.prefix) / ".in-use").open("a"))
    except OSError:
        return  # not our environment, or not ours to write in
    fcntl.flock(use, fcntl.LOCK_SH)
