"""How each part of the suite is put together; a service is imported when it is needed, not before."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chassis import logging, tracing
from chassis.bus import Bus, Subscriptions, load_topics
from chassis.db import Database
from chassis.settings import ServiceSettings, TracingSettings
from peiyu import parts
from peiyu.refusals import CannotRun

if TYPE_CHECKING:  # a worker does without FastAPI, and neither role needs what the other one needs
    from fastapi import FastAPI

    from chassis.migrate import Migrations
    from chassis.worker import Worker


def migrations(part: str) -> Migrations:
    found: Migrations = _of(part, "migrations").MIGRATIONS
    return found


def settings(part: str, **given: Any) -> ServiceSettings:
    """A part's settings: what is given wins over the environment."""
    try:
        made: ServiceSettings = _of(part, "settings").Settings(**given)
    except ValidationError as error:
        raise CannotRun(
            f"{part} 的设置不完整：{_wrong('PEIYU_', error)}。请设置这些环境变量后重试。",
            f"The settings of {part} are not complete: set the variables named above.",
        ) from None
    return made


def production_settings(part: str) -> ServiceSettings:
    """A part's settings from the environment alone, and its logs and traces set up."""
    chosen = settings(part)
    observe(chosen, part)
    return chosen


def observe(chosen: ServiceSettings, process: str) -> None:
    """Set up logs and traces of this process; `process` is whose work it does where nothing nearer says it."""
    logging.configure(chosen.log_level, chosen.log_format, service=process)
    try:
        tracing.configure(TracingSettings())
    except ValidationError as error:
        raise CannotRun(
            f"链路追踪的设置不正确：{_wrong('OTEL_', error)}。本平台用 OTLP（http/protobuf）发送，请改正后重试。",
            "The settings of OpenTelemetry are not right: traces are sent by OTLP over http/protobuf.",
        ) from None


def _wrong(prefix: str, error: ValidationError) -> str:
    return "；".join(f"{prefix}{'.'.join(map(str, each['loc'])).upper()} {each['msg']}" for each in error.errors())


def application(part: str, chosen: ServiceSettings, db: Database) -> FastAPI:
    create: Callable[[ServiceSettings, Database], FastAPI] = _of(part, "app").create_app
    return create(chosen, db)


def worker(part: str, chosen: ServiceSettings, db: Database, bus: Bus) -> Worker:
    build: Callable[[ServiceSettings, Database, Bus], Worker] = _of(part, "worker").build_worker
    return build(chosen.model_copy(update={"retention_days": kept_days(part, chosen.retention_days)}), db, bus)


def kept_days(part: str, wanted: int) -> int:
    """How long the part remembers what it has received: as wanted, and never less than a topic that it reads is kept.

    An event that the bus can still give again must be known as received.
    """
    read = {event.topic for event in subscriptions(part)} if part != parts.GATEWAY else set()
    return max([wanted, *(spec.retention.days for spec in load_topics(parts.TOPICS) if spec.name in read)])


def subscriptions(part: str) -> Subscriptions:
    found: Subscriptions = _of(part, "subscriptions").SUBSCRIPTIONS
    return found


def database(part: str, chosen: ServiceSettings, role: str) -> Database:
    """The part's own database with the pool its settings ask for; `role` shows in pg_stat_activity."""
    return Database(
        chosen.database_url.get_secret_value(),
        name=f"peiyu {part} {role}",
        pool_size=chosen.pool_size,
        statement_timeout_seconds=chosen.statement_timeout_seconds,
        lock_timeout_seconds=chosen.lock_timeout_seconds,
    )


def load(module: str) -> None:
    """Import this module of every part now, while there is nothing else to do."""
    for part in parts.PARTS:
        _of(part, module)


def _of(part: str, module: str) -> Any:
    return import_module(f"{parts.package(part)}.{module}")
