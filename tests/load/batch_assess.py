"""What a batch run over everybody costs, from the database to the stored outcomes: n enterprises × every shipped pack.

    python -m tests.load.batch_assess [--sizes 10000,30000,100000] [--changed 0.02] [--trace-all 500]

Prints figures, asserts only that the run ends. 500 made-up enterprises are assessed one by one as after their events,
then copied within the database up to n. A share of them gets other facts that nobody announced, and a batch run has to
find them. `trace-all` is the same run with nothing screened, over so many, for comparison. Peak memory is the
process's; sizes run in ascending order, so growth with n would show.
"""

import argparse
import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from chassis import clock, collector, connections, logging
from chassis.db import Database, Transaction, libpq_url
from rulebook.dependencies import dependencies
from rulebook.dictionary import NUMERIC, Fact
from services.eligibility.domain.catalog import Catalog
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import prepare, read_dictionary, read_sizes
from services.eligibility.settings import Settings
from services.eligibility.store.pending import Calendar, Pending
from services.eligibility.store.repositories import Assessments, Enterprises
from services.eligibility.use_cases import screen_batch as screening
from services.eligibility.use_cases.assess_pending import assess_pending
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.start_batch_run import start_batch_run
from tests.support.postgres import running_server

PROTOTYPES = 500
MISSING = 0.03
# wall; "compare" is what is left of the screening, "trace" the assessments one by one with all they store
PHASES = ("read", "evaluate", "compare", "store", "commit", "trace")


