"""A database that lets nobody in, or is not there: each command says which, why and what to mend, and ends."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from peiyu import parts, secret_files
from peiyu.databases import BY_URL, DatabaseServer, WrongPassword, enter, let_in
from peiyu.embedded import EmbeddedPostgres
from peiyu.refusals import CannotRun

RIGHT, WRONG = "rightly-so-1", "wrongly-so-2"


@pytest.fixture(scope="module")
def guarded() -> Iterator[int]:
    """The port of a server that asks for passwords, with a role and a database for each part."""
    home = Path(tempfile.mkdtemp(prefix="peiyu-embedded-", dir="/tmp"))
    home.chmod(0o711)
    port = free_port()
    server = EmbeddedPostgres(
        home / "home", overrides={"fsync": "off", "listen_addresses": "127.0.0.1", "port": str(port)}
    )
    try:
        server.start()
        url = DatabaseServer(server.url("postgres")).libpq_url() + f"&port={port}"
        with psycopg.connect(url, autocommit=True) as connection:
            for part in parts.PARTS:
                connection.execute(f"CREATE ROLE peiyu_{part} LOGIN PASSWORD '{RIGHT}'".encode())
                connection.execute(f"CREATE DATABASE peiyu_{part} OWNER peiyu_{part}".encode())
        yield port
    finally:
        server.stop("immediate")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    secret_files.make(folder, ["localhost"])
    for part in parts.PARTS:
        password(folder, part, RIGHT)
    return folder


def password(secrets: Path, part: str, text: str) -> None:
    file = secrets / f"{part}-database-password"
    file.chmod(0o600)
    file.write_text(text)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def peiyu(secrets: Path, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    keys = {
        "PEIYU_HOME": str(secrets / "nothing-here"),
        "PEIYU_BUS_URL": "kafka://127.0.0.1:9",
        "PEIYU_IDENTITY_KEY_FILE": str(secrets / "gateway.pub.pem"),
        "PEIYU_SIGNING_KEY_FILE": str(secrets / "gateway.key"),
        "PEIYU_RECORD_KEY_FILE": str(secrets / "record-key.pem"),
        "PEIYU_FEED_KEY_FILE": str(secrets / "feed-key.pem"),
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PEIYU_")}
    return subprocess.run(
        [sys.executable, "-m", "peiyu", *arguments],
        cwd=parts.ROOT, env={**environment, **keys, **given}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def refused(ran: subprocess.CompletedProcess[str], *said: str) -> None:
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.splitlines()) == 2, ran.stderr
    for each in said:
        assert each in ran.stderr.splitlines()[0]
    assert RIGHT not in ran.stderr
    assert WRONG not in ran.stderr


def test_prepare_names_the_part_the_host_and_the_file(guarded: int, secrets: Path) -> None:
    password(secrets, "registry", WRONG)
    ran = peiyu(secrets, "prepare", f"127.0.0.1:{guarded}", PEIYU_SECRETS_DIR=str(secrets))
    refused(ran, "registry 的数据库", f"127.0.0.1:{guarded}", "密码错误", str(secrets / "registry-database-password"))


def test_prepare_says_that_nobody_is_there(secrets: Path) -> None:
    port = free_port()
    ran = peiyu(secrets, "prepare", f"127.0.0.1:{port}", PEIYU_SECRETS_DIR=str(secrets))
    refused(ran, "registry 的数据库", f"127.0.0.1:{port}", "无法连接", "peiyu prepare 后面的地址")


@pytest.mark.parametrize(
    ("part", "command"),
    [
        ("registry", ["migrate", "registry"]),
        ("finance", ["audit", "verify", "finance"]),
        ("notification", ["dlq", "list", "notification"]),
        ("registry", ["outbox", "resend", "registry"]),
        ("gateway", ["admin", "somebody"]),
        ("eligibility", ["assess"]),
        ("notification", ["serve", "notification", "--port", "0"]),
        ("finance", ["work", "finance"]),
    ],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_every_command_says_that_the_password_is_wrong(
    guarded: int, secrets: Path, part: str, command: list[str]
) -> None:
    url = f"postgresql+psycopg://peiyu_{part}:{WRONG}@127.0.0.1:{guarded}/peiyu_{part}"
    refused(peiyu(secrets, *command, PEIYU_DATABASE_URL=url), f"{part} 的数据库", "密码错误", "PEIYU_DATABASE_URL")


def test_a_password_from_a_file_is_mended_there(guarded: int, secrets: Path) -> None:
    file = secrets / "peiyu_database_password"
    file.write_text(WRONG)
    url = f"postgresql+psycopg://peiyu_registry@127.0.0.1:{guarded}/peiyu_registry"
    ran = peiyu(secrets, "dlq", "list", "registry", PEIYU_DATABASE_URL=url, PEIYU_SECRETS_DIR=str(secrets))
    refused(ran, "密码错误", str(file))
    file.unlink()
    refused(peiyu(secrets, "dlq", "list", "registry", PEIYU_DATABASE_URL=url), "没有给出密码")


def test_what_else_the_server_refuses_is_said_in_its_words(guarded: int, secrets: Path) -> None:
    url = f"postgresql+psycopg://peiyu_registry:{RIGHT}@127.0.0.1:{guarded}/peiyu_nothing"
    ran = peiyu(secrets, "dlq", "list", "registry", PEIYU_DATABASE_URL=url)
    refused(ran, "拒绝登录", 'database "peiyu_nothing" does not exist')
    assert "密码错误" not in ran.stderr


def test_a_process_that_outlives_its_database_waits_for_it(guarded: int) -> None:
    """A server that is away may come back; a wrong password does not become right by waiting."""
    let_in("registry", f"postgresql+psycopg://peiyu_registry:{RIGHT}@127.0.0.1:{free_port()}/peiyu_registry", BY_URL)
    let_in("registry", f"postgresql+psycopg://peiyu_registry:{RIGHT}@127.0.0.1:{guarded}/peiyu_registry", BY_URL)
    with pytest.raises(WrongPassword):
        let_in("registry", f"postgresql+psycopg://peiyu_registry:{WRONG}@127.0.0.1:{guarded}/peiyu_registry", BY_URL)


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(CannotRun, match="数据库地址写得不对") as refusal:
        enter("registry", f"postgresql+psycopg://peiyu:{WRONG}@[::1/peiyu", BY_URL)
    assert WRONG not in str(refusal.value)
