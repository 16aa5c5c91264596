"""A registry on its own database, with the reference tables loaded; helpers to upload files and run their jobs."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.feed import Sequence as Feed
from chassis.jobs import JobRunner
from chassis.migrate import Migrations
from services.registry.app import create_app
from services.registry.domain.items import ItemKinds
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.uscc import check_digit, organization_check_digit
from services.registry.jobs import export_job, import_job
from services.registry.migrations import MIGRATIONS
from services.registry.prepare import prepare
from services.registry.settings import Settings
from services.registry.store.knowledge import load_knowledge
from services.registry.store.search_index import follow
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities

PREFIX = "/api/registry/v1"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
ALL_SCOPES = (
    "enterprises:read",
    "enterprises:write",
    "requests:write",
    "requests:decide",
    "facts:write",
    "findings:write",
    "titles:write",
    "items:write",
    "pool:read",
    "pool:write",
    "imports:write",
    "imports:read",
    "changes:read",
    "programmes:read",
    "programmes:write",
    "programmes:report",
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Prepared(Migrations):
    """Migrations that load the reference tables too, so that each test copies them instead of loading them."""

    def upgrade(self, db: Database) -> None:
        super().upgrade(db)
        prepare(db)


def uscc(number: int) -> str:
    """A sound credit code that no enterprise has, different for each number."""
    organization = f"{number:08d}"
    first = f"91341302{organization}{organization_check_digit(organization)}"
    return first + check_digit(first)


class Everything:
    """May do anything."""

    def to_enterprise(self, uscc: str, district_code: str | None, version: int) -> None: ...

    def to_area(self, district_code: str | None) -> None: ...


@pytest.fixture(scope="module")
def database(templates: Templates) -> Iterator[Database]:
    with templates.copy("registry_prepared", Prepared(MIGRATIONS.folder, MIGRATIONS.metadata)) as copied:
        yield copied


@pytest.fixture
def db(database: Database) -> Database:
    """The module's database, emptied: copying one for each test costs ten times as much."""
    kept = {"regions", "former_regions", "industries", "reference_loads", "programmes"}
    tables = [table.name for metadata in MIGRATIONS.metadata for table in metadata.sorted_tables]
    emptied = ", ".join(f'"{name}"' for name in tables if name not in kept)
    with database.transaction() as tx:
        tx.session.execute(text(f"TRUNCATE {emptied} RESTART IDENTITY"))
    return database


@pytest.fixture(scope="session")
def settings(identities: Identities) -> Settings:
    return Settings(
        environment="local",
        database_url="postgresql://unused",  # type: ignore[arg-type]
        identity_key_file=identities.public_file,
    )


@pytest.fixture(scope="session")
def knowledge(settings: Settings) -> Knowledge:
    return load_knowledge(settings.facts_folder, settings.size_rules_file)


