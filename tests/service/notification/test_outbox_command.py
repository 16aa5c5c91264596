"""`peiyu outbox resend`: what an operator is told, and what is refused."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from chassis import clock
from chassis.db import Database
from contracts.events.registry import EnterpriseRegistered
from peiyu.cli import app
from tests.fixtures.identity import Identities
from tests.service.notification.conftest import registered, uscc

TOPIC = EnterpriseRegistered.topic


@pytest.fixture
def sent(db: Database, identities: Identities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Three events that were sent an hour ago, in a database that the environment names as in production."""
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path / "nothing-here"))
    monkeypatch.setenv("PEIYU_ENVIRONMENT", "local")
    monkeypatch.setenv("PEIYU_DATABASE_URL", db.url)
    monkeypatch.setenv("PEIYU_IDENTITY_KEY_FILE", str(identities.public_file))
    with db.transaction() as tx:
        for number in range(3):
            tx.emit(registered(uscc(number)))
        tx.flush()
        tx.session.execute(text("UPDATE outbox SET sent_at = now() - interval '1 hour'"))
    return db


def resend(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["outbox", "resend", *arguments])


def unsent(db: Database) -> int:
    with db.reading() as tx:
        return int(tx.session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")) or 0)


def test_it_says_how_many_of_what_and_since_when(sent: Database) -> None:
    dry = resend("notification", "--hours", "2", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert f"{TOPIC}：3 条" in dry.output
    assert "将重发 3 条" in dry.output
    assert unsent(sent) == 0

    ran = resend("notification", "--since", (clock.now() - dt.timedelta(hours=2)).isoformat())
    assert ran.exit_code == 0, ran.output
    assert "已标记重发 3 条，最早的发送于 " in ran.output
    assert "按事件编号去重" in ran.output
    assert unsent(sent) == 3
    assert "没有要重发的" in resend("notification").output


def test_a_moment_without_a_zone_is_one_of_beijing(sent: Database) -> None:
    here = clock.now().astimezone(clock.SHANGHAI).replace(tzinfo=None)
    assert (
        "将重发 3 条"
        in resend("notification", "--dry-run", "--since", (here - dt.timedelta(minutes=61)).isoformat()).output
    )
    assert (
        "没有要重发的"
        in resend("notification", "--dry-run", "--since", (here - dt.timedelta(minutes=59)).isoformat()).output
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "没有 nobody 这个服务"),
        (["gateway"], "没有 gateway 这个服务，或它不发送事件"),
        (["all"], "没有 all 这个服务"),
        (["notification", "--since", "2999-01-01"], "在将来"),
        (["notification", "--hours", "-1"], "在将来"),
        (["notification", "--hours", "169"], "最早可以从"),
        (["notification", "--topic", "registry.nothing"], "没有 registry.nothing 这个主题"),
    ],
)
def test_what_cannot_be_is_refused(sent: Database, arguments: list[str], said: str) -> None:
    ran = resend(*arguments)
    assert said in str(ran.exception)
    assert unsent(sent) == 0


@pytest.mark.parametrize("arguments", [["--since", "yesterday"], ["--since", "2026-01-01", "--hours", "1"]])
def test_what_cannot_be_read_is_a_wrong_use(sent: Database, arguments: list[str]) -> None:
    assert resend("notification", *arguments).exit_code == 2
