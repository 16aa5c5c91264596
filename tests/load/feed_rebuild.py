"""What the whitelist costs: numbering N changes, cutting an epoch of N rows, and serving it beside a static file.

    python -m tests.load.feed_rebuild 100000

Prints figures, asserts nothing. The limit in the serving lines is the same compressed bytes as a static file, from
the same server in the same run.
"""

import argparse
import http.client
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from joserfc.jwk import OKPKey
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from chassis import clock
from chassis.db import Database
from chassis.signing import Signer
from services.finance.app import create_app
from services.finance.domain.feed import Cadence
from services.finance.domain.rows import canonical, csv_row, row_of
from services.finance.handlers import _enterprise, _title
from services.finance.migrations import MIGRATIONS
from services.finance.settings import Settings
from services.finance.store.queries import last_epoch
from services.finance.worker import Publisher
from tests.fixtures.identity import Identities
from tests.service.finance.world import card, record, uscc
from tests.support.postgres import running_server

SNAPSHOT = "/api/finance/v1/whitelist/snapshot"
COLUMNS = (
    "uscc", "name", "title", "title_label", "title_id", "type", "reason", "effective_on", "changed", "line", "csv_line",
    "occurred_at", "correlation_id", "traceparent",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    given = parser.parse_args()
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        server.create("feed_rebuild")
        db = Database(server.url_for("feed_rebuild"), name="load", pool_size=10)
        try:
            MIGRATIONS.upgrade(db)
            measure(db, Path(folder), given.rows, given.requests)
        finally:
            db.close()
            server.drop("feed_rebuild")


def measure(db: Database, folder: Path, rows: int, requests: int) -> None:
    publisher = Publisher(db, Signer(OKPKey.generate_key("Ed25519")), Cadence(0.0, 0.0), 1000)
    took("append", rows, lambda: append(db, rows))
    took("number and apply", rows, lambda: drain(publisher))
    took("cut the epoch", rows, publisher._cut)
    with db.reading() as tx:
        epoch = last_epoch(tx)
        assert epoch is not None
        manifest = json.loads(epoch.manifest)
    sizes = {(file["format"], file["encoding"]): file["bytes"] for file in manifest["files"] if not file["bom"]}
    for (form, encoding), size in sizes.items():
        print(f"{form:7}{encoding:9}{size:>14,} bytes  {size / sizes[form, 'identity']:.3f} of plain")
    identities = Identities(folder)
    settings = Settings(environment="local", database_url=SecretStr(db.url), identity_key_file=identities.public_file)
    headers = identities.headers(roles=["bank"], scopes=["whitelist:read"], areas=[])
    headers["Accept-Encoding"] = "gzip"
    files = Starlette(routes=[Mount("/", StaticFiles(directory=folder))])
    with serving(create_app(settings, db)) as feed, serving(files) as static:
        body = fetch(feed, SNAPSHOT, headers)
        (folder / "snapshot.gz").write_bytes(body)
        limit = rate("static file", requests, lambda: fetch(static, "/snapshot.gz", {}))
        found = rate("snapshot", requests, lambda: fetch(feed, SNAPSHOT, headers))
        unchanged = {**headers, "If-None-Match": f'"{manifest["files"][1]["sha256"]}"'}
        rate("304", requests, lambda: fetch(feed, SNAPSHOT, unchanged, status=304))
        print(f"snapshot / static file = {found / limit:.2f}")


def append(db: Database, rows: int) -> None:
    """N titles of N enterprises, decided and waiting for their numbers."""
    now = clock.now()

    def lines() -> Iterator[tuple[object, ...]]:
        for each in range(rows):
            code, told = uscc(each), record(f"{each:08d}")
            row = row_of(_enterprise(card(code)), _title(told, "valid"))
            yield (
                code, f"宿州示例{each}有限公司", told.title, told.title_label, told.title_id, "entered",
                "title_recorded", told.announced_on, [], canonical(row), csv_row(row), now, "load", "00-0-0-01",
            )  # fmt: skip

    with db.transaction(timeout_seconds=0) as tx:
        tx.copy("whitelist_changes", COLUMNS, lines())


def drain(publisher: Publisher) -> None:
    while publisher.number():
        pass


def took(what: str, rows: int, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    print(f"{what:18}{rows:>10,} rows{seconds:>8.2f} s{rows / seconds:>12,.0f} rows/s", flush=True)


def rate(what: str, requests: int, work: Callable[[], bytes]) -> float:
    work()
    started = time.perf_counter()
    size = sum(len(work()) for _ in range(requests))
    seconds = time.perf_counter() - started
    print(f"{what:18}{requests / seconds:>10,.0f} requests/s{size / seconds / 1e6:>10,.1f} MB/s", flush=True)
    return requests / seconds


@contextmanager
def serving(app: object) -> Iterator[http.client.HTTPConnection]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=120)
    try:
        yield connection
    finally:
        connection.close()
        server.should_exit = True
        thread.join()
        listener.close()


def fetch(server: http.client.HTTPConnection, path: str, headers: dict[str, str], status: int = 200) -> bytes:
    server.request("GET", path, headers=headers)
    answer = server.getresponse()
    body = answer.read()
    assert answer.status == status, body
    return body


if __name__ == "__main__":
    main()
