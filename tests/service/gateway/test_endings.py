"""How a request ends that must not go on: too large, too slow, too many, or without its client or its service."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from chassis.db import Database
from gateway.bootstrap import Credentials
from gateway.proxy import routes
from gateway.proxy.over_http import OverHttp
from gateway.proxy.routes import RouteClass, Rule
from gateway.store.repositories import Clients
from gateway.use_cases.change_client import change_client
from tests.service.gateway.conftest import Behind, Make, bearer
from tests.service.gateway.service import PREFIX
from tests.service.gateway.serving import connected, free_port, hanging_up, problem, raw_request, served, until

Start = Callable[..., Behind]


def test_a_body_that_is_announced_as_too_large_is_not_read(behind: Start, demo: dict[str, Credentials]) -> None:
    suite = behind(max_body_bytes=10_000)
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        problem(client.post(f"{PREFIX}/raw/upload", content=b"x" * 10_001, headers=headers), 413, "body-too-large")
        assert suite.seen.requests == 0
        whole = client.post(f"{PREFIX}/raw/upload", content=b"x" * 10_000, headers=headers)
        assert (whole.status_code, whole.text) == (200, "10000")


def test_a_body_that_grows_too_large_is_cut_off(behind: Start, demo: dict[str, Credentials]) -> None:
    """Chunked, a gigabyte if we let it: the refusal comes after the limit, not after the last byte."""
    suite = behind(max_body_bytes=100_000)
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 1024 * 1024 * 1024:
            sent += 10_000
            yield b"x" * 10_000

    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        try:
            answer = client.post(f"{PREFIX}/raw/upload", content=endless(), headers=headers)
        except (httpx.WriteError, httpx.ReadError):
            pass  # a client that does not look at the answer while it sends meets the closed connection
        else:
            problem(answer, 413, "body-too-large")
    assert sent < 64 * 1024 * 1024
    assert suite.seen.bytes <= 100_000
    if suite.seen.begun.is_set():
        assert suite.seen.interrupted.wait(5), "a service never takes what was cut off for the whole"


def test_a_client_that_still_sends_hears_the_refusal(behind: Start, demo: dict[str, Credentials]) -> None:
    suite = behind(max_body_bytes=1024)
    with suite.client() as client:
        authorization = bearer(client, demo["demo-officer"])["Authorization"]
    head = f"POST {PREFIX}/raw/upload HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
    status, body = raw_request(suite.url, f"{head}Content-Length: 500000\r\n\r\n".encode() + b"x" * 500_000)
    assert status == 413
    assert b"body-too-large" in body


def test_an_import_may_be_larger_than_other_requests(behind: Start, demo: dict[str, Credentials]) -> None:
    suite = behind(max_body_bytes=1024, max_import_bytes=4096)
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        assert client.post(f"{PREFIX}/imports", content=b"x" * 4096, headers=headers).status_code == 200
        problem(client.post(f"{PREFIX}/imports", content=b"x" * 4097, headers=headers), 413, "body-too-large")


def test_a_client_that_leaves_interrupts_the_service(officer: httpx.Client, suite: Behind) -> None:
    authorization = officer.headers["authorization"]
    request = f"GET {PREFIX}/raw/hang?wait=30 HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n"
    with closing(connected(suite.url)) as connection:
        connection.sendall(request.encode())
        assert suite.seen.begun.wait(10)
        time.sleep(0.2)  # past the moment at which the gateway starts to watch
    assert suite.seen.interrupted.wait(10), "it would wait for ever"


def test_many_that_leave_leave_nothing_behind(officer: httpx.Client, suite: Behind) -> None:
    authorization = officer.headers["authorization"]
    request = f"GET {PREFIX}/raw/hang?wait=30 HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n"
    for _ in range(4):
        connections = [connected(suite.url) for _ in range(25)]
        for connection in connections:
            connection.sendall(request.encode())
        until(lambda: suite.in_hand() == 25)
        for connection in connections:
            connection.close()
        until(lambda: suite.in_hand() == 0)
    until(lambda: len(suite.seen.ended) == 100)


def test_a_client_that_leaves_in_the_midst_of_an_answer_ends_it(officer: httpx.Client, suite: Behind) -> None:
    with officer.stream("GET", f"{PREFIX}/raw/stream") as answer:
        assert next(answer.iter_raw()) == b"first\n"
    until(lambda: suite.in_hand() == 0)  # although the service would wait for ever


def test_a_slow_service_is_given_up(officer: httpx.Client, suite: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = RouteClass("hasty", "normal", answer_seconds=0.3, total_seconds=0.6)
    monkeypatch.setattr(routes, "RULES", (Rule("/api/", hasty),))
    problem(officer.get(f"{PREFIX}/raw/hang"), 504, "upstream-timeout")
    assert suite.seen.interrupted.wait(5)
    with pytest.raises(httpx.RemoteProtocolError), officer.stream("GET", f"{PREFIX}/raw/stream") as answer:
        assert answer.status_code == 200, "an answer that has begun cannot become a 504"
        list(answer.iter_raw())


def test_a_client_does_not_wait_for_a_thread_that_hangs(
    officer: httpx.Client, suite: Behind, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = RouteClass("hasty", "normal", answer_seconds=0.3, total_seconds=0.6)
    monkeypatch.setattr(routes, "RULES", (Rule("/api/", hasty),))
    try:
        problem(officer.get(f"{PREFIX}/threads"), 504, "upstream-timeout")
        assert not suite.seen.left.is_set(), "the answer came while the thread was still at work"
        if kind == "in-process":
            assert suite.in_hand() == 1, "it counts as work until it ends"
    finally:
        suite.seen.go.set()
    assert suite.seen.left.wait(10), "what a thread does is not torn"
    until(lambda: suite.in_hand() == 0)


def test_a_service_that_breaks_off(officer: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        officer.get(f"{PREFIX}/raw/broken")


def test_a_service_that_fails_before_answering(officer: httpx.Client, kind: str) -> None:
    answer = officer.get(f"{PREFIX}/raw/silent")
    if kind == "in-process":
        problem(answer, 502, "upstream-failed")
    else:  # uvicorn says so itself
        assert answer.status_code == 500


def test_a_fault_of_our_own_is_told_without_its_reason(make: Make, demo: dict[str, Credentials]) -> None:
    class Faulty:
        async def open(self) -> None: ...

        async def close(self) -> None: ...

        async def forward(self, scope: object, exchange: object) -> None:
            raise ValueError("internal detail")

    with served(make({"registry": Faulty()})) as url, httpx.Client(base_url=url) as client:
        answer = client.get(f"{PREFIX}/whoami", headers=bearer(client, demo["demo-officer"]))
    assert "internal detail" not in str(problem(answer, 500, "gateway-failed"))


def test_a_service_that_is_not_there(make: Make, demo: dict[str, Credentials]) -> None:
    upstream = OverHttp(f"http://127.0.0.1:{free_port()}")
    with served(make({"registry": upstream})) as url, httpx.Client(base_url=url) as client:
        answer = client.get(f"{PREFIX}/whoami", headers=bearer(client, demo["demo-officer"]))
    problem(answer, 503, "upstream-unavailable")
    assert answer.headers["retry-after"] == "2"


def test_a_service_that_accepts_and_hangs_up(make: Make, demo: dict[str, Credentials]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        upstream = OverHttp(f"http://127.0.0.1:{server.getsockname()[1]}")
        with served(make({"registry": upstream})) as url, httpx.Client(base_url=url) as client:
            headers = bearer(client, demo["demo-officer"])
            with hanging_up(server):
                answer = client.post(f"{PREFIX}/whoami", headers=headers, content=b"{}")
    problem(answer, 502, "upstream-failed")


def test_a_service_whose_machine_does_not_answer(make: Make, demo: dict[str, Credentials]) -> None:
    """A full accept queue: the kernel drops the handshake, as an unreachable host does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        filling = [socket.socket() for _ in range(4)]
        for each in filling:
            each.setblocking(False)
            each.connect_ex(address)
        upstream = OverHttp(f"http://127.0.0.1:{address[1]}", connect_seconds=0.3)
        with served(make({"registry": upstream})) as url, httpx.Client(base_url=url) as client:
            answer = client.get(f"{PREFIX}/whoami", headers=bearer(client, demo["demo-officer"]))
        for each in filling:
            each.close()
    problem(answer, 504, "upstream-timeout")


