"""A few thousand enterprises brought in through the door while those who work on them are killed."""

import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from chassis import clock
from peiyu.parts import PARTS
from peiyu.sample.files import write_files
from peiyu.sample.generate import generate
from tests.compose.books import Books
from tests.compose.installation import Installation
from tests.e2e.journey import ELIGIBILITY, Visitor
from tests.e2e.suite import until

ENTERPRISES = 2000
PATIENCE = 3600.0


class Load(Visitor):
    """The four files of a sample of its own; each stage is cut into where it has just begun."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self.installation = installation
        self.sample = generate(secrets.randbelow(2**31), clock.today(), ENTERPRISES)
        self.left: dict[str, int] = {}
        """How much was still to do when somebody had just been killed."""

    def run(self, strike: Callable[[], None]) -> None:
        """`strike` hits what the workers stand on, while all of them are at work."""
        try:
            with tempfile.TemporaryDirectory(prefix="peiyu-load-") as folder:
                files = write_files(self.sample, Path(folder))
                self._enterprises(files.enterprises)
                self._titles(files.titles)
                self._facts(files.facts, strike)
                self._current(files.facts_current)
            self._verify()
        finally:
            self.close()

    # -- the stages

    def _enterprises(self, file: Path) -> None:
        """The registry's worker dies when it has written all and not yet committed; finance's while it hears of it."""
        before, leader = self._count("finance", _KNOWN), self.installation.relay_leader("finance")
        with self.installation.held_up("registry", "import_problems") as waits:
            job = self._upload("enterprises", file)
            self.installation.watch("registry", waits)
            self.installation.kill_container(self.installation.job_runner("registry"))
        self._kill_at_work("finance", leader, _KNOWN, before, of=ENTERPRISES)
        self.done(job, patience=PATIENCE, created=ENTERPRISES)
        assert self._count("registry", _CUT_OFF.format(job)) > 0, "the kill came after the import had ended"

    def _titles(self, file: Path) -> None:
        """Notification's worker dies while it writes messages of titles."""
        before, leader = self._count("notification", _TOLD), self.installation.relay_leader("notification")
        job = self._upload("titles", file)
        self._kill_at_work("notification", leader, _TOLD, before, of=len(self.sample.titles))
        self.done(job, patience=PATIENCE, created=len(self.sample.titles))

    def _facts(self, file: Path, strike: Callable[[], None]) -> None:
        """The registry's worker dies again, as the relay that leads and has sent some; then comes the strike."""
        before, leader = self._count("registry", _SENT), self.installation.relay_leader("registry")
        job = self._upload("facts", file)
        self._kill_at_work("registry", leader, _SENT, before, of=ENTERPRISES)
        strike()
        self.done(job, patience=PATIENCE)

    def _current(self, file: Path) -> None:
        """Eligibility's worker dies while it assesses."""
        leader = self.installation.relay_leader("eligibility")
        job = self._upload("facts", file)
        self.installation.watch("eligibility", f"({_WAITING}) > 0")
        killed = self.installation.sigkill(leader)
        self.left["eligibility"] = self._count("eligibility", _WAITING)
        self.installation.started_again(leader, killed)
        self.done(job, patience=PATIENCE)

    def _upload(self, kind: str, file: Path) -> str:
        return self.upload(kind, file.name, file.read_bytes())

    def _kill_at_work(self, service: str, worker: str, query: str, before: int, *, of: int) -> None:
        """Kill a worker as soon as what it does has begun to count."""
        self.installation.watch(service, f"({query}) > {before}")
        killed = self.installation.sigkill(worker)
        self.left[service] = before + of - self._count(service, query)
        self.installation.started_again(worker, killed)

    def _count(self, service: str, query: str) -> int:
        return int(self.installation.psql("postgres", f"peiyu_{service}", query))

    # -- what it comes to

    def _verify(self) -> None:
        assert min(self.left.values()) > 0, f"whoever had nothing left to do was killed for nothing: {self.left}"
        books = Books(self.installation, self.sample)
        faults = books.settle()
        assert faults == [], f"after {self.left}:\n" + "\n".join(faults)
        self._everything_is_assessed_by_what_is_known()
        faults = books.settle()
        assert faults == [], "after the batch run:\n" + "\n".join(faults)
        for part in PARTS:
            said = self.installation.compose(
                "exec", "-T", f"{part}-worker", "python", "-m", "peiyu", "audit", "verify", part
            )
            assert "完整" in said, f"{part}: {said}"

    def _everything_is_assessed_by_what_is_known(self) -> None:
        """A batch run goes over everybody and finds no outcome that says another thing than the one that stands."""
        before = self._standing()
        run = self.send("officer", "POST", f"{ELIGIBILITY}/batch-runs", json={}).json()
        place = f"{ELIGIBILITY}/batch-runs/{run['id']}"
        until("the end of the batch run", lambda: self.get("officer", place)["finished"], PATIENCE)
        stale = before ^ self._standing()
        assert not stale, f"{len(stale)} outcomes before and after a batch run, for example {sorted(stale)[:4]}"

    def _standing(self) -> set[tuple[str, ...]]:
        return {tuple(row.values()) for row in self.installation.rows("eligibility", _STANDING)}


_CUT_OFF = """SELECT count(*) FROM imports i JOIN job_progress p USING (job_id)
    WHERE i.id = '{}' AND p.interrupted > 0"""
"""Counted while an attempt is at work, and for ever when one has been cut off."""

_KNOWN = "SELECT count(*) FROM enterprises"
_SENT = "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL AND type = 'registry.facts-recorded.v1'"
_TOLD = "SELECT count(*) FROM messages WHERE kind = 'title_recorded'"
_WAITING = "SELECT count(*) FROM pending_assessments"
_STANDING = "SELECT uscc, title, verdict, id FROM assessments WHERE current"
