"""The databases of the suite on one PostgreSQL server, whether embedded or given."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from chassis.connections import Connection, connect
from peiyu.refusals import CannotRun

OWNERS = ("registry", "eligibility", "finance", "notification", "gateway", "bus")
"""Who has a database; each is called peiyu_<owner>."""

OLDEST, NEWEST = 15, 18


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server; `maintenance_url` names any database that exists on it."""

    maintenance_url: str

    def url_for(self, owner: str) -> str:
        """The SQLAlchemy URL of one owner's database."""
        scheme, rest = self.maintenance_url.split("://", 1)
        driver = "postgresql+psycopg" if scheme in ("postgres", "postgresql") else scheme
        return urlunsplit(urlsplit(f"{driver}://{rest}")._replace(path=f"/peiyu_{owner}"))

    def libpq_url(self, owner: str | None = None) -> str:
        """The form psycopg wants; without an owner, that of the maintenance database."""
        url = self.url_for(owner) if owner else self.maintenance_url
        return url.replace("postgresql+psycopg://", "postgresql://", 1)

    def create_missing(self) -> list[str]:
        """Create the databases that are not there yet, and return their owners."""
        with self._maintenance() as connection:
            release = connection.info.server_version // 10000
            if not OLDEST <= release <= NEWEST:
                raise CannotRun(
                    f"数据库版本是 PostgreSQL {release}，需要 {OLDEST} 到 {NEWEST}。请换用受支持的版本。",
                    f"The server is PostgreSQL {release}; versions {OLDEST} to {NEWEST} are supported.",
                )
            there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            missing = [owner for owner in OWNERS if f"peiyu_{owner}" not in there]
            for owner in missing:
                name = sql.Identifier(f"peiyu_{owner}")
                connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(name))
        return missing

    def drop_all(self) -> None:
        """Drop the suite's databases with everything in them."""
        with self._maintenance() as connection:
            for owner in OWNERS:
                name = sql.Identifier(f"peiyu_{owner}")
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _maintenance(self) -> Connection:
        try:
            return connect(self.libpq_url(), "peiyu maintenance", statement_seconds=300)
        except psycopg.OperationalError as error:
            raise CannotRun(
                f"连接不上数据库：{error}。请检查 PEIYU_DATABASE_URL 和数据库服务。",
                "The database server does not answer. Check PEIYU_DATABASE_URL and the server.",
            ) from error