class Stopwatch:
    """Seconds by phase; a phase inside another one is taken out of it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._stack: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self._turn()
        self._stack.append(name)
        try:
            yield
        finally:
            self._turn()
            self._stack.pop()

    def _turn(self) -> None:
        moment = time.perf_counter()
        if self._stack:
            self.spent[self._stack[-1]] += moment - self._since
        self._since = moment

    def watch(self, name: str, owner: Any, *functions: str) -> None:
        for each in functions:
            setattr(owner, each, self._watched(name, getattr(owner, each)))

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            with self.phase(name):
                return function(*args, **named)

        return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,30000,100000")
    parser.add_argument("--changed", type=float, default=0.02)
    parser.add_argument("--trace-all", type=int, default=500)
    given = parser.parse_args()
    logging.configure("WARNING", "json")
    collector.settle()
    watch = Stopwatch()
    watch.watch("read", screening, "gather", "load_rules")
    watch.watch("read", Calendar, "list_settled")
    watch.watch("read", Pending, "list_unscreened")
    watch.watch("evaluate", screening, "_population", "_signatures")
    watch.watch("store", Assessments, "confirm_all")
    watch.watch("store", Pending, "narrow", "remove")
    with running_server() as server:
        for size in sorted(int(each) for each in given.sizes.split(",")):
            server.create("batch_assess")
            db = Database(server.url_for("batch_assess"), name="load", pool_size=4)
            try:
                Run(db, watch, size, given.changed).measure(given.trace_all)
            finally:
                db.close()
                server.drop("batch_assess")


class Run:
    """One database with n enterprises."""

    def __init__(self, db: Database, watch: Stopwatch, size: int, changed: float) -> None:
        self.db, self.watch, self.size, self.changed = db, watch, size, changed
        settings = Settings(environment="local", database_url=SecretStr(db.url), identity_key_file="unused")  # type: ignore[arg-type]
        MIGRATIONS.upgrade(db)
        prepare(settings, db)
        dictionary = read_dictionary(settings)
        self.catalog, self.sizes = Catalog(dictionary, "load"), read_sizes(settings, dictionary)
        self.traced, self.screened = settings.assessment_batch, settings.screening_batch

    def measure(self, trace_all: int) -> None:
        self.populate()
        unannounced = self.disturb()
        before = self.events()
        with self.db.transaction(timeout_seconds=0) as tx:
            run = start_batch_run(tx, None)
        self.watch.spent.clear()
        started, worked = time.perf_counter(), time.process_time()
        traced = self.drain()
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        each = {name: self.watch.spent[name] / run.total * 1e6 for name in PHASES}
        print(f"{run.total:>9,} enterprises {seconds:8.1f} s {run.total / seconds:8,.0f}/s   peak {peak:6.0f} MiB")
        print("          µs each: " + "  ".join(f"{name} {spent:,.0f}" for name, spent in each.items()))
        print(f"          CPU of this process {worked / run.total * 1e6:,.0f} µs each, tracing included")
        print(f"          {unannounced:,} had other facts, {traced:,} were traced, {self.events() - before:,} events")
        if trace_all:
            self.without_screening(min(trace_all, self.size))

    def without_screening(self, count: int) -> None:
        with self.db.transaction() as tx:
            codes = tx.session.scalars(text("SELECT uscc FROM enterprises ORDER BY 1 LIMIT :n"), {"n": count}).all()
            Pending(tx).add(codes)
        started, worked = time.perf_counter(), time.process_time()
        self.drain()
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        wall, busy = seconds / count * 1e6, worked / count * 1e6
        print(
            f"          nothing screened: {count / seconds:,.0f}/s, {wall:,.0f} µs each, {busy:,.0f} of them CPU",
            flush=True,
        )

    def drain(self) -> int:
        """As the worker does; how many enterprises were assessed one by one."""
        traced = 0
        while True:
            with self.step() as tx, self.watch.phase("trace"):
                taken = assess_pending(tx, self.catalog, self.sizes, self.traced)
            if taken:
                traced += taken
                continue
            with self.step() as tx, self.watch.phase("compare"):
                taken = screening.screen_batch(tx, self.catalog, self.sizes, self.screened)
            if not taken:
                return traced

    @contextmanager
    def step(self) -> Iterator[Transaction]:
        with self.watch.phase("commit"), self.db.transaction(timeout_seconds=0) as tx:
            yield tx

    # -- the population ------------------------------------------------------------------------------------------------

    def populate(self) -> None:
        chance = random.Random(1)
        year = clock.today().year
        with self.db.transaction(timeout_seconds=0) as tx:
            packs = load_rules(tx, self.catalog, self.sizes).editions.packs
            read = sorted({each for pack in packs for each in dependencies(pack).facts})
            facts = [self.catalog.dictionary[each] for each in read]
            for number in range(PROTOTYPES):
                uscc = f"91341302{number:09d}X"
                Enterprises(tx).save(
                    {"uscc": uscc, "version": 1, "name": "（合成样例）企业", "district_code": "341302",
                     "industry_code": chance.choice(("3484", "3911", "6510")), "size_class": None,
                     "status": "active", "synthetic": True}
                )  # fmt: skip
                for period, values in periods(facts, chance, year).items():
                    Enterprises(tx).save_facts(uscc, 1, period, values)
            Pending(tx).add_all()
        self.drain()
        self.copy()
        with closing(connections.connect(libpq_url(self.db.url), "batch_assess", statement_seconds=0)) as connection:
            connection.execute(b"VACUUM ANALYZE")

    def copy(self) -> None:
        """Enterprise i is prototype i modulo their number, in everything that is stored of it."""
        here = (
            "FROM {table} JOIN generate_series(1, :copies) k ON true WHERE (substr(uscc, 9, 9)::int + k * :n) < :size"
        )
        code = "'91341302' || lpad((substr(uscc, 9, 9)::int + k * :n)::text, 9, '0') || 'X'"
        with self.db.transaction(timeout_seconds=0) as tx:
            for table in (
                "enterprises",
                "enterprise_facts",
                "assessment_inputs",
                "assessments",
                "assessment_calendar",
                "findings_requests",
            ):
                columns = tx.session.scalars(
                    text("SELECT column_name FROM information_schema.columns WHERE table_name = :t ORDER BY 1"),
                    {"t": table},
                ).all()
                new = {"uscc": code, "id": "gen_random_uuid()"}
                wanted = ", ".join(new.get(each, each) for each in columns)
                tx.session.execute(
                    text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {wanted} {here.format(table=table)}"),
                    {"copies": self.size // PROTOTYPES, "n": PROTOTYPES, "size": self.size},
                )

    def disturb(self) -> int:
        """Other facts for a share of the enterprises, evenly spread: those of the next one; nobody is told."""
        step = round(1 / self.changed) if self.changed else 0
        if not step:
            return 0
        with self.db.transaction(timeout_seconds=0) as tx:
            done = tx.session.execute(
                text(
                    "UPDATE enterprise_facts f SET facts = g.facts FROM enterprise_facts g"
                    " WHERE substr(f.uscc, 9, 9)::int % :step = 0 AND g.fiscal_year = f.fiscal_year"
                    " AND g.uscc = '91341302' || lpad((substr(f.uscc, 9, 9)::int + 1)::text, 9, '0') || 'X'"
                ),
                {"step": step},
                execution_options={"preserve_rowcount": True},
            )
            return int(done.rowcount) // 4  # type: ignore[attr-defined]

    def events(self) -> int:
        with self.db.reading() as tx:
            return int(tx.session.scalar(text("SELECT count(*) FROM outbox")) or 0)


def periods(facts: list[Fact], chance: random.Random, year: int) -> dict[int, dict[str, dict[str, Any]]]:
    """Plausible facts of one enterprise for the running and the last three fiscal years, some missing."""
    found: dict[int, dict[str, dict[str, Any]]] = {0: {}, **{year - back: {} for back in (1, 2, 3)}}
    for fact in facts:
        for period in [year - 1, year - 2, year - 3] if fact.yearly else [0]:
            if fact.type != "finding" and chance.random() >= MISSING:
                found[period][fact.id] = {
                    "value": value(fact, chance), "source": fact.sources[0], "as_of": f"{year - 1}-12-31",
                    "recorded_at": f"{year}-03-01T00:00:00+00:00",
                }  # fmt: skip
    return found


def value(fact: Fact, chance: random.Random) -> object:
    if fact.type == "money":
        return f"{chance.lognormvariate(16.5, 1.2):.2f}"
    if fact.type == "integer":
        return int(chance.expovariate(0.1))
    if fact.type in NUMERIC:
        return f"{chance.uniform(0, 1 if fact.type == 'ratio' else 100):.4f}"
    if fact.type == "boolean":
        return chance.random() < 0.5
    if fact.type == "code":
        return chance.choice(fact.allowed).code
    if fact.type == "date":
        return f"{chance.randint(2000, 2024)}-05-20"
    return [] if fact.type == "records" else "文字"


if __name__ == "__main__":
    main()
