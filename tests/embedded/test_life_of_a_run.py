"""One installation from its first start to its reset, with everything killed on the way."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from peiyu.embedded import EmbeddedPostgres
from tests.e2e.suite import ROOT, Suite, free_port, until
from tests.embedded.accounts import as_root, environment, home_of_nobody, nobody, reachable_python

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

ENTERPRISES = 20


def peiyu(suite: Suite, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PEIYU_HOME": str(suite.home), "PEIYU_PORT": str(suite.port)}
    return subprocess.run(
        [sys.executable, "-m", "peiyu", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip


def launched(suite: Suite) -> None:
    """Start without waiting for health."""
    healthy, suite._healthy = suite._healthy, lambda: True  # type: ignore[method-assign]
    suite.start()
    suite._healthy = healthy  # type: ignore[method-assign]


def counts(suite: Suite) -> dict[str, Any]:
    """What the sample has become, counted through the API."""
    found: dict[str, Any] = {"enterprises": 0}
    with suite.client("officer") as officer, suite.client("bank") as bank:
        path: str | None = "/api/registry/v1/enterprises?limit=200"
        while path:
            answer = officer.get(path)
            found["enterprises"] += len(answer.json()["items"])
            path = answer.links.get("next", {}).get("url")
        statistics = officer.get("/api/eligibility/v1/statistics").json()
        found["assessed"], found["waiting"] = statistics["enterprises"], statistics["pending"]
        told = officer.get("/api/notification/v1/messages/statistics").json()["kinds"]
        kinds = {each["kind"]["code"]: each["total"] for each in told}
        kinds.pop("title_expiring")  # told by the calendar, whenever its schedule runs next
        found["messages"] = kinds
        found["commissioners"] = len(officer.get("/api/notification/v1/commissioners?limit=200").json()["items"])
        found["listed"] = bank.get("/api/finance/v1/whitelist/manifest").json()["count"]
    return found


def test_an_installation_survives_everything_from_first_start_to_reset(folder: Path) -> None:
    suite = Suite(folder / "home", free_port(), {"PEIYU_SAMPLE_ENTERPRISES": str(ENTERPRISES)})
    try:
        # Killed in the middle of the first loading, and again a little later.
        for progress in ("企业名单", "认定意见"):
            launched(suite)
            until(f"loading of {progress}", partial(reached, suite, progress), 120)
            suite.kill_supervisor()
        # Healthy comes before the loading's end; what is counted is what it has become by then.
        said = len(suite.said())
        suite.start()
        until("the loading's end", lambda: "make reset" in suite.said()[said:])
        first = counts(suite)
        assert first["enterprises"] == first["assessed"] == ENTERPRISES
        assert first["waiting"] == 0
        assert first["listed"] > 0

        clients = suite.home / "demo-clients.json"
        assert stat.S_IMODE(clients.stat().st_mode) == 0o600
        roles = {"bank", "platform", "officer", "commissioner", "enterprise", "department", "leader"}
        assert roles <= set(json.loads(clients.read_text()))

        # A second one on the same home is told so; on the same port too.
        again = peiyu(suite, "up")
        assert again.returncode == 1
        assert "PEIYU_HOME" in again.stderr
        elsewhere = Suite(folder / "other", suite.port)
        busy = peiyu(elsewhere, "up")
        assert busy.returncode == 1
        assert f"PEIYU_PORT={suite.port + 1}" in busy.stderr

        # The database is killed under it.
        postgres = EmbeddedPostgres(suite.home)
        killed = postgres.pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        until("another database server", lambda: postgres.pid() not in (None, killed), 30)
        until("health", suite._healthy, 60)

        # Stopped from outside; started again, it neither migrates nor loads, and nothing has changed.
        assert peiyu(suite, "down").returncode == 0
        assert suite.process is not None
        assert suite.process.wait(5) == 0
        assert postgres.pid() is None
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{suite.url}/health")
        said = len(suite.said())
        begun = time.monotonic()
        suite.start()
        print(f"second start: {time.monotonic() - begun:.1f} s")
        until("the summary", lambda: "make reset" in suite.said()[said:], 30)
        assert "示例数据，测评" not in suite.said()[said:]
        assert counts(suite) == first

        # Reset stops it and leaves nothing.
        assert peiyu(suite, "reset", "--yes").returncode == 0
        assert sorted(path.name for path in suite.home.iterdir()) == ["up.lock"]
    finally:
        suite.stop()


def reached(suite: Suite, progress: str) -> bool:
    assert suite.process is not None
    assert suite.process.poll() is None, suite.said()
    file = suite.home / "logs" / "seed.progress"
    return file.exists() and progress in json.loads(file.read_text())[2]


@as_root
def test_an_ordinary_user_has_the_whole_suite(folder: Path) -> None:
    home, port = home_of_nobody(folder), free_port()
    log = folder / "up.log"
    with log.open("wb") as said:
        run = subprocess.Popen(
            [reachable_python(), "-m", "peiyu", "up"],
            cwd=ROOT, env=environment(home, PEIYU_PORT=str(port), PEIYU_SAMPLE_ENTERPRISES="10"),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said, **nobody(),
        )  # fmt: skip

    def healthy() -> bool:
        assert run.poll() is None, log.read_text()
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200

    try:
        until("health", healthy, 120)
        clients = home / ".local" / "share" / "peiyu" / "demo-clients.json"
        assert clients.stat().st_uid == nobody()["user"]
        assert stat.S_IMODE(clients.stat().st_mode) == 0o600
        run.send_signal(signal.SIGINT)
        assert run.wait(40) == 0, log.read_text()
    finally:
        run.kill()
        run.wait(10)
