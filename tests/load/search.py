"""What a search costs in the database, and whether the right enterprise is among the first ten.

    python -m tests.load.search 1000000

Builds an index of N made-up names, then asks every class of query many times. Prints figures, asserts nothing.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from chassis import clock
from chassis.db import Database, Transaction
from services.registry.domain.periods import last_complete_year
from services.registry.domain.search.readings import readings
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare
from services.registry.store.queries import Filters, narrowing_of
from services.registry.store.reference import reference
from services.registry.store.search import search
from tests.load.search_names import COLUMNS, FIRST, SECOND, TRADES, rows
from tests.load.search_recall import labelled, recall_at
from tests.support.postgres import running_server

INDEXES = {
    "ix_search_names_tokens": "USING gin (tokens) WITH (fastupdate = off)",
    "ix_search_names_name_key": "(name_key)",
    "ix_search_names_core": "(core)",
    "ix_search_names_weight": "(weight, uscc)",
}
FILTERS = {
    "no filter": Filters(),
    "a county": Filters(district="341302"),
    "a city": Filters(district="341300"),
    "micro": Filters(size="micro"),
    "little giants": Filters(tier="little_giant"),
    "listed at bse": Filters(listing="bse"),
    "micro, 3 areas": Filters(size="micro", areas=["3413", "3205", "50"]),
    "revenue band, county": Filters(revenue="20m_50m", areas=["341302"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--queries", type=int, default=100, help="different queries per class")
    parser.add_argument("--labelled", type=int, default=1000)
    parser.add_argument("--database", help="of an earlier run that was kept with --keep")
    given = parser.parse_args()
    with opened(given.database) as db:
        if not given.database:
            build(db, given.rows)
        measure(db, given.queries)
        with db.reading() as tx:
            print(recall_at(tx, labelled(tx, given.labelled)))


@contextmanager
def opened(url: str | None) -> Iterator[Database]:
    if url:
        db = Database(url, name="load", statement_timeout_seconds=600)
        yield db
        db.close()
        return
    with running_server() as server:
        server.create("load_search")
        db = Database(server.url_for("load_search"), name="load", statement_timeout_seconds=600)
        try:
            yield db
        finally:
            db.close()
            server.drop("load_search")


def build(db: Database, count: int) -> None:
    """The rows by COPY, the indexes afterwards: in service both grow with what is registered."""
    MIGRATIONS.upgrade(db)
    prepare(db)
    with db.transaction(timeout_seconds=0) as tx:
        for name in INDEXES:
            tx.session.execute(text(f"DROP INDEX {name}"))
        started = time.perf_counter()
        tx.copy("search_names", COLUMNS, rows(reference(tx), count, last_complete_year(clock.today())))
        print(f"tokens and COPY of {count:,} rows: {time.perf_counter() - started:.0f} s", flush=True)
    for name, definition in INDEXES.items():
        started = time.perf_counter()
        with db.transaction(timeout_seconds=0) as tx:
            tx.session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
            tx.session.execute(text(f"CREATE INDEX {name} ON search_names {definition}"))
            size = tx.session.execute(text(f"SELECT pg_relation_size('{name}')")).scalar_one()
        print(f"{name}: {time.perf_counter() - started:.0f} s, {size / 1e6:.0f} MB", flush=True)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE search_names"))


def measure(db: Database, queries: int) -> None:
    chance = random.Random(11)
    with db.reading() as tx:
        picked = tx.session.execute(
            text("SELECT name_key, core, uscc FROM search_names TABLESAMPLE SYSTEM (1) LIMIT 2000")
        ).all()
        spoken = readings()
        some = [chance.choice(picked) for _ in range(queries)]
        common = [*TRADES[:20], "重庆", "苏州", "上海", "广东", "限公", "公司"]
        brands = [chance.choice(FIRST) + chance.choice(SECOND) for _ in range(queries)]
        classes: dict[str, list[str]] = {
            "exact name": [each.name_key for each in some],
            "core begins, 3+": [each.core[:4] for each in some],
            "fragment, 3+ characters": [cut(chance, each.name_key, chance.randint(3, 6)) for each in some],
            "2 characters, any of a name": [cut(chance, each.name_key, 2) for each in some],
            "2 characters, trades, cities, form": [chance.choice(common)[:2] for _ in some],
            "2 characters, brands": brands,
            "1 character": [chance.choice(each.name_key) for each in some],
            "pinyin": ["".join(spoken.of(each)) for each in brands],
            "initials, 4": ["".join(each[0] for each in spoken.of(row.core[:4])) for row in some if row.core.isalpha()],
            "initials, 2": ["".join(each[0] for each in spoken.of(each)) for each in brands],
            "fuzzy": [wrong(chance, each.name_key.removesuffix("有限公司")) for each in some],
            "credit code, 8": [each.uscc[:8] for each in some],
        }
        print(f"\nload {' '.join(f'{each:.0f}' for each in os.getloadavg())} on {os.cpu_count()} cores")
        print("| query | filter | queries | wall ms: min | p50 | p95 | database CPU ms: p50 | p95 | max |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
        for name, asked in classes.items():
            timed(tx, name, "no filter", asked)
        for name in ("2 characters, trades, cities, form", "2 characters, any of a name", "fragment, 3+ characters"):
            for narrowed in FILTERS:
                if narrowed != "no filter":
                    timed(tx, name, narrowed, classes[name][: max(20, queries // 2)])
        print(f"load {' '.join(f'{each:.0f}' for each in os.getloadavg())}")


def timed(tx: Transaction, name: str, narrowed: str, asked: list[str]) -> None:
    narrowing = narrowing_of(FILTERS[narrowed])
    backend = Path(f"/proc/{tx.session.execute(text('SELECT pg_backend_pid()')).scalar_one()}/schedstat")
    search(tx, asked[0], narrowing, 20)
    wall, cpu = [], []
    for each in asked:
        worked, started = on_cpu(backend), time.perf_counter()
        search(tx, each, narrowing, 20)
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((on_cpu(backend) - worked) / 1e6)
    figures = [min(wall), statistics.median(wall), p95(wall), statistics.median(cpu), p95(cpu), max(cpu)]
    print(f"| {name} | {narrowed} | {len(asked)} | {' | '.join(f'{each:.1f}' for each in figures)} |", flush=True)


def on_cpu(schedstat: Path) -> int:
    """Nanoseconds that the database's process for this connection has worked: waiting for a core does not count."""
    return int(schedstat.read_text().split()[0])


def p95(took: list[float]) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * 0.95))]


def cut(chance: random.Random, name: str, length: int) -> str:
    place = chance.randrange(max(1, len(name) - length - 3))
    return name[place : place + length]


def wrong(chance: random.Random, body: str) -> str:
    """One character of the middle replaced."""
    place = chance.randrange(1, len(body) - 1)
    return body[:place] + chance.choice(SECOND) + body[place + 1 :]


if __name__ == "__main__":
    main()
