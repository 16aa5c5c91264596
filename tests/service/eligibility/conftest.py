"""Eligibility with its packs on a database of its own, and events as the registry sends them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.auth import Actor
from chassis.db import Database
from chassis.migrate import Migrations
from contracts.events.registry import (
    EnterpriseCard,
    EnterpriseRegistered,
    FactsRecorded,
    PeriodFacts,
    TitleCard,
    TitleRecorded,
    TitleRenewed,
)
from peiyu.documents.maps import dictionary, packs
from services.eligibility.app import create_app
from services.eligibility.domain.catalog import Catalog
from services.eligibility.handlers import remember_enterprise, remember_facts, remember_title
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import prepare, read_codes, read_sizes
from services.eligibility.settings import Settings
from services.eligibility.use_cases.assess_pending import assess_pending
from services.eligibility.use_cases.screen_batch import screen_batch
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities
from tests.service.eligibility.rules import Office

USCC = "91341302MA2N0C3K5X"
YEAR = clock.today().year - 1

INNOVATIVE: dict[int, dict[str, Any]] = {
    0: {
        "registered_in_prc": True, "legal_person": True, "abnormal_list": False, "dishonest_list": False,
        "prohibited_product": False, "accidents": [], "science_awards": [], "honors": [], "rd_institutions": [],
        "equity_financing": [], "ip_class1_high_value_count": 0, "ip_class1_own_count": 1, "ip_class1_count": 1,
        "ip_class2_count": 3, "lead_product_in_sei": True,
    },
    YEAR: {
        "revenue_yuan": "32000000.00", "main_revenue_yuan": "28000000.00", "rd_expense_yuan": "1600000.00",
        "total_assets_yuan": "40000000.00", "total_liabilities_yuan": "16000000.00", "headcount": 85,
    },
    YEAR - 1: {"revenue_yuan": "27000000.00", "main_revenue_yuan": "24000000.00", "rd_expense_yuan": "1200000.00"},
}  # fmt: skip
"""Facts of an enterprise that reaches 创新型 by its score."""

SPECIALIZED: dict[int, dict[str, Any]] = {
    0: INNOVATIVE[0] | {"ip_class1_applied_count": 2},
    YEAR: INNOVATIVE[YEAR] | {"segment_years": "5", "main_revenue_yuan": "30000000.00"},
    YEAR - 1: INNOVATIVE[YEAR - 1],
    YEAR + 1: {"development_score": "62"},
}
"""Facts of an enterprise that lacks nothing for 专精特新 but the title before and the authority's finding."""


def card(uscc: str = USCC, **changed: Any) -> EnterpriseCard:
    given: dict[str, Any] = {
        "uscc": uscc, "name": "（合成样例）宿州某某机械有限公司", "district_code": "341302", "industry_code": "3484",
        "size_class": "small", "status": "active", "synthetic": True,
    }  # fmt: skip
    return EnterpriseCard(**(given | changed))


def facts(periods: dict[int, dict[str, Any]], *, version: int = 2, uscc: str = USCC) -> FactsRecorded:
    sources = {"development_score": "official_platform", "market_position_leading": "official_finding"}
    return FactsRecorded(
        uscc=uscc,
        version=version,
        changed=tuple(sorted({name for values in periods.values() for name in values})),
        periods=tuple(
            PeriodFacts(
                fiscal_year=year,
                facts={
                    name: {"value": value, "source": sources.get(name, "audit_report"), "as_of": f"{YEAR}-12-31",
                           "recorded_at": "2026-03-01T00:00:00+00:00"}
                    for name, value in values.items()
                },
            )
            for year, values in periods.items()
        ),
    )  # fmt: skip


def title(code: str, *, version: int = 3, title_id: str = "t1", uscc: str = USCC, **changed: Any) -> TitleRecorded:
    given: dict[str, Any] = {
        "title_id": title_id, "title": code, "title_label": code, "state": "valid",
        "valid_from": dt.date(YEAR, 1, 1), "valid_to": dt.date(YEAR + 3, 1, 1),
    }  # fmt: skip
    return TitleRecorded(uscc=uscc, version=version, record=TitleCard(**(given | changed)), enterprise=card(uscc))


