"""The composition root of the registry's worker: relay, imports, the numbering of changes, the index of names,
the calendar of titles."""

from __future__ import annotations

import datetime as dt

from chassis.bus import Bus
from chassis.db import FEED_CHANNEL, Database
from chassis.feed import Sequence
from chassis.relay import Relay
from chassis.schedule import DailyAt, Every, Schedule
from chassis.worker import Turning, Worker, standard_loops
from services.registry.jobs import export_job, import_job
from services.registry.settings import Settings
from services.registry.store.knowledge import load_knowledge
from services.registry.store.search_index import follow
from services.registry.use_cases.announce import CHANGES_CHANNEL
from services.registry.use_cases.clear_exports import clear_exports
from services.registry.use_cases.expire_titles import expire_titles

CHANGES = Sequence("changes")
SCHEDULES = (
    # At midnight for the many whose term ends with the day, every minute for the rest and for what arrives late.
    Schedule("titles-expire-at-midnight", DailyAt(dt.time(0, 0, 1)), expire_titles),
    Schedule("titles-expire", Every(60), expire_titles),
    Schedule("exports-clear", Every(3600), clear_exports),
)


def build_worker(settings: Settings, db: Database, bus: Bus) -> Worker:
    """Everything that the registry does in the background. It reacts to no event, so it has no subscriber."""
    retention = dt.timedelta(days=settings.retention_days)
    knowledge = load_knowledge(settings.facts_folder, settings.size_rules_file)
    jobs = (import_job(knowledge, settings.import_max_rows), export_job(settings.export_max_rows))

    def number_changes() -> int:
        with db.transaction() as tx:
            return CHANGES.number(tx)

    def index_names() -> int:
        with db.transaction() as tx:
            return follow(tx)

    return Worker(
        "registry",
        db,
        [
            Relay(db, bus, "/peiyu/registry", retention=retention),
            *standard_loops(db, jobs={job.name: job for job in jobs}, schedules=SCHEDULES, retention=retention),
            Turning("changes", db, number_changes, seconds=1.0, channels=(CHANGES_CHANNEL,)),
            Turning("search", db, index_names, seconds=1.0, channels=(FEED_CHANNEL,)),
        ],
    )
