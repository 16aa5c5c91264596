"""The production shape with one broker: its door, its databases, its containers, and journeys with kills."""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from peiyu.parts import PARTS, SERVICES
from tests.compose import restoring
from tests.compose.installation import Installation, brought_up
from tests.compose.load import Load
from tests.e2e.journey import Journey
from tests.e2e.suite import until
from tests.e2e.threads import on_the_thread, sentences

pytestmark = [pytest.mark.compose, pytest.mark.slow]

OURS = ["nginx", *(each for part in PARTS for each in (part, f"{part}-worker"))]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with brought_up("peiyu-test-one", ["docker-compose.yml"], "172.30.91.0/28") as found:
        yield found


def test_everything_is_healthy_and_the_preparation_has_ended(installation: Installation) -> None:
    for service in [*OURS, "postgres", "kafka"]:
        until(f"a healthy {service}", lambda service=service: installation.are_well(service))
    (prepared,) = installation.containers("prepare")
    assert installation.inspect(prepared)["State"]["ExitCode"] == 0


def test_the_door_speaks_https_and_sends_browsers_there(installation: Installation) -> None:
    led = httpx.get(f"{installation.plain_url}/docs?x=1")
    assert (led.status_code, led.headers["location"]) == (308, f"{installation.url}/docs?x=1")
    refused = httpx.post(f"{installation.plain_url}/oauth/token", data={"grant_type": "client_credentials"})
    assert refused.status_code == 403, "a secret sent in the clear is not led on"
    assert httpx.get(f"{installation.url}/health", verify=installation.trust).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{installation.url}/health")


def test_metrics_are_for_the_inner_network_alone(installation: Installation) -> None:
    with httpx.Client(base_url=installation.url, verify=installation.trust) as client:
        for path in ("/metrics", "/metrics/", "/%6detrics", "/metrics?name[]=x"):
            assert client.get(path).status_code == 404
    read = "import urllib.request as r; print(r.urlopen('http://{}/metrics').read().decode())"
    for address, figure in (
        ("gateway:9100", "peiyu_gateway_requests_total"),
        ("registry:8000", "peiyu_http_requests_total"),
    ):
        assert figure in installation.compose("exec", "-T", "finance", "python", "-c", read.format(address))
    direct = (
        "import urllib.request as r\n"
        "try: r.urlopen('http://gateway:8000/metrics')\n"
        "except r.HTTPError as e: print(e.code)"
    )
    assert installation.compose("exec", "-T", "finance", "python", "-c", direct).strip() == "404"


def test_an_upload_beyond_the_limit_is_refused_in_the_gateways_words(installation: Installation) -> None:
    with installation.client("officer") as officer:
        refused = officer.post("/api/registry/v1/imports", content=b"0" * (65 * 1024 * 1024))
    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")


def test_no_role_of_the_database_enters_anothers(installation: Installation) -> None:
    for part in PARTS:
        assert installation.psql(f"peiyu_{part}", f"peiyu_{part}", "SELECT current_user") == f"peiyu_{part}"
        others = [f"peiyu_{other}" for other in PARTS if other != part]
        for database in [*others, "postgres", "template1"]:
            with pytest.raises(AssertionError, match="permission denied for database"):
                installation.psql(f"peiyu_{part}", database, "SELECT 1")
    powers = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'peiyu%' AND (rolsuper OR rolcreaterole OR rolcreatedb)"
    assert installation.psql("postgres", "postgres", powers) == "0"


def test_containers_run_without_root_on_a_file_system_they_cannot_write(installation: Installation) -> None:
    for service in [*OURS, "postgres", "kafka"]:
        ids = installation.compose("exec", "-T", service, "sh", "-c", "id -u")
        assert ids.strip() != "0", service
    for service in OURS:
        (container,) = installation.containers(service)
        assert installation.inspect(container)["HostConfig"]["ReadonlyRootfs"], service
    (gateway,) = installation.containers("gateway")
    shown = str(installation.inspect(gateway)["Config"])
    password = (installation.secrets / "gateway-database-password").read_text()
    assert password not in shown, "docker inspect must not tell a secret"


def test_the_journey_through_nginx(installation: Installation) -> None:
    Journey(installation).run()


class Followed(Journey):
    """The journey with one correlation id on every request."""

    def __init__(self, installation: Installation, correlation: str) -> None:
        super().__init__(installation)
        self._correlation = correlation

    def as_(self, role: str) -> httpx.Client:
        client = super().as_(role)
        client.headers["X-Correlation-Id"] = self._correlation
        return client