def titles_with_rules(district: str = "341302") -> set[str]:
    """The titles whose shipped packs serve new applications of today in a district."""
    serving = [pack for pack in packs() if pack.in_force(clock.today(), "new") and pack.serves(district)]
    return {pack.title for pack in serving}


@dataclass(frozen=True)
class Prepared(Migrations):
    """Migrations that seed the packs too, so that each test copies them instead of compiling every one."""

    settings: Settings

    def upgrade(self, db: Database) -> None:
        super().upgrade(db)
        prepare(self.settings, db)


def events(db: Database) -> list[dict[str, Any]]:
    """The payloads of everything announced, in order."""
    with db.reading() as tx:
        return [row[0] for row in tx.session.execute(text("SELECT payload FROM outbox ORDER BY id"))]


class Eligibility:
    """The service, driven by events and HTTP."""

    def __init__(self, db: Database, settings: Settings, catalog: Catalog) -> None:
        self.db = db
        self.catalog = catalog
        self.sizes = read_sizes(settings, catalog.dictionary)
        self.codes = read_codes(settings, catalog.dictionary)

    def tell(self, *events: Any) -> None:
        """Each event in a transaction of its own, as the bus delivers it."""
        for event in events:
            with self.db.transaction() as tx:
                if isinstance(event, FactsRecorded):
                    remember_facts(tx, event)
                elif isinstance(event, TitleRecorded | TitleRenewed):
                    remember_title(tx, event)
                else:
                    remember_enterprise(tx, event)

    def assess(self) -> int:
        """As the worker does it; how many of those who waited are done."""
        before = self._waiting()
        while self.assess_once():
            pass
        return before - self._waiting()

    def assess_once(self) -> int:
        """One turn of the worker; how many it took."""
        with self.db.transaction() as tx:
            taken = assess_pending(tx, self.catalog, self.sizes, 100)
        if taken:
            return taken
        with self.db.transaction() as tx:
            return screen_batch(tx, self.catalog, self.sizes, 100)

    def _waiting(self) -> int:
        with self.db.reading() as tx:
            return tx.session.scalar(text("SELECT count(*) FROM pending_assessments")) or 0


@pytest.fixture
def settings(identities: Identities) -> Settings:
    return Settings(environment="local", database_url="postgresql://unused", identity_key_file=identities.public_file)


@pytest.fixture
def db(templates: Templates, settings: Settings) -> Iterator[Database]:
    with templates.copy(
        "eligibility_prepared", Prepared(MIGRATIONS.folder, MIGRATIONS.metadata, settings=settings)
    ) as database:
        yield database


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Compiles each pack once for all tests: the key is its content."""
    return Catalog(dictionary(), "test")


@pytest.fixture
def eligibility(db: Database, settings: Settings, catalog: Catalog) -> Eligibility:
    return Eligibility(db, settings, catalog)


@pytest.fixture
def client(db: Database, settings: Settings, identities: Identities, catalog: Catalog) -> TestClient:
    app = create_app(settings, db)
    app.state.catalog = catalog
    headers = identities.headers(scopes=["assessments:read", "assessments:run"])
    return TestClient(app, raise_server_exceptions=False, headers=headers)


@pytest.fixture
def office(client: TestClient, identities: Identities, eligibility: Eligibility) -> Office:
    """An official who answers for the whole installation."""
    scopes = frozenset({"assessments:read", "assessments:run", "policies:write"})
    actor = Actor("test-officer", "test-officer", frozenset({"officer"}), scopes, ("*",))
    client.headers["Peiyu-Identity"] = identities.token(actor, lifetime_seconds=600)  # a whole life takes its time
    return Office(client, eligibility)


def registered(uscc: str = USCC, **changed: Any) -> EnterpriseRegistered:
    return EnterpriseRegistered(uscc=uscc, version=1, enterprise=card(uscc, **changed))


def rows(db: Database, table: str = "assessments") -> int:
    with db.reading() as tx:
        return int(tx.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
