"""What a database is prepared with: tables as in code, packs once, changed files as drafts."""

from typing import Any

from starlette.testclient import TestClient

from chassis.db import Database
from services.eligibility.app import PREFIX
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.prepare import prepare
from services.eligibility.settings import Settings
from tests.service.eligibility.conftest import (
    rows,
)


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []


def test_seeding_twice_adds_nothing_and_a_changed_file_becomes_a_draft(
    db: Database, settings: Settings, client: TestClient, tmp_path: Any
) -> None:
    before = rows(db, "policy_packs")
    prepare(settings, db)
    assert rows(db, "policy_packs") == before
    for path in settings.policies_folder.glob("*.yaml"):
        body = path.read_text("utf-8")
        changed = path.name == "miit-63-2022-innovative.yaml"
        edited = body.replace('total: ">= 60 分"', 'total: ">= 61 分"') if changed else body
        assert changed == (edited != body)
        (tmp_path / path.name).write_text(edited, "utf-8")
    prepare(settings.model_copy(update={"policies_folder": tmp_path}), db)
    packs = client.get(f"{PREFIX}/packs").json()
    states = [each["state"] for each in packs if each["id"] == "miit-63-2022-innovative"]
    assert sorted(states) == ["active", "draft"], "versions are listed by hash"
    assert rows(db, "policy_packs") == before + 1
    active = next(each for each in packs if each["state"] == "active")
    source = client.get(f"{PREFIX}/packs/{active['sha256']}/source")
    assert source.headers["etag"] == f'"{active["sha256"]}"'
    assert client.get(source.request.url.path, headers={"If-None-Match": source.headers["etag"]}).status_code == 304
