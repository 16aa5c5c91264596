"""The databases of the suite on one PostgreSQL server, whether embedded or given."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import conninfo, sql

from chassis.connections import Connection, connect
from chassis.db import libpq_url
from peiyu.refusals import CannotRun

OWNERS = ("registry", "eligibility", "finance", "notification", "gateway", "bus")
"""Who has a database; each is called peiyu_<owner>."""

OLDEST, NEWEST = 15, 18


@dataclass(frozen=True)
class Access:
    """Where an operator finds what leads into a database: the password, and the address."""

    password: str
    address: str


BY_URL = Access("PEIYU_DATABASE_URL 或 PEIYU_DATABASE_PASSWORD", "PEIYU_DATABASE_URL")


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
        except psycopg.Error as error:
            raise _refusal("平台", self.libpq_url(), error, BY_URL) from error


def enter(part: str, url: str, access: Access) -> None:
    """Return when the database of `part` lets us in; else a refusal that says where, why, and what to mend."""
    try:
        connect(libpq_url(url), f"peiyu {part} check", statement_seconds=10).close()
    except psycopg.Error as error:
        raise _refusal(part, url, error, access) from error


def let_in(part: str, url: str, access: Access) -> None:
    """The same for a process that outlives its database: one that does not answer now may answer later."""
    try:
        enter(part, url, access)
    except WrongPassword:
        raise
    except CannotRun:
        return


class WrongPassword(CannotRun):
    """No waiting helps."""


def _refusal(part: str, url: str, error: psycopg.Error, access: Access) -> CannotRun:
    """libpq gives no code for what happens before the login, only a text and whether a password was asked for."""
    try:
        named = conninfo.conninfo_to_dict(libpq_url(url))
    except psycopg.ProgrammingError:  # its message quotes the address, password and all
        return CannotRun(
            f"{part} 的数据库地址写得不对。请检查 {access.address}，例如 postgresql://账号@主机:5432/数据库。",
            f"The address of {part}'s database cannot be read. Check {access.address}.",
        )
    host = f"{named.get('host') or '本机'}:{named.get('port') or 5432}"
    where = f"{part} 的数据库 {named.get('dbname')}（{host}，账号 {named.get('user')}）"
    at = f"The database of {part} at {host}"
    reason = _last_line(error, str(named.get("password") or ""))
    if error.pgconn is not None and error.pgconn.needs_password:
        return WrongPassword(
            f"{where}拒绝登录：没有给出密码。请在 {access.password} 中给出密码。",
            f"{at} asks for a password. Give it in {access.password}.",
        )
    if "password authentication failed" in reason or (
        error.pgconn is not None and error.pgconn.used_password and "认证" in reason
    ):
        return WrongPassword(
            f"{where}拒绝登录：密码错误。请核对 {access.password}，它须与数据库中这个账号的密码一致。",
            f"{at} does not accept the password. Mend {access.password}, or the role's password in the database.",
        )
    if "FATAL" in reason or "致命错误" in reason:
        return CannotRun(
            f"{where}拒绝登录：{reason}。请检查数据库中的账号和权限，以及 {access.address}。",
            f"{at} refuses the login. Check its roles, and {access.address}.",
        )
    return CannotRun(
        f"{where}无法连接：{reason}。请检查数据库服务是否在运行，以及 {access.address}。",
        f"{at} cannot be reached. Check that it runs, and {access.address}.",
    )


def _last_line(error: psycopg.Error, password: str) -> str:
    said = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return (said.replace(password, "***") if password else said).strip().rstrip(".。")
