"""`peiyu dlq`: what an operator sees of a message that could not be acted upon, and how it is run again."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from chassis import clock, dead_letters, ids
from chassis.bus import Envelope, Received, encode
from chassis.db import Database
from contracts.events.registry import EnterpriseRegistered
from peiyu.cli import app
from services.notification.store.tables import EnterpriseRow
from tests.fixtures.identity import Identities
from tests.service.notification.conftest import registered, uscc


@pytest.fixture
def letter(
    db: Database, identities: Identities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> EnterpriseRegistered:
    """A dead letter in notification's database, which the environment names as in production."""
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path / "nothing-here"))
    monkeypatch.setenv("PEIYU_ENVIRONMENT", "local")
    monkeypatch.setenv("PEIYU_DATABASE_URL", db.url)
    monkeypatch.setenv("PEIYU_IDENTITY_KEY_FILE", str(identities.public_file))
    event = registered(uscc(1))
    envelope = Envelope(
        id=str(ids.new_id()), type=event.type, source="/peiyu/registry", subject=event.key, time=clock.now(),
        correlation_id="a-correlation", traceparent="",
    )  # fmt: skip
    message = encode(event.topic, event.key, envelope, event.model_dump_json().encode())
    received = Received(event.topic, 0, 7, message.key, message.value, message.headers)
    with db.transaction() as tx:
        dead_letters.keep(tx, "notification", received, envelope, "RuntimeError: 示例原因\nsecond line", attempts=3)
    return event


def dlq(*arguments: str) -> Result:
    ran = CliRunner().invoke(app, ["dlq", *arguments])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.output
    return ran


def test_a_letter_is_listed_shown_and_run_again(db: Database, letter: EnterpriseRegistered) -> None:
    listed = dlq("list", "notification")
    assert listed.exit_code == 0
    assert letter.type in listed.output
    assert "RuntimeError: 示例原因" in listed.output
    assert "second line" not in listed.output
    number = listed.output.split()[0]

    shown = json.loads(dlq("show", "notification", number).output)
    assert (shown["id"], shown["attempts"], shown["offset"]) == (int(number), 3, 7)
    assert json.loads(shown["payload"])["uscc"] == letter.uscc

    assert "已重放" in dlq("redrive", "notification", number).output
    with db.reading() as tx:
        assert tx.session.scalars(select(EnterpriseRow.uscc)).all() == [letter.uscc]
    assert "此前已重放" in dlq("redrive", "notification", number).output
    assert dlq("list", "notification").output.strip() == "没有死信。"
    assert "（已重放）" in dlq("list", "notification", "--redriven").output


def test_all_letters_are_run_again_and_what_still_fails_is_said(db: Database, letter: EnterpriseRegistered) -> None:
    with db.transaction() as tx:
        dead_letters.keep(tx, "notification", Received("t", 0, 8, "k", b"", ()), None, "不可识别", attempts=1)
    ran = dlq("redrive", "notification", "--all")
    assert ran.exit_code == 1
    assert "已重放" in ran.output
    assert "仍然失败" in ran.output
    assert "不可识别" in dlq("list", "notification").output
