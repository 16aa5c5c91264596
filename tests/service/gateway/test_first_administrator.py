"""The first client of an installation: made by an operator, once."""

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from chassis.db import Database
from chassis.plumbing import AuditRow
from gateway.bootstrap import Credentials, create_first_administrator, renew_administrator
from gateway.domain.errors import AdministratorExists, NoAdministrator
from gateway.store.tables import SecretRow
from tests.service.gateway.conftest import Make, basic, bearer

GRANT = {"grant_type": "client_credentials"}


def test_the_first_administrator_registers_the_others(make: Make, db: Database) -> None:
    made = create_first_administrator(db, "platform-admin")
    bank = {"client_id": "bank-a", "name": "示例银行", "role": "bank", "institution": "bank-a"}
    with TestClient(make(environment="production")) as client:
        answer = client.post("/api/gateway/v1/clients", json=bank, headers=bearer(client, made))
        assert answer.status_code == 201, answer.text
        given = Credentials("bank-a", answer.json()["client_secret"])
        assert client.post("/oauth/token", data=GRANT, headers=basic(given)).status_code == 200


def test_it_is_made_once_and_only_its_hash_is_kept(db: Database) -> None:
    made = create_first_administrator(db, "platform-admin")
    with pytest.raises(AdministratorExists, match="platform-admin"):
        create_first_administrator(db, "another-admin")
    with db.reading() as tx:
        kept = tx.session.scalars(select(SecretRow.hash)).all()
        audited = tx.session.scalars(select(AuditRow.action)).all()
    assert len(kept) == 1
    assert made.client_secret not in kept[0]
    assert audited == ["audit-log-opened", "client-created"]


def test_a_lost_secret_is_renewed_and_the_old_one_ends(make: Make, db: Database) -> None:
    old = create_first_administrator(db, "platform-admin")
    new = renew_administrator(db, "platform-admin")
    with TestClient(make()) as client:
        assert client.post("/oauth/token", data=GRANT, headers=basic(old)).status_code == 401
        assert client.post("/oauth/token", data=GRANT, headers=basic(new)).status_code == 200


def test_only_an_administrator_is_renewed(db: Database, demo: dict[str, Credentials]) -> None:
    with pytest.raises(NoAdministrator):
        renew_administrator(db, "demo-bank")
    with pytest.raises(NoAdministrator):
        renew_administrator(db, "nobody-at-all")
