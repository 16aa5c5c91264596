"""The composition root of the registry's worker: relay, imports, the numbering of changes, the index of names,
the calendar of titles."""

from __future__ import annotations

import datetime as dt

from chassis.bus import Bus
from chassis.consumer import Subscriber
from chassis.db import FEED_CHANNEL, Database
from chassis.feed import Sequence
from chassis.relay import Relay
from chassis.schedule import DailyAt, Every, Schedule
from chassis.worker import Turning, Worker, standard_loops
from chassis.working_days import load_working_days
from services.registry.domain.life_cycle import LifeCycles
from services.registry.domain.pool import PoolRules
from services.registry.jobs import export_job, import_job
from services.registry.prepare import catalog_for
from services.registry.settings import Settings
from services.registry.store.items_file import load_item_kinds
from services.registry.store.knowledge import load_knowledge
from services.registry.store.life_cycles import load_life_cycles
from services.registry.store.pool_file import load_pool_rules
from services.registry.store.search_index import follow
from services.registry.subscriptions import SUBSCRIPTIONS
from services.registry.use_cases.adjust_pool import adjust_pool
from services.registry.use_cases.announce import CHANGES_CHANNEL
from services.registry.use_cases.announce_expiring_titles import announce_expiring_titles
from services.registry.use_cases.clear_exports import clear_exports
from services.registry.use_cases.expire_titles import expire_titles
from services.registry.use_cases.programmes.watch import watch_programmes

CHANGES = Sequence("changes")
WATCH_AT = dt.time(0, 20)
"""After the titles of the day have expired, so that targets are judged by what still holds."""


def schedules(life_cycles: LifeCycles, rules: PoolRules) -> tuple[Schedule, ...]:
    """What the calendar does to titles, and the rules to the pool."""
    return (
        # At midnight for the many whose term ends with the day, every minute for the rest and for what arrives late.
        Schedule("titles-expire-at-midnight", DailyAt(dt.time(0, 0, 1)), expire_titles),
        Schedule("titles-expire", Every(60), expire_titles),
        # A batch at a time: on the day that a whole batch of titles reaches a step, several runs are needed.
        Schedule("titles-expiring", Every(60), lambda tx: announce_expiring_titles(tx, life_cycles)),
        Schedule("exports-clear", Every(3600), clear_exports),
        Schedule("pool-adjust", Every(30), lambda tx: adjust_pool(tx, rules)),
    )


def build_worker(settings: Settings, db: Database, bus: Bus) -> Worker:
    """Everything that the registry does in the background."""
    retention = dt.timedelta(days=settings.retention_days)
    knowledge = load_knowledge(settings.facts_folder, settings.size_rules_file)
    life_cycles = load_life_cycles(settings.title_life_cycles_file)
    item_kinds = load_item_kinds(settings.certified_items_file)
    rules = load_pool_rules(settings.pool_rules_file, item_kinds)
    jobs = (
        import_job(knowledge, item_kinds, settings.import_max_rows),
        export_job(settings.export_max_rows),
    )
    catalog = catalog_for(settings, item_kinds, rules)
    days = load_working_days(settings.working_days_file)
    watch = Schedule("programmes-watch", DailyAt(WATCH_AT), lambda tx: watch_programmes(tx, catalog, days))

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
            Subscriber(db, bus, "registry", SUBSCRIPTIONS, retention=retention),
            *standard_loops(
                db,
                jobs={job.name: job for job in jobs},
                schedules=(*schedules(life_cycles, rules), watch),
                retention=retention,
            ),
            Turning("changes", db, number_changes, seconds=1.0, channels=(CHANGES_CHANNEL,)),
            Turning("search", db, index_names, seconds=1.0, channels=(FEED_CHANNEL,)),
        ],
    )
