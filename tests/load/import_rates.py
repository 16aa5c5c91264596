"""What an import costs beside a bare COPY of the same rows by the server itself.

    python -m tests.load.import_rates --rows 100000 --rounds 3 --parts enterprises facts xlsx

Every import runs as the worker runs it, from the stored upload to the report, in a process of its own. The bare COPY
reads the very rows that the import has written, in the order of the file, from a file on the server into a table of the
same columns: once with the keys and indexes of that table, once without any. Prints figures, asserts nothing.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chassis.db import Database
from chassis.jobs import JobRunner
from services.registry.domain.items import ItemKinds
from services.registry.jobs import import_job
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare
from services.registry.settings import Settings
from services.registry.store.items_file import load_item_kinds
from services.registry.store.knowledge import load_knowledge
from services.registry.store.reference import reference
from services.registry.use_cases.accept_import import Upload, accept_import
from tests.load import import_files as files
from tests.support.postgres import running_server

PARTS = ("enterprises", "facts", "xlsx")
_MANY = 10**10
_KEPT = {"regions", "former_regions", "industries", "reference_loads", "programmes"}


@dataclass(frozen=True)
class Ran:
    """Seconds: by the clock, and of work in the process and in the server's backends; the peak of memory in MiB."""

    wall: float
    client: float
    server: float
    peak: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker)
        return
    with opened() as db, tempfile.TemporaryDirectory(prefix="peiyu-load-", dir="/tmp") as folder:
        os.chmod(folder, 0o777)  # the server writes and reads here
        measure(db, Path(folder), given.rows, given.rounds, given.parts)


@contextmanager
def opened() -> Iterator[Database]:
    with running_server() as server:
        server.create("load_imports")
        db = Database(server.url_for("load_imports"), name="load", statement_timeout_seconds=3600)
        try:
            MIGRATIONS.upgrade(db)
            prepare(db)
            yield db
        finally:
            db.close()
            server.drop("load_imports")


def measure(db: Database, folder: Path, count: int, rounds: int, parts: list[str]) -> None:
    with db.reading() as tx:
        listed = files.enterprises(reference(tx), count)
    rows = [each.cells() for each in listed]
    content = files.csv_file(files.ENTERPRISES, rows)
    runs: dict[str, list[tuple[Ran, Ran, Ran]]] = {}
    for _ in range(rounds):
        empty(db)
        new = imported(db, "enterprises", "csv", content)
        bare = copied(db, "enterprises", "uscc", folder)
        runs.setdefault("enterprises, csv, new", []).append((new, *bare))
        if "enterprises" in parts:
            again = imported(db, "enterprises", "csv", content)
            runs.setdefault("enterprises, csv, the same again", []).append((again, *bare))
            other = files.csv_file(files.ENTERPRISES, [each.cells() for each in files.changed(listed, 0.01)])
            few = imported(db, "enterprises", "csv", other)
            runs.setdefault("enterprises, csv, 1 % changed", []).append((few, *bare))
        if "facts" in parts:
            figures = files.csv_file(files.FACTS, files.figures(listed))
            new = imported(db, "facts", "csv", figures)
            of_facts = copied(db, "facts_current", "uscc", folder)
            runs.setdefault("facts, csv, new", []).append((new, *of_facts))
            again = imported(db, "facts", "csv", figures)
            runs.setdefault("facts, csv, the same again", []).append((again, *of_facts))
        if "xlsx" in parts:
            empty(db)
            sheet = imported(db, "enterprises", "xlsx", files.xlsx_file(files.ENTERPRISES, rows))
            runs.setdefault("enterprises, xlsx, new", []).append((sheet, *bare))
    show(runs, count)


def empty(db: Database) -> None:
    tables = [table.name for metadata in MIGRATIONS.metadata for table in metadata.sorted_tables]
    emptied = ", ".join(f'"{name}"' for name in tables if name not in _KEPT)
    with db.transaction() as tx:
        tx.session.execute(text(f"TRUNCATE {emptied} RESTART IDENTITY"))