@dataclass
class Registry:
    """The application, called as some actor, and its worker's jobs."""

    db: Database
    client: TestClient
    identities: Identities
    knowledge: Knowledge
    max_rows: int = 200_000

    @property
    def item_kinds(self) -> ItemKinds:
        kinds: ItemKinds = self.client.app.state.item_kinds  # type: ignore[attr-defined]
        return kinds

    def headers(self, **actor: Any) -> dict[str, str]:
        return self.identities.headers(**{"scopes": ALL_SCOPES, **actor})

    def call(self, method: str, path: str, *, as_: Mapping[str, Any] | None = None, **options: Any) -> Any:
        headers = {**self.headers(**(as_ or {})), **options.pop("headers", {})}
        return self.client.request(method, PREFIX + path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json=json, **options)

    def register(self, number: int, **fields: Any) -> str:
        """Register a synthetic enterprise in 宿州市埇桥区; its code."""
        code = uscc(number)
        body = {"uscc": code, "name": f"测试企业{number}有限公司", "district_code": "341302", **fields}
        answer = self.post("/enterprises", body)
        assert answer.status_code == 201, answer.text
        return code

    def ask(self, code: str, fields: dict[str, Any], *, as_: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Ask for a change by a document; the answer."""
        body = {"fields": fields, "reason": "登记机关已核准", "evidence": [{"title": "登记通知书"}], **more}
        return self.post(f"/enterprises/{code}/change-requests", body, as_=as_ or {"subject": "clerk-1"})

    def change(self, code: str, **fields: Any) -> None:
        """Change fields as two officials do: one asks, the other approves where that is needed."""
        filed = self.ask(code, fields)
        assert filed.status_code == 201, filed.text
        if filed.json()["state"]["code"] == "open":
            path = f"/change-requests/{filed.json()['request_id']}/approve"
            answer = self.post(path, {}, as_={"subject": "clerk-2"})
            assert answer.json()["state"]["code"] == "approved", answer.text

    def upload(
        self,
        kind: str,
        content: bytes,
        *,
        name: str = "file.xlsx",
        as_: Mapping[str, Any] | None = None,
        expect: int = 202,
        **form: Any,
    ) -> dict[str, Any]:
        """Upload a file; the answer."""
        fields = {"kind": kind, **{key: str(value) for key, value in form.items()}}
        answer = self.call("POST", "/imports", as_=as_, data=fields, files={"file": (name, content, XLSX)})
        assert answer.status_code == expect, answer.text
        return dict(answer.json())

    def run(self, kind: str, content: bytes, **options: Any) -> dict[str, Any]:
        """Upload a file and run its job; the finished import."""
        import_id = self.upload(kind, content, **options)["id"]
        self.work()
        return dict(self.get(f"/imports/{import_id}").json())

    def work(self) -> None:
        jobs = (import_job(self.knowledge, self.item_kinds, self.max_rows), export_job(self.max_rows))
        runner = JobRunner(self.db, {job.name: job for job in jobs})
        while runner.run_once():
            pass

    def problems(self, done: Mapping[str, Any], severity: str = "error") -> list[dict[str, Any]]:
        page = self.get(f"/imports/{done['id']}/errors", params={"severity": severity, "limit": 200}).json()
        return list(page["items"])

    def scalar(self, statement: str, **parameters: Any) -> Any:
        with self.db.reading() as tx:
            return tx.session.scalar(text(statement), parameters)

    def rows(self, statement: str, **parameters: Any) -> list[Any]:
        with self.db.reading() as tx:
            return list(tx.session.execute(text(statement), parameters))

    def events(self, type_: str | None = None) -> list[dict[str, Any]]:
        """Payloads in the outbox, in order."""
        rows = self.rows("SELECT type, payload FROM outbox ORDER BY id")
        return [row.payload for row in rows if type_ is None or row.type == f"registry.{type_}.v1"]

    def number_changes(self) -> int:
        with self.db.transaction() as tx:
            return Feed("changes").number(tx)

    def index_names(self) -> None:
        """What the worker does after every change: number the feed, and bring the index of names up to it."""
        self.number_changes()
        with self.db.transaction() as tx:
            while follow(tx):
                pass


@pytest.fixture
def registry(db: Database, settings: Settings, identities: Identities, knowledge: Knowledge) -> Registry:
    client = TestClient(create_app(settings, db), raise_server_exceptions=False)
    return Registry(db, client, identities, knowledge)


Sheets = Mapping[str, Sequence[Sequence[Any]]]


def xlsx(sheets: Sheets | Sequence[Sequence[Any]]) -> bytes:
    """A workbook of one or several sheets."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in (sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}).items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if hasattr(cell, "isoformat"):
                        sheet.write_datetime(row, column, cell, day)
                    elif isinstance(cell, str):
                        sheet.write_string(row, column, cell)
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return target.getvalue()


def csv(rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


@pytest.fixture(scope="session")
def real_companies_file() -> bytes:
    """2,000 real registrations of 2019, read where they lie and never copied."""
    path = SHARED / "reg2019_companies_dev_2000.csv"
    if not path.is_file():
        pytest.skip("the real test data is not beside this checkout (../shared/data)")
    return path.read_bytes()
