"""What a command works on: the suite that is up on this home, or in production what the environment names."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from chassis.db import Database
from chassis.settings import ServiceSettings
from peiyu import databases, local, parts, settings, suite
from peiyu.databases import DatabaseServer
from peiyu.embedded import EmbeddedPostgres
from peiyu.home import Home
from peiyu.refusals import CannotRun


def local_server() -> tuple[Home, DatabaseServer] | None:
    """The home and the database server of the suite that is up on it (or that a killed one left running)."""
    home = Home(settings.read().folder())
    if home.running() and home.server.exists():
        return home, DatabaseServer(home.server.read_text().strip())
    if home.postgres.exists():
        left_running = EmbeddedPostgres(home.path)
        if left_running.pid():
            return home, DatabaseServer(left_running.url("postgres"))
    return None


def awaited_server(patience_seconds: float = 900.0) -> tuple[Home, DatabaseServer]:
    """The same for a process that the supervisor starts early: wait until the databases are fit for use."""
    home = Home(settings.read().folder())
    until = time.monotonic() + patience_seconds
    while home.running() and not home.fit.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return required_server()


def required_server() -> tuple[Home, DatabaseServer]:
    """The same, or a refusal that says how to have one."""
    found = local_server()
    if found is None:
        raise CannotRun(
            "本机没有运行中的平台。请先执行 make up。",
            "Nothing is up on this home. Run make up first.",
        )
    return found


def settings_of(part: str) -> ServiceSettings:
    """A part's settings: those of the local run when one is up, else the environment's."""
    found = local_server()
    return local.settings(part, *found, worker=False) if found else suite.settings(part)


def named(part: str) -> tuple[str, ...]:
    """The parts a command works on; all of them only where each has its own database here."""
    found = parts.chosen(part)
    if len(found) > 1 and local_server() is None:
        raise CannotRun(
            "本机没有运行中的平台：请指明一个服务，并用 PEIYU_DATABASE_URL 等变量给出它的设置。",
            "Nothing is up on this home: name one service, and give its settings in PEIYU_DATABASE_URL and the like.",
        )
    return found


@contextmanager
def database_of(part: str) -> Iterator[Database]:
    """A small pool on a part's database, for a command."""
    url = settings_of(part).database_url.get_secret_value()
    databases.enter(part, url, access())
    db = Database(url, name=f"peiyu {part} command", pool_size=2)
    try:
        yield db
    finally:
        db.close()


def access() -> databases.Access:
    """Where this process was given its database's password: a file wins where the folder of secrets has one."""
    folder = settings.read().secrets_dir
    file = folder / "peiyu_database_password" if folder else None
    return replace(databases.BY_URL, password=str(file)) if file and file.exists() else databases.BY_URL


def bus_url() -> str:
    """The bus that the environment names, else the embedded one of the local run."""
    found = local_server()
    if found is not None:
        return local.bus_url(found[1])
    given = settings.read().bus_url
    if given is None:
        raise CannotRun(
            "没有指定消息总线。请设置 PEIYU_BUS_URL，例如 kafka://kafka-1:9092,kafka-2:9092。",
            "No bus is named. Set PEIYU_BUS_URL, for example kafka://kafka-1:9092,kafka-2:9092.",
        )
    return given.get_secret_value()
