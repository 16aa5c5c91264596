"""A gateway on its own database, with a service behind it in both ways."""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from starlette.testclient import TestClient

from chassis.auth import IdentityVerifier
from chassis.db import Database
from gateway.app import create_app
from gateway.bootstrap import Credentials, bootstrap, create_demo_clients
from gateway.migrations import MIGRATIONS
from gateway.proxy.front import Front
from gateway.proxy.in_process import InProcess
from gateway.proxy.over_http import OverHttp
from gateway.proxy.upstream import Upstream
from gateway.settings import Settings
from gateway.store import secrets
from gateway.tokens.keys import KeyFiles, ensure_keys
from tests.fixtures.database import Templates
from tests.service.gateway.service import Service
from tests.service.gateway.serving import served

USCC = "91110000600037341L"


@pytest.fixture(autouse=True, scope="session")
def cheap_hashes() -> Iterator[None]:
    """argon2 at its lowest cost: what it costs is not what these tests are about."""
    patch = pytest.MonkeyPatch()
    patch.setattr(secrets, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield
    patch.undo()


@pytest.fixture
def db(templates: Templates) -> Iterator[Database]:
    with templates.copy("gateway", MIGRATIONS) as database:
        yield database


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    return ensure_keys(tmp_path_factory.mktemp("gateway-keys"))


Make = Callable[..., Front]


@pytest.fixture
def settings_of(db: Database, keys: KeyFiles) -> Callable[..., Settings]:
    def settings(**changes: Any) -> Settings:
        given: dict[str, Any] = {
            "environment": "local",
            "database_url": SecretStr(db.url),
            "identity_key_file": keys.public,
            "signing_key_file": keys.private,
        }
        return Settings(**(given | changes))

    return settings


@pytest.fixture
def make(db: Database, settings_of: Callable[..., Settings]) -> Make:
    """A gateway over these upstreams, with these settings."""

    def front(upstreams: Mapping[str, Upstream] | None = None, **changes: Any) -> Front:
        return create_app(settings_of(**changes), db, upstreams or {})

    return front


@pytest.fixture
def client(make: Make) -> Iterator[TestClient]:
    """A gateway without services, for what it answers itself."""
    with TestClient(make(), raise_server_exceptions=False) as found:
        yield found


@pytest.fixture
def demo(db: Database) -> dict[str, Credentials]:
    """client id → credentials of a demonstration client."""
    made = create_demo_clients(db, environment="local", commissioner="C001", uscc=USCC)
    return {each.credentials.client_id: each.credentials for each in made}


@pytest.fixture
def installer(db: Database, tmp_path: Path) -> Credentials:
    return bootstrap(db, tmp_path, "local")


def basic(credentials: Credentials) -> dict[str, str]:
    pair = f"{credentials.client_id}:{credentials.client_secret}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def token_of(client: Any, credentials: Credentials, **form: str) -> str:
    """An access token through the token endpoint."""
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials", **form}, headers=basic(credentials))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def bearer(client: Any, credentials: Credentials, **form: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(client, credentials, **form)}"}


class Behind:
    """A gateway on a real port before the test service, in one of the two ways."""

    def __init__(self, url: str, front: Front, service: Service) -> None:
        self.url = url
        self.front = front
        self.seen = service.seen

    def in_hand(self) -> int:
        """Requests that the gateway is still working on."""
        return sum(self.front._in_hand._counts.values())

    def release_later(self, seconds: float) -> None:
        """Let the service's waiting routes go on after a while."""
        timer = threading.Timer(seconds, self.seen.go.set)
        timer.daemon = True
        timer.start()

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=15, **options)


@pytest.fixture(params=["in-process", "over-http"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def behind(kind: str, make: Make, db: Database, keys: KeyFiles) -> Iterator[Callable[..., Behind]]:
    """Starts a gateway before the test service; settings may be given."""
    with ExitStack() as stack:

        def start(**changes: Any) -> Behind:
            service = Service(db, IdentityVerifier.from_file(keys.public, "registry"))
            upstream: Upstream = (
                InProcess(service) if kind == "in-process" else OverHttp(stack.enter_context(served(service)))
            )
            front = make({"registry": upstream}, **changes)
            return Behind(stack.enter_context(served(front)), front, service)

        yield start


@pytest.fixture
def wrong_secret() -> str:
    return secrets.new_secret()


@pytest.fixture
def suite(behind: Callable[..., Behind]) -> Behind:
    return behind()


@pytest.fixture
def officer(suite: Behind, demo: dict[str, Credentials]) -> Iterator[httpx.Client]:
    with suite.client() as client:
        client.headers.update(bearer(client, demo["demo-officer-3413"]))
        yield client
