"""Brings a service's database to the head of its migrations; says whether it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

from chassis import connections
from chassis.db import Database, driver_of
from chassis.errors import Unavailable

_HERE = Path(__file__).parent / "migrations"


class MigrationPending(Unavailable):
    """The database is not at the head of the migrations this version needs."""

    code = "migration-pending"


@dataclass(frozen=True, slots=True)
class Migrations:
    """The migrations of one service: the folder of its versions, and the tables they must add up to."""

    folder: Path
    metadata: Sequence[MetaData]

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_HERE))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder))
        config.attributes["target_metadata"] = list(self.metadata)
        return config

    def head(self) -> str:
        """The newest revision of this version of the code."""
        return ScriptDirectory.from_config(self._config()).get_current_head() or ""

    def upgrade(self, db: Database, revision: str = "head") -> None:
        """Upgrade to head, or as far as `revision`, under an advisory lock; several processes may call it at once."""
        config = self._config()
        with db.engine.connect() as connection:
            driver_of(connection).patience = connections.LONGEST_SECONDS
            connection.execute(text("SET statement_timeout = 0; SET lock_timeout = '60s'"))
            connection.execute(text("SELECT pg_advisory_lock(hashtextextended('migrations', 7))"))
            connection.commit()
            try:
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
                connection.commit()
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(hashtextextended('migrations', 7))"))
                connection.execute(text("RESET statement_timeout; RESET lock_timeout"))
                connection.commit()

    def current(self, db: Database) -> str | None:
        """The revision the database is at; null before the first."""
        with db.reading() as tx:
            return MigrationContext.configure(tx.session.connection()).get_current_revision()

    def check(self, db: Database) -> dict[str, str]:
        """Readiness: raise MigrationPending unless the database is at head."""
        head, current = self.head(), self.current(db)
        if current != head:
            raise MigrationPending(f"数据库版本为 {current or '空'}，程序需要 {head}：请运行 peiyu migrate")
        return {"revision": head}

    def differences(self, db: Database) -> list[object]:
        """What the migrated database and the tables in code differ in; empty when they agree."""
        with db.engine.connect() as connection:
            found: list[object] = []
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            merged = MetaData()
            for metadata in self.metadata:
                for table in metadata.tables.values():
                    table.to_metadata(merged)
            found.extend(compare_metadata(context, merged))
            return found

    def draft(self, db: Database, message: str, revision: str) -> None:
        """Write a new version file from the differences, to be read and mended by a person."""
        config = self._config()
        with db.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message, autogenerate=True, rev_id=revision, version_path=str(self.folder))
