"""A PostgreSQL that freezes when it is told to: it closes nothing and answers nothing, and goes on when it is let."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peiyu.embedded import EmbeddedPostgres
from tests.support.postgres import FAST


class FrozenServer:
    """A PostgreSQL of its own that can be stopped and let go on."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self._embedded = embedded
        self.url = embedded.url("postgres")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        stopped: list[int] = []
        try:
            for pid in self._processes():
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
            yield
        finally:
            for pid in reversed(stopped):
                os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        """The postmaster first: it can then start no others."""
        first = self._embedded.pid()
        assert first is not None
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]


@contextmanager
def server_of_its_own() -> Iterator[FrozenServer]:
    """Not the session's server: other tests would stand still with it."""
    home = Path(f"/tmp/peiyu-frozen-{os.getpid()}")
    embedded = EmbeddedPostgres(home, overrides=FAST)
    home.mkdir(mode=0o711)
    embedded.start()
    try:
        yield FrozenServer(embedded)
    finally:
        embedded.stop("immediate")
        shutil.rmtree(home, ignore_errors=True)
