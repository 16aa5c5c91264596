"""The production shape with three brokers and two of each worker: rolling restarts and kills lose nothing."""

import json
from collections.abc import Iterator

import pytest

from peiyu.parts import PARTS, SERVICES
from tests.compose.installation import LEADS_RELAY, Installation, brought_up
from tests.compose.load import Load
from tests.e2e.journey import Journey
from tests.e2e.suite import until

pytestmark = [pytest.mark.compose, pytest.mark.slow]

BROKERS = ("kafka", "kafka-2", "kafka-3")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    files = ["docker-compose.yml", "deploy/compose/cluster.yml"]
    with brought_up("peiyu-test-three", files, "172.30.92.0/28") as found:
        yield found


_ADMIN = """\
import json
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
admin = KafkaAdminClient(bootstrap_servers=["kafka:9092", "kafka-2:9092"])
"""
_TOPICS = """\
topics = admin.describe_topics()
print(json.dumps({each["name"]: [len(part["replica_nodes"]) for part in each["partitions"]] for each in topics}))
"""
_CONFIGS = """\
names = ["registry.enterprises", "notification.assignments"]
asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
found = admin.describe_configs(asked, config_filter="all")["topic"]
wanted = ("min.insync.replicas", "cleanup.policy")
print(json.dumps({name: [found[name][key]["value"] for key in wanted] for name in names}))
"""


def asked(installation: Installation, script: str) -> str:
    """What a Python script says inside the network, with an admin client on the brokers."""
    return installation.compose("exec", "-T", "registry", "python", "-c", _ADMIN + script)


def test_every_message_lies_on_three_brokers_and_is_acknowledged_by_two(installation: Installation) -> None:
    replicas = json.loads(asked(installation, _TOPICS))
    assert "__consumer_offsets" in replicas
    assert {name for name, counts in replicas.items() if set(counts) != {3}} == set()
    assert json.loads(asked(installation, _CONFIGS)) == {
        "registry.enterprises": ["2", "delete"],
        "notification.assignments": ["2", "compact"],
    }


def test_both_workers_of_a_service_share_its_partitions(installation: Installation) -> None:
    """Each has half: a group of two members, none of which is idle."""

    def shares() -> bool:
        members = [len(installation.containers(f"{service}-worker")) for service in SERVICES]
        assert members == [2, 2, 2, 2]
        lines = [installation.psql(f"peiyu_{service}", f"peiyu_{service}", _PARTITIONS) for service in _CONSUMERS]
        return all(0 < int(line or 0) < total for line, total in zip(lines, _CONSUMERS.values(), strict=True))

    until("two members that share the partitions", shares)


_PARTITIONS = "SELECT details->>'partitions' FROM heartbeats WHERE name LIKE 'consumer:%'"
_CONSUMERS = {"eligibility": 8}
"""Consumers of one topic, and its partitions: each of two members reads some and not all."""


def test_of_two_workers_one_relays_and_one_runs_each_schedule(installation: Installation) -> None:
    for service in SERVICES:
        user = f"peiyu_{service}"
        until("one leading relay", lambda user=user: installation.psql(user, user, _LEADERS) == "1")
        assert installation.psql(user, user, _RELAYS) == "2", "both are there, one waits"


def test_the_journey_through_nginx(installation: Installation) -> None:
    Journey(installation).run()


@pytest.mark.chaos
def test_a_rolling_restart_of_brokers_and_workers_during_the_journey(installation: Installation) -> None:
    """Brokers one after the other, each healthy before the next, with every worker restarted in between."""
    order = ("kafka", "registry-worker", "kafka-2", "eligibility-worker", "finance-worker", "kafka-3", "gateway-worker",
             "notification-worker", "registry-worker")  # fmt: skip
    Journey(installation).run(lambda step: installation.restart(order[step]))


@pytest.mark.chaos
def test_a_broker_and_a_worker_may_be_killed_at_any_step(installation: Installation) -> None:
    """Every replica of every worker once, and of each service the one that leads the relay first."""
    killed: set[str] = set()

    def kill(step: int) -> None:
        installation.kill(BROKERS[step % 3])
        service = SERVICES[step % 4]
        leader = installation.relay_leader(service)
        others = [each for each in installation.containers(f"{service}-worker") if each not in killed]
        victim = leader if leader in others or not others else others[0]
        installation.kill_container(victim)
        killed.add(victim)

    Journey(installation).run(kill)
    assert killed == {each for service in SERVICES for each in installation.containers(f"{service}-worker")}


@pytest.mark.chaos
def test_the_journey_goes_on_while_one_broker_is_away(installation: Installation) -> None:
    """Two of three acknowledge: nothing waits for the third, which catches up afterwards."""
    installation.compose("stop", "kafka-3")
    try:
        Journey(installation).run()
    finally:
        installation.compose("start", "kafka-3")
    until("the third broker", lambda: installation.are_well("kafka-3"))


@pytest.mark.chaos
def test_nothing_is_lost_and_nothing_done_twice_of_an_import_whose_workers_a_broker_and_the_database_are_killed(
    installation: Installation,
) -> None:
    def strike() -> None:
        installation.kill("kafka-2")
        installation.kill("postgres")
        until("the database", lambda: installation.are_well("postgres"))

    Load(installation).run(strike)


def test_the_audit_chains_are_whole_and_nothing_was_put_aside(installation: Installation) -> None:
    """Two sealers and two consumers each, after everything above."""
    for part in PARTS:
        said = installation.compose("exec", "-T", f"{part}-worker", "python", "-m", "peiyu", "audit", "verify", part)
        assert "完整" in said, said
    for service in SERVICES:
        user = f"peiyu_{service}"
        assert installation.psql(user, user, "SELECT count(*) FROM dead_letters") == "0"
        until("an empty outbox", lambda user=user: installation.psql(user, user, _UNSENT) == "0")


_RELAYS = """SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'peiyu relay' AND datname = current_database()"""
_LEADERS = f"""SELECT count(*) FROM pg_locks
    WHERE granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND {LEADS_RELAY}"""
_UNSENT = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
