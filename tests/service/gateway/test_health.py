"""`/health` tells the truth about the whole suite, and asks for it once a second at most."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from chassis.db import Database
from chassis.worker import Worker
from gateway.api import health
from gateway.app import create_app
from gateway.bootstrap import Credentials
from gateway.migrations import MIGRATIONS
from gateway.proxy.in_process import InProcess
from gateway.proxy.over_http import OverHttp
from gateway.settings import Settings
from gateway.worker import EXPECTED, build_worker
from tests.service.gateway.conftest import Make, bearer
from tests.service.gateway.serving import free_port
from tests.support.frozen import server_of_its_own

SAMPLE = "/api/gateway/v1/installation/sample"
PUBLISHED = {"database": {"status": "ok"}, "whitelist": {"status": "ok", "epoch": 1, "count": 7}}


class Readiness:
    """A service that answers /health/ready as it is told, and counts how often it was asked."""

    def __init__(self, status: int = 200, checks: Any = None) -> None:
        self.status = status
        self.checks = checks or {"database": {"status": "ok"}}
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] != "lifespan", "not spoken here"
        assert scope["path"] == "/health/ready"
        self.asked += 1
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps({"checks": self.checks}).encode()})


@pytest.fixture
def working(db: Database, settings_of: Any) -> Iterator[None]:
    """The gateway's own worker, whose silence would make it unready."""
    with running(build_worker(settings_of(), db)):
        yield


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    stop = threading.Event()
    assert {loop.name for loop in worker.loops} == set(EXPECTED)
    worker.start(stop)
    try:
        yield
    finally:
        stop.set()
        assert worker.join(10) == []


def eventually(client: TestClient, status: int) -> dict[str, Any]:
    """The body of /health once it has this status: never later than its one second of memory."""
    deadline = time.monotonic() + 5
    while (answer := client.get("/health")).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def test_all_ready_without_a_sample_is_healthy(make: Make, working: None) -> None:
    services = {"registry": InProcess(Readiness()), "finance": InProcess(Readiness(checks=PUBLISHED))}
    with TestClient(make(services)) as client:
        body = eventually(client, 200)
    assert body == {
        "status": "healthy",
        "services": {"registry": "ready", "finance": "ready", "gateway": "ready"},
        "sample_loaded": False,
        "whitelist_epoch": 1,
        "missing": [],
    }


def test_what_is_missing_is_said_one_by_one(make: Make, installer: Credentials) -> None:
    failing = Readiness(503, {"worker": {"status": "failed", "reason": "后台任务没有响应：relay"}})
    services = {
        "registry": InProcess(failing),
        "eligibility": OverHttp(f"http://127.0.0.1:{free_port()}"),
        "finance": InProcess(Readiness()),
    }
    with TestClient(make(services, expect_sample=True)) as client:
        body = eventually(client, 503)
    assert body["services"] == {
        "registry": "not_ready", "eligibility": "unreachable", "finance": "ready", "gateway": "not_ready"
    }  # fmt: skip
    joined = "\n".join(body["missing"])
    assert "企业档案服务未就绪：worker（后台任务没有响应：relay）" in joined
    assert "资格测评服务没有响应" in joined
    assert "网关未就绪：worker" in joined
    assert "示例数据尚未导入" in joined
    assert "首期白名单尚未发布" in joined


def test_the_installation_becomes_healthy_step_by_step(
    make: Make, working: None, installer: Credentials, demo: dict[str, Credentials]
) -> None:
    finance = Readiness()
    with TestClient(make({"finance": InProcess(finance)}, expect_sample=True)) as client:
        assert len(eventually(client, 503)["missing"]) == 2
        headers = bearer(client, installer)
        assert client.put(SAMPLE, json={"value": {"loaded": False}}, headers=headers).status_code == 200
        put = client.put(SAMPLE, json={"value": {"loaded": True, "enterprises": 2000}}, headers=headers)
        assert put.json()["value"] == {"loaded": True, "enterprises": 2000}
        time.sleep(1.1)
        assert eventually(client, 503)["missing"] == ["首期白名单尚未发布：请等待发布完成"]
        finance.checks = PUBLISHED
        assert eventually(client, 200)["sample_loaded"] is True
        listed = client.get("/api/gateway/v1/installation", headers=bearer(client, demo["demo-admin"])).json()
        assert [(item["key"], item["value"]["loaded"]) for item in listed["items"]] == [("sample", True)]
        refused = client.put(SAMPLE, json={"value": {}}, headers=bearer(client, demo["demo-admin"]))
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


def test_many_who_ask_cost_as_much_as_one(make: Make, working: None) -> None:
    registry = Readiness()
    with TestClient(make({"registry": InProcess(registry)})) as client:
        eventually(client, 200)
        registry.asked = 0
        time.sleep(1.1)
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: client.get("/health").status_code, range(40)))
        assert set(statuses) == {200}
        assert registry.asked <= 3


def test_a_frozen_database_is_named_before_it_answers(
    settings_of: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.5)
    with server_of_its_own() as server:
        db = Database(server.url, name="frozen")
        MIGRATIONS.upgrade(db)
        with TestClient(create_app(settings_of(), db, {})) as client:
            client.get("/health")
            time.sleep(health.FRESH_SECONDS)
            with server.frozen():
                missing = client.get("/health").json()["missing"]
                asking = [thread.name for thread in threading.enumerate()]
            assert "网关数据库没有响应：请检查数据库" in missing
            assert "installation" in asking, "the answer did not wait for the database's"
        db.close()


def test_alive_is_less_than_ready(client: TestClient) -> None:
    assert client.get("/health/live").json()["status"] == "live"
    assert client.get("/health/ready").status_code == 503, "its worker has never been heard of"


def test_metrics_name_the_gateways_own(client: TestClient) -> None:
    client.get("/health/live")
    text = client.get("/metrics").text
    assert 'peiyu_gateway_requests_total{role="-",route="public",status="200",upstream="gateway"}' in text
    assert "peiyu_gateway_requests_in_hand" in text