THREAD = {
    ("gateway", "request answered"),
    *((service, "request answered") for service in SERVICES),
    ("registry-worker", "job done"),
    ("registry-worker", "events published", "registry.facts-recorded.v1"),
    ("eligibility-worker", "events handled", "registry.facts-recorded.v1"),
    ("eligibility-worker", "enterprises assessed"),
    ("eligibility-worker", "events published", "eligibility.assessment-changed.v1"),
    ("notification-worker", "events handled", "eligibility.assessment-changed.v1"),
    ("registry-worker", "events published", "registry.title-recorded.v1"),
    ("finance-worker", "events handled", "registry.title-recorded.v1"),
    ("finance-worker", "events published", "finance.whitelist-changed.v1"),
    ("notification-worker", "events handled", "finance.whitelist-changed.v1"),
}
"""Whose log says what of a journey: (container, sentence), and of events of which type."""


def test_one_correlation_id_is_followed_through_the_logs_of_all_containers(installation: Installation) -> None:
    correlation = f"compose-{secrets.token_hex(8)}"
    Followed(installation, correlation).run()

    said: set[tuple[str, ...]] = set()
    for container in {each[0] for each in THREAD}:
        log = installation.compose("logs", "--no-color", "--no-log-prefix", container).splitlines()
        for line in on_the_thread(log, correlation):
            assert container in (line["service"], f"{line['service']}-worker"), line
            said |= {(container, *sentence) for sentence in sentences(line)}
    assert said >= THREAD, f"nobody said {sorted(THREAD - said)}"


KILLED = (
    "registry-worker", "kafka", "registry", "eligibility-worker", "gateway", "kafka", "finance-worker",
    "notification-worker", "finance",
)  # fmt: skip
"""One before each step and after the last: who has just been given something to do."""


@pytest.mark.chaos
def test_containers_and_the_broker_may_be_killed_during_the_journey(installation: Installation) -> None:
    Journey(installation).run(lambda step: installation.kill(KILLED[step]))


@pytest.mark.chaos
def test_the_database_may_be_killed_during_the_journey(installation: Installation) -> None:
    Journey(installation).run(lambda step: installation.kill("postgres") if step in (2, 6) else None)


@pytest.mark.chaos
def test_nothing_is_lost_and_nothing_done_twice_of_an_import_whose_workers_and_broker_are_killed(
    installation: Installation,
) -> None:
    Load(installation).run(lambda: installation.kill("kafka"))


@pytest.mark.chaos
def test_a_restored_database_hears_again_what_it_had_heard_since_its_backup(installation: Installation) -> None:
    """docs/operations.md, After restoring a database: another one than the registry's."""
    Journey(installation).run()
    backup = restoring.backed_up(installation, "eligibility")
    Journey(installation).run()
    until("all events acted upon", lambda: restoring.not_acted_upon(installation) == [])
    installation.compose("stop", "eligibility", "eligibility-worker")
    restoring.restore(installation, "eligibility", backup)
    assert restoring.not_acted_upon(installation) != [], "the backup knew everything: nothing would be shown"
    installation.compose("up", "-d", seconds=1800)
    until("a healthy installation", installation.healthy)
    restoring.resend(installation, [service for service in SERVICES if service != "eligibility"])
    until(
        "all events acted upon", lambda: not [each for each in restoring.not_acted_upon(installation) if "not" in each]
    )
    Journey(installation).run()


@pytest.mark.chaos
def test_all_databases_of_one_moment_and_an_empty_kafka_go_on(installation: Installation) -> None:
    """docs/operations.md, After restoring a database: all of them, and with it When Kafka's data are lost."""
    workers = [f"{part}-worker" for part in PARTS]
    journey = Journey(installation)
    installation.compose("stop", *workers, seconds=300)
    backups = {part: restoring.backed_up(installation, part) for part in PARTS}
    installation.compose("start", *workers)
    journey.run()
    restoring.restore_all(installation, backups)
    restoring.resend(installation)
    until("all events acted upon", lambda: restoring.not_acted_upon(installation) == [])
    Journey(installation).run()


def test_everything_ends_by_itself_when_it_is_told_to(installation: Installation) -> None:
    """Last in this file: nobody is killed at the end of the time it has, and what was stopped comes back."""
    installation.compose("stop", seconds=300)
    codes = {
        service: installation.inspect(container)["State"]["ExitCode"]
        for service in [*OURS, "postgres", "kafka"]
        for container in installation.containers(service)
    }
    assert {service: code for service, code in codes.items() if code not in (0, 143)} == {}
    installation.compose("up", "-d", seconds=1800)
    Journey(installation).run()
