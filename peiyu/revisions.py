"""Whether a database is at the head of its migrations, told without importing the services: it must cost nothing."""

import re
from pathlib import Path

import psycopg

_REVISION = re.compile(r'^revision(?:: [^=]+)? = ["\']([^"\']+)["\']', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision(?:: [^=]+)? = ["\']([^"\']+)["\']', re.MULTILINE)


def heads(versions: Path) -> set[str]:
    """The revisions in a folder of migrations that no other one follows."""
    texts = [path.read_text(encoding="utf-8") for path in versions.glob("[!_]*.py")]
    made = {found for text in texts for found in _REVISION.findall(text)}
    return made - {found for text in texts for found in _FOLLOWS.findall(text)}


def at_head(libpq_url: str, versions: Path) -> bool:
    """Whether the database carries exactly the newest revision."""
    try:
        with psycopg.connect(libpq_url, connect_timeout=10) as connection:
            present = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return False
    return bool(present) and present == heads(versions)
