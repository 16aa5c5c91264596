"""Brings the databases to what this version of the program needs: tables, shipped reference data, topics."""

from pathlib import Path
from typing import Any

from chassis.bus import TopicsApplied, load_topics, open_bus
from chassis.db import Database
from peiyu import parts, suite
from peiyu.databases import BY_URL, Access, enter
from peiyu.refusals import CannotRun


def prepare(part: str, settings: Any, access: Access = BY_URL) -> None:
    """Migrate one part's database and load what ships with it. Doing it again changes nothing."""
    url = settings.database_url.get_secret_value()
    enter(part, url, access)
    db = Database(url, name=f"peiyu {part} migrate", pool_size=2)
    try:
        suite.migrations(part).upgrade(db)
        _load(part, settings, db)
    finally:
        db.close()


def prepare_all(host: str, secrets: Path) -> None:
    """Every part's own database on the server `host`, each as the role that owns it, with its password's file."""
    for part in parts.PARTS:
        chosen = suite.settings(
            part,
            database_url=f"postgresql+psycopg://peiyu_{part}@{host}/peiyu_{part}",
            database_password=password_of(part, secrets),
        )
        access = Access(password=str(_password_file(part, secrets)), address=f"peiyu prepare 后面的地址 {host}")
        prepare(part, chosen, access)


def _password_file(part: str, secrets: Path) -> Path:
    return secrets / f"{part}-database-password"


def password_of(part: str, secrets: Path) -> str:
    """The password of a part's role, as `peiyu secrets` has written it."""
    file = _password_file(part, secrets)
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise CannotRun(
            f"读不到 {part} 的数据库密码 {file}：{error.strerror}。请用 peiyu secrets 生成，并挂载到这个目录。",
            f"The database password of {part} cannot be read at {file}. Make it with peiyu secrets and mount it there.",
        ) from error


def _load(part: str, settings: Any, db: Database) -> None:
    if part == "registry":
        from services.registry import prepare as registry

        registry.prepare(db, settings.programmes_folder, settings.programme_vocabulary_file)
    elif part == "eligibility":
        from services.eligibility import prepare as eligibility

        eligibility.prepare(settings, db)


def apply_topics(bus_url: str) -> TopicsApplied:
    """Make the topics that are missing on the bus, and give the others their declared settings; what was done."""
    bus = open_bus(bus_url)
    try:
        return bus.apply_topics(load_topics(parts.TOPICS))
    finally:
        bus.close()
