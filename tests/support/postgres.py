"""One real PostgreSQL for a whole pytest session, shared by its xdist workers and stopped by the last one.

    with running_server() as server:
        server.create("registry_template")
        engine = create_engine(server.url_for("registry_template"))

`PEIYU_TEST_DATABASE_URL` (an SQLAlchemy or libpq URL of a superuser) takes the place of the embedded server,
for runs against other releases of PostgreSQL. `POSTGRES_IMAGE`, the image that docker-compose.yml would run, takes it
too where Docker answers and the session has one process (with xdist the processes share the embedded one).
"""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from peiyu.embedded import EmbeddedPostgres
from tests.support.docker import container, docker_lacks, free_ports

PARENT = Path("/tmp")
PREFIX = f"peiyu-tests-{os.geteuid()}-"
CONTAINER_TIMEOUT = 180.0
"""Seconds until a fresh container answers; 3 to 5 are usual."""

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}


@dataclass(frozen=True)
class Server:
    """A running server; `base_url` names its maintenance database."""

    base_url: str

    def url_for(self, database: str) -> str:
        """The SQLAlchemy URL (`postgresql+psycopg://…`) of one database."""
        return urlunsplit(urlsplit(self.base_url)._replace(path=f"/{database}"))

    def create(self, database: str, template: str | None = None) -> None:
        """Create a database, empty or as a copy of `template` (which must have no open connection)."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database))
        if template:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self._execute(statement)

    def drop(self, database: str) -> None:
        """Drop a database if it exists, ending its connections."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def exists(self, database: str) -> bool:
        with psycopg.connect(self.libpq_url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            return found.fetchone() is not None

    def libpq_url(self, database: str) -> str:
        """The same URL for `psycopg.connect`."""
        return self.url_for(database).replace("postgresql+psycopg:", "postgresql:", 1)

    def _execute(self, statement: sql.Composable) -> None:
        with psycopg.connect(self.libpq_url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server() -> Iterator[Server]:
    """The session's server; every process of the session may enter, the last one to leave stops it."""
    if given := os.environ.get("PEIYU_TEST_DATABASE_URL"):
        scheme, rest = given.split("://", 1)
        yield Server(f"postgresql+psycopg://{rest}" if scheme.startswith("postgres") else given)
        return
    image = os.environ.get("POSTGRES_IMAGE")
    if image and "PYTEST_XDIST_WORKER" not in os.environ and docker_lacks(image, pull=True) is None:
        with _container_server(image) as server:
            yield server
        return
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    folder = PARENT / f"{PREFIX}{session}"
    postgres = EmbeddedPostgres(folder / "home", overrides=FAST)
    with ExitStack() as held:
        with _gate():
            _sweep()
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)
            alone = held.enter_context(_using(folder))
            postgres.start()
        try:
            yield Server(postgres.url("postgres"))
        finally:
            with _gate():
                if alone():
                    postgres.stop("immediate")
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _container_server(image: str) -> Iterator[Server]:
    """The image's server for this process alone, with nothing kept."""
    settings = [part for name, value in FAST.items() for part in ("-c", f"{name}={value}")]
    password = secrets.token_hex(16)
    (port,) = free_ports(1)
    holder = (
        container(image)
        .with_env("POSTGRES_PASSWORD", password)
        .with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8")
        .with_command(["postgres", *settings])
        .with_bind_ports(5432, port)
    )
    server = Server(f"postgresql+psycopg://postgres:{password}@127.0.0.1:{port}/postgres")
    with holder:
        _wait_until_it_answers(server)
        yield server


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + CONTAINER_TIMEOUT
    while True:
        try:
            psycopg.connect(server.libpq_url("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def _gate() -> Iterator[None]:
    """One process of this machine at a time starts or stops test servers."""
    with (PARENT / f"{PREFIX}gate").open("a") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


@contextmanager
def _using(folder: Path) -> Iterator["Alone"]:
    """Hold a shared lock while in use: the kernel drops it however a process ends, so the count is never wrong."""
    with (folder / "users.lock").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield Alone(users.fileno())


@dataclass(frozen=True)
class Alone:
    """Answers whether no other process of the session uses the server any more."""

    descriptor: int

    def __call__(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _sweep() -> None:
    """Stop and remove the servers of sessions that were killed."""
    for folder in PARENT.glob(f"{PREFIX}*"):
        lock = folder / "users.lock"
        if not lock.is_file():
            continue
        with lock.open("a") as users:
            if Alone(users.fileno())():
                EmbeddedPostgres(folder / "home").stop("immediate")
                shutil.rmtree(folder, ignore_errors=True)