def imported(db: Database, kind: str, form: str, content: bytes) -> Ran:
    """Upload, and let a worker of its own run the job."""
    upload = Upload(
        content=content, file_name=f"file.{form}", kind=kind, mode="all_or_nothing", dry_run=False, source="import"
    )
    with db.transaction(timeout_seconds=0) as tx:
        accept_import(tx, upload, areas=["*"], max_bytes=_MANY, max_unpacked_bytes=_MANY)
    command = [sys.executable, "-m", "tests.load.import_rates", "--worker", db.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    ran = Ran(**json.loads(done.stdout.splitlines()[-1]))
    with db.reading() as tx:
        row = tx.session.execute(
            text("SELECT state, rows, created, updated, unchanged FROM imports ORDER BY created_at DESC LIMIT 1")
        ).one()
        events = tx.session.execute(text("SELECT count(*) FROM outbox")).scalar_one()
    print(f"{kind} {form}: {tuple(row)}, {events:,} events so far, {ran}, load {os.getloadavg()[0]:.0f}", flush=True)
    return ran


def work(url: str) -> None:
    """The worker's process: what it has loaded at its start is not counted, since it runs for months."""
    settings = Settings(environment="local", database_url=url, identity_key_file=Path("/dev/null"))  # type: ignore[arg-type]
    knowledge = load_knowledge(settings.facts_folder, settings.size_rules_file)
    kinds: ItemKinds = load_item_kinds(settings.certified_items_file)
    db = Database(url, name="load-worker", pool_size=3)
    job = import_job(knowledge, kinds, _MANY)
    runner = JobRunner(db, {job.name: job})
    with db.reading() as tx:
        reference(tx)
    before, started, worked = backends(db), time.perf_counter(), time.process_time()
    runner.run_once()
    wall, client = time.perf_counter() - started, time.process_time() - worked
    server = sum(backends(db).values()) - sum(before.values())
    db.close()
    # Not ru_maxrss, which begins at what the process had that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(json.dumps({"wall": wall, "client": client, "server": server, "peak": peak}))


def backends(db: Database) -> Mapping[int, float]:
    """Seconds of work of the server's process for each of this worker's connections: waiting for a core is none."""
    with db.reading() as tx:
        pids = tx.session.scalars(text("SELECT pid FROM pg_stat_activity WHERE application_name = 'load-worker'")).all()
        return {pid: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 for pid in pids}


def copied(db: Database, table: str, key: str, folder: Path) -> tuple[Ran, Ran]:
    """COPY by the server of what the table now holds into one like it: with its keys and indexes, and without."""
    file = folder / f"{table}.copy"
    with db.transaction(timeout_seconds=0) as tx:
        tx.session.execute(text(f"COPY (SELECT * FROM {table} ORDER BY md5({key})) TO '{file}'"))
    found = []
    for how in ("INCLUDING ALL", ""):
        with db.transaction(timeout_seconds=0) as tx:
            tx.session.execute(text(f"CREATE TABLE bare (LIKE {table} {how})"))
        with db.transaction(timeout_seconds=0) as tx:
            pid = tx.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            stat = Path(f"/proc/{pid}/schedstat")
            worked, started = int(stat.read_text().split()[0]), time.perf_counter()
            tx.session.execute(text(f"COPY bare FROM '{file}'"))
            wall = time.perf_counter() - started
            found.append(Ran(wall, 0.0, (int(stat.read_text().split()[0]) - worked) / 1e9))
        with db.transaction(timeout_seconds=0) as tx:
            tx.session.execute(text("DROP TABLE bare"))
    file.unlink()
    return found[0], found[1]


def show(runs: Mapping[str, list[tuple[Ran, Ran, Ran]]], count: int) -> None:
    print(f"\n{count:,} rows, load {' '.join(f'{each:.0f}' for each in os.getloadavg())} on {os.cpu_count()} cores")
    print(
        "| | wall | rows/s | CPU: worker | database | peak MiB | bare COPY with indexes: wall | CPU | without: CPU"
        " | ratio by wall | ratio by CPU, all | ratio by CPU of the busier side |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name, found in runs.items():
        ran = middle(each[0] for each in found)
        bare, plain = middle(each[1] for each in found), middle(each[2] for each in found)
        by_wall = statistics.median(each[1].wall / each[0].wall for each in found)
        by_cpu = statistics.median(each[1].server / (each[0].client + each[0].server) for each in found)
        busier = statistics.median(each[1].server / max(each[0].client, each[0].server) for each in found)
        shown = (
            f"{ran.wall:.1f} s", f"{count / ran.wall:,.0f}", f"{ran.client:.1f} s", f"{ran.server:.1f} s",
            f"{ran.peak:.0f}", f"{bare.wall:.1f} s", f"{bare.server:.1f} s", f"{plain.server:.1f} s",
            f"{by_wall:.2f}", f"{by_cpu:.2f}", f"{busier:.2f}",
        )  # fmt: skip
        print(f"| {name} | {' | '.join(shown)} |")


def middle(found: Any) -> Ran:
    """The median of each figure, the highest peak."""
    runs = list(found)
    wall, client, server = (
        statistics.median(getattr(each, figure) for each in runs) for figure in ("wall", "client", "server")
    )
    return Ran(wall, client, server, max(each.peak for each in runs))


if __name__ == "__main__":
    main()
