"""The gateway's tables."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Date, ForeignKey, Integer, MetaData, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chassis.plumbing import INSTANT, NAMING

_CODE = Text(collation="C")


class Row(DeclarativeBase):
    """The declarative base of the gateway's tables."""

    metadata = MetaData(naming_convention=NAMING)


class ClientRow(Row):
    """A client that may ask for tokens. Never removed: `deleted_at` keeps its id from being given again."""

    __tablename__ = "api_clients"

    client_id: Mapped[str] = mapped_column(_CODE, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(_CODE)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    areas: Mapped[list[str]] = mapped_column(ARRAY(Text))
    institution: Mapped[str | None] = mapped_column(_CODE)
    uscc: Mapped[str | None] = mapped_column(_CODE)
    commissioner: Mapped[str | None] = mapped_column(_CODE)
    department: Mapped[str | None] = mapped_column(_CODE)
    requests_per_minute: Mapped[int | None] = mapped_column(Integer)
    token_version: Mapped[int] = mapped_column(Integer)
    """Tokens of an earlier version are refused."""
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    updated_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    disabled_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)

    secrets: Mapped[list[SecretRow]] = relationship(
        order_by="SecretRow.created_at", cascade="all, delete-orphan", lazy="selectin"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class SecretRow(Row):
    """One secret of a client; two overlap while a client rotates."""

    __tablename__ = "api_client_secrets"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("api_clients.client_id"), index=True)
    hash: Mapped[str] = mapped_column(Text)
    """argon2id"""
    hint: Mapped[str] = mapped_column(Text)
    """The last four characters, so that people can tell secrets apart."""
    created_at: Mapped[dt.datetime] = mapped_column(INSTANT)
    expires_at: Mapped[dt.datetime | None] = mapped_column(INSTANT)


class DirectoryRevisionRow(Row):
    """One row whose number rises with every change of a client, in the order of the commits."""

    __tablename__ = "directory_revision"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class InstallationStateRow(Row):
    """What the installer has recorded about this installation."""

    __tablename__ = "installation_state"

    key: Mapped[str] = mapped_column(_CODE, primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[dt.datetime] = mapped_column(INSTANT)


class UsageRow(Row):
    """Requests of a client to a service on a day (Asia/Shanghai)."""

    __tablename__ = "usage_counters"

    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    client_id: Mapped[str] = mapped_column(_CODE, primary_key=True)
    service: Mapped[str] = mapped_column(_CODE, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
