"""What one simulation costs: a population in PostgreSQL, one draft, and the job that a worker would run.

    python -m tests.load.simulation_run 100000

Prints enterprises per second, the processor time of this process, the memory it took at most, and how many flipped.
The facts are generated (合成样例): figures around those of real applicants, 3 % missing.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chassis import clock, ids
from chassis.db import Database
from peiyu.documents.maps import dictionary
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import prepare, read_codes, read_sizes
from services.eligibility.settings import Settings
from services.eligibility.store.simulations import Simulations
from services.eligibility.store.tables import SimulationRow
from services.eligibility.use_cases.run_simulation import run_simulation
from tests.service.eligibility.rules import PACK, stricter
from tests.support.postgres import running_server

YEAR = clock.today().year - 1
TOTAL = 70
"""The draft asks for so many points instead of 60: some per cent of the enterprises flip."""


def main(size: int) -> None:
    settings = Settings(environment="local", database_url="postgresql://unused", identity_key_file=Path("unused"))
    with running_server() as server:
        server.create("simulation")
        db = Database(server.url_for("simulation"), name="simulation", pool_size=4)
        try:
            MIGRATIONS.upgrade(db)
            prepare(settings, db)
            fill(db, size)
            measure(db, settings, size)
        finally:
            db.close()


def fill(db: Database, size: int) -> None:
    chance = random.Random(1)
    codes = [f"9134{number:014d}" for number in range(size)]
    with db.transaction(timeout_seconds=0) as tx:
        tx.copy(
            "enterprises",
            ("uscc", "version", "name", "district_code", "industry_code", "size_class", "status", "synthetic"),
            ([each, 1, f"（合成样例）{each}", f"34130{chance.randint(1, 9)}", f"{chance.randint(13, 43)}11",
              chance.choice(("small", "micro", "medium")), "active", True] for each in codes),
        )  # fmt: skip
        tx.copy("enterprise_facts", ("uscc", "fiscal_year", "version", "facts"), facts(codes, chance))
    with db.transaction(timeout_seconds=0) as tx:
        tx.session.connection().exec_driver_sql("ANALYZE")


def facts(codes: list[str], chance: random.Random) -> Iterator[list[Any]]:
    for code in codes:
        revenue = round(10 ** chance.gauss(7.4, 0.5), 2)
        main_revenue = revenue * chance.uniform(0.4, 1)
        now = {
            "revenue_yuan": revenue, "main_revenue_yuan": main_revenue,
            "rd_expense_yuan": revenue * chance.gammavariate(2, 0.02),
            "total_assets_yuan": revenue * 1.2, "total_liabilities_yuan": revenue * 1.2 * chance.uniform(0.1, 1),
        }  # fmt: skip
        years: dict[int, dict[str, Any]] = {
            YEAR: {name: f"{value:.2f}" for name, value in now.items()} | {"headcount": chance.randint(5, 300)},
            YEAR - 1: {"main_revenue_yuan": f"{main_revenue / chance.gauss(1.1, 0.15):.2f}"},
            0: {
                "registered_in_prc": True, "legal_person": True, "abnormal_list": chance.random() < 0.02,
                "dishonest_list": False, "prohibited_product": False, "accidents": [], "science_awards": [],
                "honors": [], "rd_institutions": [], "equity_financing": [], "ip_class1_high_value_count": 0,
                "ip_class1_own_count": chance.randint(0, 2), "ip_class1_count": chance.randint(0, 2),
                "ip_class2_count": chance.randint(0, 5), "lead_product_in_sei": chance.random() < 0.4,
            },
        }  # fmt: skip
        for year, values in years.items():
            kept = {name: value for name, value in values.items() if chance.random() > 0.03}
            stored = {name: {"value": value, "source": "import", "as_of": None} for name, value in kept.items()}
            yield [code, year, 1, json.dumps(stored)]


def measure(db: Database, settings: Settings, size: int) -> None:
    catalog = Catalog(dictionary(), "test")
    sizes, codes = read_sizes(settings, catalog.dictionary), read_codes(settings, catalog.dictionary)
    source = stricter(TOTAL)
    draft = catalog.compile(StoredPack("", f"{PACK}.yaml", source))
    row = SimulationRow(
        id=ids.new_id(), job_id=ids.new_id(), title=draft.title, pack_id=draft.id, pack_hash=draft.sha256,
        label=draft.label, body=source, changes=[], as_of=clock.today(), against=[], state="queued",
        requested_by="load", requested_at=clock.now(),
    )  # fmt: skip
    with db.transaction() as tx:
        Simulations(tx).add(row)
    before, started, worked = rss(), time.perf_counter(), time.process_time()
    with db.transaction(timeout_seconds=0) as tx:
        held = Simulations(tx).get(row.id)
        counts = run_simulation(tx, catalog, sizes, codes, held, lambda *_: None)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    print(f"{size} enterprises, {counts}")
    print(f"{seconds:.1f} s, processor {processor:.1f} s, {size / seconds:.0f} enterprises/s")
    print(f"memory {before:.0f} MiB before, {rss():.0f} MiB at most")


def rss() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
