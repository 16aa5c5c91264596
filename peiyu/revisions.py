"""Whether the databases fit this version of the program, told without importing the services: it must cost nothing."""

import hashlib
import re
from pathlib import Path

import psycopg

from chassis import connections
from peiyu import parts
from peiyu.databases import DatabaseServer

_REVISION = re.compile(r'^revision(?:: [^=]+)? = ["\']([^"\']+)["\']', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision(?:: [^=]+)? = ["\']([^"\']+)["\']', re.MULTILINE)
_SHIPPED = ("services", "gateway", "contracts/facts", "contracts/codes", "deploy/topics.yaml")
"""What the databases are made from: migrations, packs, reference tables, topics."""


def heads(versions: Path) -> set[str]:
    """The revisions in a folder of migrations that no other one follows."""
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("[!_]*.py")]
    made = {found for text in texts for found in _REVISION.findall(text)}
    return made - {found for text in texts for found in _FOLLOWS.findall(text)}


def at_head(libpq_url: str, versions: Path) -> bool:
    """Whether the database carries exactly the newest revision."""
    try:
        with connections.connect(libpq_url, "peiyu revisions", statement_seconds=10) as connection:
            present = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return False
    return bool(present) and present == heads(versions)


def fingerprint() -> str:
    """Changes when any file changes from which the databases are made; reads names, sizes and times only."""
    digest = hashlib.sha256()
    for top in _SHIPPED:
        start = parts.ROOT / top
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.suffix not in (".pyc", "") and path.is_file():
                stat = path.stat()
                digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def up_to_date(server: DatabaseServer) -> bool:
    """Whether every database is at its head."""
    return all(at_head(server.libpq_url(part), parts.versions(part)) for part in parts.PARTS)
