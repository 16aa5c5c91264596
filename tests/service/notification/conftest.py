"""Notification's own database and application, and the events of others as the consumer would hand them over."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select
from starlette.testclient import TestClient

from chassis import ids
from chassis.context import Context, using
from chassis.db import Database
from chassis.jobs import JobRunner
from chassis.plumbing import JobRow
from contracts.events.base import Event
from contracts.events.eligibility import AssessmentChanged
from contracts.events.finance import WhitelistChanged
from contracts.events.registry import EnterpriseCard, EnterpriseRegistered, EnterpriseUpdated, TitleCard, TitleRecorded
from services.notification.app import create_app
from services.notification.migrations import MIGRATIONS
from services.notification.settings import Settings
from services.notification.store.tables import AssignmentRow, CommissionerRow, EnterpriseRow, MessageRow
from services.notification.subscriptions import SUBSCRIPTIONS
from services.notification.use_cases.register_commissioner import register_commissioner
from services.notification.worker import jobs
from tests.fixtures.database import Templates
from tests.fixtures.identity import Identities

PREFIX = "/api/notification/v1"


def uscc(number: int) -> str:
    """A code in the shape of a 统一社会信用代码; notification leaves the check digit to the registry."""
    return f"91341300MA{number:07d}X"


def card(code: str, district: str | None = "341302", name: str | None = None) -> EnterpriseCard:
    return EnterpriseCard(
        uscc=code,
        name=name or f"宿州示例{code[10:17]}有限公司",
        district_code=district,
        district_name={"341302": "埇桥区", "341321": "砀山县", "321102": "京口区"}.get(district or ""),
        industry_code="3912",
        size_class="small",
        status="active",
        synthetic=True,
    )


def registered(code: str, district: str | None = "341302", *, version: int = 1) -> EnterpriseRegistered:
    return EnterpriseRegistered(uscc=code, version=version, enterprise=card(code, district))


def updated(code: str, district: str | None = "341302", *, version: int, name: str | None = None) -> EnterpriseUpdated:
    changed = ("name",) if name else ("district_code",)
    return EnterpriseUpdated(uscc=code, version=version, changed=changed, enterprise=card(code, district, name))


def assessed(code: str, verdict: str = "eligible", previous: str | None = None) -> AssessmentChanged:
    return AssessmentChanged(
        uscc=code,
        assessment_id=str(ids.new_id()),
        title="specialized_sme",
        title_label="专精特新中小企业",
        kind="new",
        verdict=verdict,
        previous=previous,
        route="评分",
        reasons=("总分 72.5，达到 60 分",),
        pack="miit-2-2026-specialized@1f2e3d4c5b6a",
        assessed_on=dt.date(2026, 3, 1),
    )


def titled(code: str, district: str | None = "341302", *, version: int) -> TitleRecorded:
    record = TitleCard(
        title_id=str(ids.new_id()),
        title="specialized_sme",
        title_label="专精特新中小企业",
        batch="2025 年第二批",
        document_number="皖经信企业函〔2025〕88号",
        issued_by="安徽省经济和信息化厅",
        announced_on=dt.date(2025, 12, 1),
        valid_from=dt.date(2025, 12, 1),
        valid_to=dt.date(2028, 11, 30),
        state="valid",
    )
    return TitleRecorded(uscc=code, version=version, record=record, enterprise=card(code, district))


def whitelisted(code: str, change: str = "entered", seq: int = 1) -> WhitelistChanged:
    return WhitelistChanged(
        uscc=code,
        name=f"宿州示例{code[10:17]}有限公司",
        title="specialized_sme",
        title_label="专精特新中小企业",
        title_id=str(ids.new_id()),
        change=change,
        reason="title_recorded",
        effective_on=dt.date(2025, 12, 1),
        seq=seq,
    )


@pytest.fixture
def db(templates: Templates) -> Iterator[Database]:
    with templates.copy("notification", MIGRATIONS) as database:
        yield database


@pytest.fixture
def settings(db: Database, identities: Identities) -> Settings:
    return Settings(
        environment="local",
        database_url=SecretStr(db.url),
        identity_key_file=identities.public_file,
        settle_batch=7,
    )


@dataclass
class Suite:
    """Everything a test does to notification and asks of it."""

    db: Database
    settings: Settings
    identities: Identities
    http: TestClient

    def tell(self, event: Event, event_id: uuid.UUID | None = None, correlation_id: str | None = None) -> uuid.UUID:
        """Hand `event` to its handlers in one transaction, as the consumer does after its inbox."""
        event_id = event_id or ids.new_id()
        here = Context(correlation_id=correlation_id or str(ids.new_id()), event_id=event_id)
        with using(here), self.db.transaction(here) as tx:
            for handler in SUBSCRIPTIONS[type(event)]:
                handler(tx, event)
        return event_id

    def commissioner(self, code: str, *areas: str, weight: str = "1") -> None:
        """Register a commissioner and let the job run."""
        with self.db.transaction() as tx:
            register_commissioner(tx, code=code, display_name=f"{code}专员", areas=areas, weight=Decimal(weight))
        self.run_jobs()

    def run_jobs(self) -> int:
        """Run every waiting job; how many."""
        runner = JobRunner(self.db, jobs(self.settings))
        count = 0
        while runner.run_once():
            count += 1
        with self.db.reading() as tx:
            failed = tx.session.scalars(select(JobRow.error).where(JobRow.state == "queued", JobRow.error.is_not(None)))
            assert list(failed) == []
        return count

    def officer(self, *areas: str) -> dict[str, str]:
        scopes = ["commissioners:read", "commissioners:write"]
        return self.identities.headers(roles=["officer"], scopes=scopes, areas=areas or ("*",), subject="officer")

    def as_commissioner(self, code: str | None) -> dict[str, str]:
        return self.identities.headers(
            roles=["commissioner"], scopes=["inbox:read"], areas=["34"], commissioner=code, subject=f"person-{code}"
        )

    def inbox(self, code: str, **query: Any) -> dict[str, Any]:
        response = self.http.get(f"{PREFIX}/inbox", params=query, headers=self.as_commissioner(code))
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def holders(self) -> dict[str, str]:
        """Enterprise → code of its active commissioner."""
        query = (
            select(AssignmentRow.uscc, CommissionerRow.code)
            .join(CommissionerRow, CommissionerRow.id == AssignmentRow.commissioner_id)
            .where(AssignmentRow.ended_at.is_(None))
        )
        with self.db.reading() as tx:
            rows = [(row[0], row[1]) for row in tx.session.execute(query)]
        assert len({code for code, _ in rows}) == len(rows)
        return dict(rows)

    def loads(self) -> dict[str, int]:
        """Commissioner → load as counted along; asserts that it equals the assignments there are."""
        with self.db.reading() as tx:
            counted = {row.code: row.load for row in tx.session.scalars(select(CommissionerRow))}
        held = list(self.holders().values())
        assert counted == {code: held.count(code) for code in counted}
        return counted

    def messages(self) -> list[MessageRow]:
        with self.db.reading() as tx:
            rows = list(tx.session.scalars(select(MessageRow).order_by(MessageRow.id)))
            tx.session.expunge_all()  # the end of a reading transaction would empty them
            return rows

    def wipe(self) -> None:
        """Forget everything, for the next example of a property test."""
        with self.db.transaction() as tx:
            for table in (MessageRow, AssignmentRow, EnterpriseRow, CommissionerRow):
                tx.session.execute(delete(table))


@pytest.fixture
def suite(db: Database, settings: Settings, identities: Identities) -> Suite:
    app = create_app(settings, db)
    return Suite(db, settings, identities, TestClient(app, raise_server_exceptions=False))
