"""What operations sees: the API and the workers of two services as processes of their own, scraped over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from peiyu.prepare import apply_topics
from tests.e2e.suite import ROOT, free_port, until
from tests.fixtures.identity import Identities
from tests.service.registry.conftest import uscc
from tests.support.postgres import Server

pytestmark = pytest.mark.slow

REGISTERED = "registry.enterprise-registered.v1"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(port: int) -> Samples:
    """Every sample of a process as Prometheus reads it."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """A sample that need not be there yet counts as zero, as in PromQL's increase()."""
    return samples.get((name, frozenset(labels.items())), 0.0)


@dataclass
class Processes:
    """The ports of `serve registry`, `work registry` and `work notification`, and how to stop one."""

    api: int
    relay: int
    consumer: int
    server: Server
    databases: dict[str, str]
    identities: Identities
    relaying: subprocess.Popen[bytes]

    def register(self, number: int) -> None:
        headers = self.identities.headers(scopes=["enterprises:write", "enterprises:read"])
        body = {"uscc": uscc(number), "name": f"测试企业{number}有限公司", "district_code": "341302"}
        url = f"http://127.0.0.1:{self.api}/api/registry/v1/enterprises"
        answer = httpx.post(url, json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def processes(
    postgres: Server, identities: Identities, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("metrics")
    names = {part: f"metrics_{part}_{os.getpid()}" for part in ("registry", "notification", "bus")}
    api, relay, consumer = free_port(), free_port(), free_port()
    with ExitStack() as held:
        for name in names.values():
            postgres.create(name)
            held.callback(postgres.drop, name)
        apply_topics(postgres.libpq_url(names["bus"]))

        def environment(part: str, **more: str) -> dict[str, str]:
            return {
                **os.environ,
                "PEIYU_DATABASE_URL": postgres.url_for(names[part]),
                "PEIYU_BUS_URL": postgres.libpq_url(names["bus"]),
                "PEIYU_IDENTITY_KEY_FILE": str(identities.public_file),
                **more,
            }

        for part in ("registry", "notification"):
            subprocess.run(
                [sys.executable, "-m", "peiyu", "migrate", part],
                cwd=ROOT, env=environment(part, PEIYU_HOME=str(folder / "none")), check=True, capture_output=True,
            )  # fmt: skip

        def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
            log = held.enter_context((folder / f"{'-'.join(words)}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "peiyu", *words], cwd=ROOT, env=environment(words[1], **more), stderr=log
            )
            held.callback(end, process)
            return process

        start("serve", "registry", "--port", str(api))
        relaying = start("work", "registry", PEIYU_METRICS_PORT=str(relay))
        start("work", "notification", PEIYU_METRICS_PORT=str(consumer))
        until("the processes", lambda: all(ready(port) for port in (api, relay, consumer)), 120)
        yield Processes(api, relay, consumer, postgres, names, identities, relaying)


def ready(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=10).status_code == 200


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def test_a_change_is_counted_by_everyone_it_passes(processes: Processes) -> None:
    before = [scrape(port) for port in (processes.api, processes.relay, processes.consumer)]
    processes.register(1)
    handled = {"service": "notification", "group": "notification", "type": REGISTERED, "outcome": "handled"}

    def arrived() -> bool:
        was = value(before[2], "peiyu_consumer_events_total", **handled)
        return value(scrape(processes.consumer), "peiyu_consumer_events_total", **handled) == was + 1

    until("the event handled", arrived)
    api, relay, consumer = (scrape(port) for port in (processes.api, processes.relay, processes.consumer))

    def moved(where: int, now: Samples, name: str, **labels: str) -> float:
        return value(now, name, **labels) - value(before[where], name, **labels)

    route = {"service": "registry", "method": "POST", "route": "/api/registry/v1/enterprises"}
    assert moved(0, api, "peiyu_http_requests_total", **route, status="201") == 1
    assert moved(0, api, "peiyu_http_request_seconds_count", **route) == 1
    assert moved(1, relay, "peiyu_relay_events_total", service="registry", outcome="sent") == 1
    assert moved(1, relay, "peiyu_relay_delay_seconds_count", service="registry") == 1
    assert moved(1, relay, "peiyu_relay_publish_seconds_count", service="registry") >= 1
    timed = {"service": "notification", "group": "notification", "type": REGISTERED}
    assert moved(2, consumer, "peiyu_consumer_handler_seconds_count", **timed) == 1
    assert value(api, "peiyu_database_up", service="registry") == 1
    assert value(api, "peiyu_outbox_unsent", service="registry") == 0
    assert value(api, "peiyu_dead_letters", service="registry") == 0


def test_no_label_names_an_enterprise(processes: Processes) -> None:
    processes.register(2)
    headers = processes.identities.headers(scopes=["enterprises:read"])
    url = f"http://127.0.0.1:{processes.api}/api/registry/v1/enterprises/{uscc(2)}"
    assert httpx.get(url, headers=headers, timeout=30).status_code == 200
    httpx.request("BREW", url, headers=headers, timeout=30)
    for port in (processes.api, processes.relay, processes.consumer):
        labels = {value for _, given in scrape(port) for _, value in given}
        assert uscc(2) not in labels
        assert "BREW" not in labels
        assert "test-officer" not in labels


def test_lag_and_the_last_poll_are_those_of_the_consumer(processes: Processes) -> None:
    own = {"service": "notification", "group": "notification"}

    def lags() -> list[float]:
        samples = scrape(processes.consumer).items()
        return [
            value for (name, labels), value in samples if name == "peiyu_consumer_lag" and set(own.items()) <= labels
        ]

    until("every partition with nothing left", lambda: lags() and sum(lags()) == 0)
    polled = value(scrape(processes.consumer), "peiyu_consumer_last_poll_timestamp_seconds", **own)
    assert 0 < polled <= time.time()
    until(
        "a later poll",
        lambda: value(scrape(processes.consumer), "peiyu_consumer_last_poll_timestamp_seconds", **own) > polled,
    )


def test_schedules_are_counted_by_the_worker(processes: Processes) -> None:
    found = {(name, dict(labels).get("schedule")) for name, labels in scrape(processes.relay)}
    assert ("peiyu_schedule_runs_total", "titles-expire") in found
    assert ("peiyu_schedule_seconds_count", "titles-expire") in found


def test_the_workers_port_tells_of_life_and_readiness(processes: Processes) -> None:
    base = f"http://127.0.0.1:{processes.consumer}"
    assert httpx.get(f"{base}/health/live").json() == {"status": "live", "ended": []}
    ready = httpx.get(f"{base}/health/ready").json()
    assert "consumer:notification" in ready["checks"]["notification"]["loops"]
    assert httpx.get(f"{base}/else").status_code == 404


def test_what_waits_in_the_outbox_is_seen_although_its_worker_is_gone(processes: Processes) -> None:
    end(processes.relaying)
    processes.register(3)
    until(
        "the event in the gauge", lambda: value(scrape(processes.api), "peiyu_outbox_unsent", service="registry") == 1
    )

    def age() -> float:
        return value(scrape(processes.api), "peiyu_outbox_oldest_seconds", service="registry")

    first = until("an age", age)
    until("a greater age", lambda: age() > first)
    assert value(scrape(processes.api), "peiyu_heartbeat_age_seconds", service="registry", loop="relay") > 0
    with psycopg.connect(processes.server.libpq_url(processes.databases["registry"])) as connection:
        connection.execute(
            """INSERT INTO dead_letters (consumer, event_id, topic, partition, "offset", key, type, payload, headers,
                                         reason, attempts, failed_at)
               VALUES ('registry', 'x', 't', 0, 0, 'k', 'type', '', '{}', 'because', 1, now())"""
        )
    until("the dead letter", lambda: value(scrape(processes.api), "peiyu_dead_letters", service="registry") == 1)
