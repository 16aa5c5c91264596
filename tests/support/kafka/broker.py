"""One Apache Kafka 4 node in KRaft combined mode, run from its Maven jars under a JRE, in a temporary folder."""

import base64
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.docker import container, docker_lacks, free_ports

POM = Path(__file__).with_name("pom.xml")
OFFICIAL_IMAGE, LOCAL_IMAGE = "apache/kafka:4.1.2", "local/kafka:4"
"""The second is made by tests/support/containers/engine.sh, from the jars of this very pom.xml."""

START_TIMEOUT = 180.0
"""Seconds a broker may take until it answers; 2 to 3 are usual, a log recovery after a kill needs more."""

# Small machines: one broker for a whole test session in 256 MB, compiled quickly rather than well.
JVM_OPTIONS = ["-Xmx256m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""


class BrokerUnavailable(Exception):
    """No Kafka can be had on this machine; the message says which ways were tried."""


def jars() -> Path:
    """The folder with the broker's jars, fetched by Maven once per version of pom.xml.

    Cached under $XDG_CACHE_HOME/peiyu (default ~/.cache/peiyu). Raises BrokerUnavailable.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise BrokerUnavailable(f"{program} is not on the PATH")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "peiyu"
    folder = cache / f"kafka-{uuid.uuid5(uuid.NAMESPACE_URL, POM.read_text()).hex[:12]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    # A folder of our own, renamed when complete: two sessions may fetch at once, an interrupted one leaves no half.
    fresh = Path(tempfile.mkdtemp(dir=cache, prefix="fetching-"))
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    try:
        fetched = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if fetched.returncode != 0:
            raise BrokerUnavailable(f"mvn could not fetch the broker's jars: {fetched.stdout.strip()[-400:]}")
        with suppress(OSError):  # another session was faster
            fresh.rename(folder)
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailable("mvn did not fetch the broker's jars within 10 minutes") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


class KafkaBroker:
    """A broker this process owns. `kill` is SIGKILL; `start` after it brings the same data back on the same port."""

    disposable = True
    """It may be killed by a test."""

    def __init__(self, classpath: Path) -> None:
        self._java = ["java", *JVM_OPTIONS, "-cp", f"{classpath}/*"]
        self._home = Path(tempfile.mkdtemp(prefix="peiyu-kafka-"))
        self._conf = self._home / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        self._conf.write_text(
            PROPERTIES.format(port=port, controller=controller, data=self._home / "data"), encoding="utf-8"
        )
        self._format()

    def _format(self) -> None:
        # "x" in front: an id that begins with a dash would be taken for an option.
        cluster_id = "x" + base64.urlsafe_b64encode(uuid.uuid4().bytes)[:21].decode()
        formatting = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._conf)]
        formatted = subprocess.run(formatting, capture_output=True, text=True, timeout=60, check=False)
        if formatted.returncode != 0:
            raise BrokerUnavailable(f"the broker's storage could not be formatted: {formatted.stderr[-400:]}")

    def lose(self) -> None:
        """Everything it kept is gone; it comes back on the same port with nothing: no topic, no offset."""
        self.kill()
        shutil.rmtree(self._home / "data")
        self._format()
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._home / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._conf)], stdout=log, stderr=log, preexec_fn=_die_with_parent
            )
        wait_until_ready(self.bootstrap, self._died)

    def stop(self) -> None:
        """Controlled shutdown; SIGKILL when it takes longer than 20 seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """kill -9: no controlled shutdown, no flush, no goodbye to the clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def _died(self) -> str | None:
        if self._process is None or self._process.poll() is None:
            return None
        log = (self._home / "broker.log").read_text(encoding="utf-8", errors="replace")
        return f"the broker ended with {self._process.returncode}: {log[-800:]}"


class GivenBroker:
    """A Kafka somebody else runs: KAFKA_BOOTSTRAP_SERVERS. Tests that kill brokers do not run against it."""

    disposable = False

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def start(self) -> None:
        wait_until_ready(self.bootstrap)

    def stop(self) -> None:
        """Not ours to stop."""

    kill = freeze = thaw = restart = lose = remove = stop


class ContainerBroker:
    """A Kafka in Docker, by testcontainers: KAFKA_IMAGE, else the one made here, else the official one."""

    disposable = True

    def __init__(self, image: str) -> None:
        (port,) = free_ports(1)
        self.bootstrap = f"127.0.0.1:{port}"
        self._container = container(image).with_bind_ports(port, port)
        settings = {
            "NODE_ID": "1",
            "PROCESS_ROLES": "broker,controller",
            "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:9093",
            "ADVERTISED_LISTENERS": f"PLAINTEXT://{self.bootstrap}",
            "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "AUTO_CREATE_TOPICS_ENABLE": "false",
            "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "BROKER_SESSION_TIMEOUT_MS": "3000",
            "BROKER_HEARTBEAT_INTERVAL_MS": "500",
        }
        for name, value in settings.items():
            self._container.with_env(f"KAFKA_{name}", value)
        heap, quick = JVM_OPTIONS[:2], JVM_OPTIONS[2:]
        self._container.with_env("KAFKA_HEAP_OPTS", " ".join(heap))
        self._container.with_env("KAFKA_JVM_PERFORMANCE_OPTS", " ".join(quick))
        self._created = False

    def start(self) -> None:
        if self._created:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._created = True
        wait_until_ready(self.bootstrap)

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=20)

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def restart(self) -> None:
        self.stop()
        self.start()

    def lose(self) -> None:
        self._container.stop(force=True)
        self._container.start()
        wait_until_ready(self.bootstrap)

    def remove(self) -> None:
        if self._created:
            self._container.stop(force=True)


Broker = KafkaBroker | GivenBroker | ContainerBroker


def locate() -> Broker:
    """A broker, not yet started: KAFKA_BOOTSTRAP_SERVERS, else Docker, else Maven jars; else BrokerUnavailable."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return GivenBroker(given)
    tried = ["KAFKA_BOOTSTRAP_SERVERS is not set"]
    chosen = os.environ.get("KAFKA_IMAGE")
    for image in [chosen] if chosen else [LOCAL_IMAGE, OFFICIAL_IMAGE]:
        reason = docker_lacks(image, pull=image != LOCAL_IMAGE)
        if reason is None:
            return ContainerBroker(image)
        tried.append(reason)
    try:
        return KafkaBroker(jars())
    except BrokerUnavailable as error:
        tried.append(str(error))
    raise BrokerUnavailable("no Apache Kafka: " + "; ".join(tried))


@contextmanager
def running() -> Iterator[Broker]:
    """A started broker that is removed at the end."""
    broker = locate()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


def wait_until_ready(bootstrap: str, died: Callable[[], str | None] | None = None) -> None:
    """Return when the cluster describes itself; raise BrokerUnavailable after START_TIMEOUT or when it died."""
    # Imported here: this module is loaded for every test run, and the client takes a second.
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    deadline = time.monotonic() + START_TIMEOUT
    reason: object = "no answer"
    while time.monotonic() < deadline:
        if died is not None and (obituary := died()):
            raise BrokerUnavailable(obituary)
        try:
            # Before the port listens a client would wait out its whole bootstrap timeout.
            socket.create_connection(_address(bootstrap), timeout=1).close()
            with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000) as admin:
                if admin.describe_cluster()["brokers"]:
                    return
        except (OSError, KafkaError) as error:
            reason = error
        time.sleep(0.05)
    raise BrokerUnavailable(f"Kafka at {bootstrap} did not answer within {START_TIMEOUT:.0f} s: {reason}")


def _address(bootstrap: str) -> tuple[str, int]:
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    return host, int(port)


def _die_with_parent() -> None:
    """Linux: a test session that is killed takes its broker along."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
