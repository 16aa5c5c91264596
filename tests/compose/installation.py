"""The production shape brought up by docker-compose from its own files, on ports and a network of its own."""

import json
import os
import shlex
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from peiyu import secret_files
from tests.e2e.suite import ROOT, Door, free_port, until

LOCAL_IMAGES = {
    "PYTHON_IMAGE": "local/python:3.11",
    "POSTGRES_IMAGE": "local/postgres:15",
    "KAFKA_IMAGE": "local/kafka:4",
    "NGINX_IMAGE": "local/nginx:1.22",
}
"""Made by tests/support/containers/engine.sh on a machine that reaches no image registry."""

UP_SECONDS = 1800.0
STOP_SECONDS = 60
"""Who has not said how long it takes to end: more than anybody is given in the files."""

ROLES: Mapping[str, dict[str, Any]] = {
    "officer": {"areas": ["*"]},
    "platform": {"areas": ["*"]},
    "bank": {"institution": "compose-bank"},
}
"""Who acts in a journey beside the administrator, and what a client of that role is bound to."""


LEADS_RELAY = """locktype = 'advisory' AND objsubid = 1
    AND (classid::bigint << 32) | objid::bigint = hashtextextended('relay', 7)"""
HOLDS_JOB = "relation = 'jobs'::regclass AND mode = 'RowShareLock'"
"""Rows of pg_locks: of the one relay that leads, and of whoever has claimed a job."""

_ADDRESS = """SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE granted AND client_addr IS NOT NULL
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {}
    ORDER BY xact_start LIMIT 1"""
_WATCH = """DO $$ BEGIN
    FOR turn IN 1..50000 LOOP
      IF {0} THEN RETURN; END IF;
      PERFORM pg_sleep(0.01);
    END LOOP;
    RAISE EXCEPTION 'did not come: %', $what${0}$what$;
  END $$"""


def why_no_docker() -> str | None:
    """Why nothing can be brought up here, or None."""
    if not _compose():
        return "neither docker-compose nor docker compose is installed"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return f"Docker does not answer: {asked.stderr.strip()[-200:]}"
    if os.geteuid() != 0:
        return "only root may SIGKILL a container's process; `docker kill` tells Docker to leave it dead"
    return None


def _compose() -> list[str]:
    """docker-compose 1.29 where there is one, else the plugin; PEIYU_TEST_COMPOSE names another command."""
    if chosen := os.environ.get("PEIYU_TEST_COMPOSE"):
        return shlex.split(chosen)
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    return ["docker", "compose"] if plugin and plugin.returncode == 0 else []


def images() -> dict[str, str]:
    """The base images: what the environment says, else those made here, else the file's own defaults."""
    chosen = {}
    for variable, local in LOCAL_IMAGES.items():
        there = subprocess.run(["docker", "image", "inspect", local], capture_output=True, check=False).returncode == 0
        if variable in os.environ:
            chosen[variable] = os.environ[variable]
        elif there:
            chosen[variable] = local
    return chosen


