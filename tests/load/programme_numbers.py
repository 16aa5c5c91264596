"""What the numbers of a programme cost: many holders of titles in one area, counted, listed and reported.

    python -m tests.load.programme_numbers 100000

Prints for each question the seconds on the clock. One fifth of the enterprises lies outside the plan's area; all hold
高新技术企业, one in ten four more titles (合成样例).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.db import Database, Transaction
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.model import Programme
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare, read_catalog
from services.registry.store.programme_counts import TitleCounts
from services.registry.store.programmes import Programmes
from services.registry.use_cases.programmes.evaluate import stand_all
from services.registry.use_cases.programmes.report import yearly_report
from tests.support.postgres import running_server

PLAN = "qianjiang-2023-2027"
ENTERPRISES = """
INSERT INTO enterprises (uscc, name, name_key, district_code, risk_flags, synthetic, version, registered_at, changed_at)
SELECT lpad(g::text, 18, '0'), '企业' || g, 'q' || g, CASE WHEN g % 5 = 0 THEN '500112' ELSE '500114' END, '{}', true,
       1, now(), now()
FROM generate_series(1, :size) g
"""
RECORDS = """
INSERT INTO title_records (id, uscc, title, act_key, document_number, valid_from, valid_to, state, source, recorded_by,
                           recorded_at)
SELECT gen_random_uuid(), lpad(g::text, 18, '0'), t, 'x', '文', date '2021-01-01' + g % 1800,
       date '2024-01-01' + g % 1800, 'valid', 'import', 'x', now()
FROM generate_series(1, :size) g,
     unnest(array['high_tech', 'specialized_sme', 'little_giant', 'champion', 'qianjiang_tech_enterprise']) t
WHERE t = 'high_tech' OR g % 10 = 0
"""


def main(size: int) -> None:
    with running_server() as server:
        server.create("programmes")
        db = Database(server.url_for("programmes"), name="programmes", pool_size=2)
        try:
            MIGRATIONS.upgrade(db)
            prepare(db)
            with db.transaction(timeout_seconds=0) as tx:
                tx.session.execute(text(ENTERPRISES), {"size": size})
                tx.session.execute(text(RECORDS), {"size": size})
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("ANALYZE"))
            measure(db)
        finally:
            db.close()


def measure(db: Database) -> None:
    catalog, today = read_catalog(), clock.today()
    with db.reading() as tx:
        row = Programmes(tx).active(PLAN)
        programme = catalog.stored(row.hash, row.body, row.file)
        target = programme.target("T-S2-3a")
        assert target is not None
        counts, window = TitleCounts(tx, programme), Window(None, today)
        page: dict[str, Any] = {"area": None, "reason": None, "seen": None, "after": None, "limit": 200}
        questions: dict[str, Callable[[], object]] = {
            "all targets": lambda: stand_all(tx, programme, programme.targets, today),
            "one count": lambda: counts.count(target.metric, [window]),
            "a page of who is counted": lambda: counts.list_page(target.metric, window, counted=True, **page),
            "a page of who is not": lambda: counts.list_page(target.metric, window, counted=False, **page),
            "the yearly report": lambda: _report(tx, programme, today.year),
        }
        for name, ask in questions.items():
            started = time.perf_counter()
            ask()
            print(f"{name}: {time.perf_counter() - started:.2f} s")


def _report(tx: Transaction, programme: Programme, year: int) -> object:
    return yearly_report(tx, programme, year)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