def test_a_closed_door_does_not_queue(behind: Start, demo: dict[str, Credentials]) -> None:
    suite = behind(max_working=1)
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        until(lambda: suite.in_hand() == 0)  # the answer arrives a moment before it is counted as over
        with client.stream("GET", f"{PREFIX}/raw/stream", headers=headers) as held:
            assert held.status_code == 200
            with suite.client() as other:
                answer = other.get(f"{PREFIX}/whoami", headers=headers)  # while the first one still streams
            problem(answer, 503, "gateway-overloaded")
            assert answer.headers["retry-after"] == "1"
        suite.seen.go.set()


def test_a_client_has_an_allowance(behind: Start, db: Database, demo: dict[str, Credentials]) -> None:
    with db.transaction() as tx:
        row = Clients(tx).get_for_update("demo-officer", by="")
        change_client(tx, row, {"requests_per_minute": 2})
    suite = behind()
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        answers = [client.get(f"{PREFIX}/whoami", headers=headers) for _ in range(3)]
        other = client.get(f"{PREFIX}/whoami", headers=bearer(client, demo["demo-leader"]))
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"client";q=2;w=60'
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=1", "r=0", "r=0"]
    problem(answers[2], 429, "rate-limited")
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert other.status_code == 200
    assert suite.seen.requests == 3


def test_who_guesses_tokens_runs_into_a_limit(behind: Start) -> None:
    suite = behind(anonymous_requests_per_minute=3)
    with suite.client() as client:
        answers = [client.get(f"{PREFIX}/whoami", headers={"Authorization": "Bearer x"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