class Installation(Door):
    """One project of docker-compose. Its clients come from its own first administrator, as everybody's do."""

    def __init__(self, folder: Path, name: str, files: Sequence[str], subnet: str) -> None:
        self.secrets = folder / "secrets"
        self.name = name
        self._command = [*_compose(), "-p", name, *(part for file in files for part in ("-f", file))]
        self._port, self._plain_port = free_port(), free_port()
        self._environment = {
            **os.environ,
            **images(),
            "PEIYU_IMAGE": "peiyu:compose-test",
            "PEIYU_SECRETS": str(self.secrets),
            "PEIYU_BIND": "127.0.0.1",
            "PEIYU_HTTPS_PORT": str(self._port),
            "PEIYU_HTTP_PORT": str(self._plain_port),
            "PEIYU_FRONT_SUBNET": subnet,
        }
        self._clients: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        return f"https://localhost:{self._port}"

    @property
    def plain_url(self) -> str:
        return f"http://localhost:{self._plain_port}"

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.secrets / secret_files.CERTIFICATE))

    # -- bringing it up and down

    def start(self) -> None:
        secret_files.make(self.secrets, ["localhost"])
        self.compose("build", seconds=UP_SECONDS)
        self.compose("up", "-d", seconds=UP_SECONDS)
        until("a healthy installation", self.healthy)

    def healthy(self) -> bool:
        return httpx.get(f"{self.url}/health", timeout=30, verify=self.trust).status_code == 200

    def remove(self) -> None:
        self.compose("down", "-v", "--remove-orphans", seconds=300)

    def compose(self, *words: str, seconds: float = 600, stdin: str | None = None) -> str:
        """What a docker-compose command says; fails with it when it fails."""
        ran = subprocess.run(
            [*self._command, *words],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=seconds, input=stdin, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{' '.join(words)}: {ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
        return ran.stdout

    def logs(self) -> str:
        return self.compose("logs", "--no-color", "--tail", "200")

    # -- its containers

    def services(self) -> list[str]:
        return self.compose("config", "--services").split()

    def containers(self, service: str) -> list[str]:
        """Ids of a service's containers, running or not, in the order in which compose numbers its replicas."""
        labels = [f"label=com.docker.compose.project={self.name}", f"label=com.docker.compose.service={service}"]
        asked = [word for label in labels for word in ("--filter", label)]
        lines = _docker(
            "ps", "--all", "--no-trunc", "--filter", "label=com.docker.compose.oneoff=False", *asked,
            "--format", '{{.Label "com.docker.compose.container-number"}} {{.ID}}',
        ).splitlines()  # fmt: skip
        return [container for _, container in sorted((int(number), each) for number, each in map(str.split, lines))]

    def inspect(self, container: str) -> Any:
        return json.loads(_docker("inspect", container))[0]

    def kill(self, service: str) -> None:
        """Kill the only container of a service."""
        (container,) = self.containers(service)
        self.kill_container(container)

    def kill_container(self, container: str) -> None:
        """SIGKILL, and wait until Docker has started the container again."""
        self.started_again(container, self.sigkill(container))

    def sigkill(self, container: str) -> int:
        """SIGKILL as the kernel would send it; the process that is no more.

        Not `docker kill`: after that Docker takes the container for stopped on purpose.
        """
        about = self.inspect(container)
        assert about["State"]["Running"], f"{about['Name']} is not running"
        pid: int = about["State"]["Pid"]
        os.kill(pid, signal.SIGKILL)
        return pid

    def started_again(self, container: str, killed: int) -> None:
        def again() -> bool:
            now = self.inspect(container)["State"]
            return bool(now["Running"]) and now["Pid"] != killed

        until(f"{container[:12]} started again by Docker", again)

    def restart(self, service: str) -> None:
        """Stop gently and start again replica by replica, as a rolling restart does.

        The next is stopped as soon as the one before is healthy: what the first handed over when it went may still be
        on its way when the second goes too.
        """
        for container in self.containers(service):
            about = self.inspect(container)
            grace = about["Config"].get("StopTimeout") or STOP_SECONDS
            _docker("restart", "--time", str(grace), container, seconds=grace + 120)
            until(f"{about['Name']} healthy again", partial(self.is_well, container))

    def is_well(self, container: str) -> bool:
        return bool(self.inspect(container)["State"].get("Health", {}).get("Status") == "healthy")

    def are_well(self, service: str) -> bool:
        containers = self.containers(service)
        return bool(containers) and all(map(self.is_well, containers))

    def relay_leader(self, service: str) -> str:
        """The container of the service's worker that leads its relay."""
        return self._holder(service, "the leader of the relay", LEADS_RELAY)

    def job_runner(self, service: str) -> str:
        """The container of the service's worker that is at a job."""
        return self._holder(service, "who runs the job", HOLDS_JOB)

    def _holder(self, service: str, what: str, lock: str) -> str:
        """The replica whose session has a lock in the service's database, known by its address on the network."""
        workers = self.containers(f"{service}-worker")

        def found() -> str | None:
            address = self.psql("postgres", f"peiyu_{service}", _ADDRESS.format(lock))
            for container in workers:
                networks = self.inspect(container)["NetworkSettings"]["Networks"].values()
                if address and address in {network["IPAddress"] for network in networks}:
                    return container
            return None

        return str(until(f"{what} of {service}", found))

    def watch(self, service: str, condition: str) -> None:
        """Wait until something has begun in a service's database.

        The server itself looks, every few milliseconds: whoever asks from outside comes when all is over.
        """
        self.psql("postgres", f"peiyu_{service}", _WATCH.format(condition))

    @contextmanager
    def held_up(self, service: str, table: str) -> Iterator[str]:
        """Nobody gets at a table of a service while this lasts; the condition that somebody waits for it."""
        user, database = "postgres", f"peiyu_{service}"
        keeper = subprocess.Popen(
            self._psql(user, database, "held-up"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert keeper.stdin is not None
        keeper.stdin.write(f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep(3600);\n")
        keeper.stdin.close()
        of_it = f"EXISTS (SELECT FROM pg_locks WHERE relation = '{table}'::regclass AND {{}})"
        try:
            self.watch(service, of_it.format("granted AND mode = 'AccessExclusiveLock'"))
            yield of_it.format("NOT granted")
        finally:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'held-up'"
            self.psql(user, database, ended)
            keeper.wait(60)

    def rows(self, service: str, query: str) -> list[dict[str, Any]]:
        """What a service's own database answers, as its own role."""
        user = f"peiyu_{service}"
        said = self.psql(user, user, f"SELECT coalesce(json_agg(found), '[]') FROM ({query}) AS found")
        found: list[dict[str, Any]] = json.loads(said)
        return found

    def psql(self, user: str, database: str, statement: str) -> str:
        """Ask the database server as one of its roles, over TCP with that role's password."""
        ran = subprocess.run(
            self._psql(user, database, "tests"),
            input=statement, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{statement[:500]}: {ran.stderr[-2000:]}"
        return ran.stdout.strip()

    def _psql(self, user: str, database: str, named: str) -> list[str]:
        secret = "postgres-password" if user == "postgres" else f"{user.removeprefix('peiyu_')}-database-password"
        script = (
            f"PGAPPNAME={named} PGPASSWORD=$(cat /run/secrets/{secret})"
            f" psql -qtAX -h postgres -U {user} -d {database} -v ON_ERROR_STOP=1"
        )
        (server,) = self.containers("postgres")
        return ["docker", "exec", "-i", server, "sh", "-c", script]

    # -- its clients

    def demo(self, role: str) -> dict[str, Any]:
        if "admin" not in self._clients:
            said = self.compose("exec", "-T", "gateway", "python", "-m", "peiyu", "admin", "compose-admin")
            self._clients["admin"] = json.loads(said)
        if role not in self._clients:
            wanted = {"client_id": f"compose-{role}", "name": f"合成客户端 {role}", "role": role, **ROLES[role]}
            admin = self._clients["admin"]
            with self.signed_in(admin["client_id"], admin["client_secret"]) as client:
                answer = client.post("/api/gateway/v1/clients", json=wanted)
            assert answer.status_code == 201, answer.text
            self._clients[role] = answer.json()
        return self._clients[role]


def _docker(*words: str, seconds: float = 120) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=seconds).stdout


@contextmanager
def brought_up(name: str, files: Sequence[str], subnet: str) -> Iterator[Installation]:
    """An installation on empty volumes, removed with them afterwards; skipped, or in CI failed, without Docker."""
    if reason := why_no_docker():
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="peiyu-compose-"))
    found = Installation(folder, name, files, subnet)
    try:
        found.remove()  # what a killed test run has left
        try:
            found.start()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{found.compose('ps')}\n{found.logs()[-12000:]}") from None
        yield found
    finally:
        found.remove()
        shutil.rmtree(folder, ignore_errors=True)
