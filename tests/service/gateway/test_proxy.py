"""The data path, in this process and over HTTP: the same promises either way."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

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
from tests.service.gateway.serving import free_port, served

Start = Callable[..., Behind]


@pytest.fixture
def suite(behind: Start) -> Behind:
    return behind()


@pytest.fixture
def officer(suite: Behind, demo: dict[str, Credentials]) -> Iterator[httpx.Client]:
    with suite.client() as client:
        client.headers.update(bearer(client, demo["demo-officer-3413"]))
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


def test_a_guarded_service_accepts_the_identity(officer: httpx.Client) -> None:
    body = officer.get(f"{PREFIX}/whoami").json()
    assert body["subject"] == "demo-officer-3413"
    assert body["roles"] == ["officer"]
    assert body["areas"] == ["3413"]
    assert body["audience"] == ["registry"], "an identity is good for one service only"
    assert "enterprises:read" in body["scopes"]


def test_a_token_of_fewer_scopes_carries_fewer(suite: Behind, demo: dict[str, Credentials]) -> None:
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"], scope="imports:write")
        assert client.get(f"{PREFIX}/whoami", headers=headers).json()["code"] == "scope-missing"


def test_the_service_itself_refuses_what_the_client_may_not(suite: Behind, demo: dict[str, Credentials]) -> None:
    with suite.client() as client:
        answer = client.get(f"{PREFIX}/whoami", headers=bearer(client, demo["demo-bank"]))
        problem(answer, 403, "scope-missing")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token-missing"),
        ({"Authorization": "Basic abc"}, "token-invalid"),
        ({"Authorization": "Bearer not.a.token"}, "token-invalid"),
        ({"Authorization": "Bearer " + "é"}, "token-invalid"),
    ],
)
def test_without_a_token_nobody_comes_in(suite: Behind, headers: dict[str, str], code: str) -> None:
    with suite.client() as client:
        raw = [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]
        answer = client.get(f"{PREFIX}/whoami", headers=raw)
        problem(answer, 401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert suite.seen.requests == 0


def test_an_identity_does_not_pass_for_an_access_token(officer: httpx.Client, suite: Behind) -> None:
    """What the gateway signs for services is of another kind, should one ever get out."""
    assert officer.get(f"{PREFIX}/whoami").status_code == 200
    doorkeeper = suite.front._admission._doorkeeper
    (session,) = doorkeeper._sessions.values()
    stolen = doorkeeper.identity(session, "registry")
    with suite.client() as client:
        problem(client.get(f"{PREFIX}/whoami", headers={"Authorization": f"Bearer {stolen}"}), 401, "token-invalid")


def test_forged_and_hop_by_hop_headers_do_not_reach_the_service(officer: httpx.Client) -> None:
    forged = {
        "Peiyu-Identity": "forged", "Peiyu-Anything": "x", "X-User": "root", "X-User-Id": "1", "X-Tenant": "t",
        "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4",
        "X-Original-URL": "/admin", "Cookie": "a=b", "TE": "trailers", "Connection": "close, X-Secret-Hop",
        "X-Secret-Hop": "1", "Proxy-Authorization": "Basic abc", "X-Harmless": "yes",
    }  # fmt: skip
    answer = officer.get(f"{PREFIX}/whoami", headers=forged)
    assert answer.status_code == 200, answer.text
    seen = set(answer.json()["headers"])
    assert {"peiyu-identity", "x-correlation-id", "traceparent", "x-harmless"} <= seen
    assert not seen & ({name.lower() for name in forged} - {"peiyu-identity", "x-harmless", "connection"})
    assert "authorization" not in seen
    assert answer.json()["subject"] == "demo-officer-3413", "not whom the forged header names"


def test_the_services_own_connection_headers_do_not_reach_the_client(officer: httpx.Client) -> None:
    answer = officer.get(f"{PREFIX}/raw/hops", headers={"X-Correlation-Id": "case-9"})
    assert answer.text == "ok"
    assert "keep-alive" not in answer.headers
    assert "peiyu-identity" not in answer.headers
    assert "secret" not in answer.headers.get("server", "")
    assert answer.headers.get_list("x-correlation-id") == ["case-9"]
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"], "both, in order"
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_correlation_id_and_the_trace_go_all_the_way(officer: httpx.Client) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = officer.get(
        f"{PREFIX}/whoami",
        headers={"X-Correlation-Id": "case-7", "traceparent": f"00-{trace}-b7ad6b7169203331-01"},
    )
    assert answer.headers["x-correlation-id"] == "case-7"
    assert answer.json()["correlation_id"] == "case-7"
    assert re.match(rf"00-{trace}-(?!b7ad6b7169203331)[0-9a-f]{{16}}-01", answer.json()["traceparent"])
    other = officer.get(f"{PREFIX}/whoami", headers={"X-Correlation-Id": "bad id!"})
    assert other.headers["x-correlation-id"] == other.json()["correlation_id"] != "bad id!"


def test_the_query_passes_untouched(officer: httpx.Client) -> None:
    answer = officer.get(f"{PREFIX}/whoami?q=%E5%AE%BF%E5%B7%9E&a=1%2B1")
    assert answer.status_code == 422, "and the service refuses parameters it does not know"
    assert [item["field"] for item in answer.json()["errors"]] == ["q", "a"]
    assert answer.json()["errors"][0]["found"] == "宿州"


@pytest.mark.parametrize(
    "path",
    ["//registry/v1/whoami", "/api/registry/v1//whoami", "/api/registry/../gateway/v1/clients",
     "/api/registry/..;/whoami", "/api/registry/v1%2fwhoami", "/api/registry/v1/%2e%2e/whoami",
     "/api/registry/v1/who\\ami", "/api/registry/v1/whoami%00", "/api/registry/./v1/whoami", "/api/registry/v1/.."],
)  # fmt: skip
def test_ambiguous_paths_are_refused(suite: Behind, path: str) -> None:
    status, body = raw_request(suite.url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert status == 400, body
    assert b"path-refused" in body
    assert suite.seen.requests == 0


def test_another_method_than_that_of_the_request_line_is_refused(officer: httpx.Client) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        problem(officer.get(f"{PREFIX}/whoami", headers={name: "DELETE"}), 400, "method-override-refused")
    problem(officer.request("PROPFIND", f"{PREFIX}/whoami"), 405, "method-refused")


def test_no_such_service(officer: httpx.Client) -> None:
    problem(officer.get("/api/treasury/v1/x"), 404, "no-such-service")
    problem(officer.get("/api/"), 404, "no-such-service")


def test_headers_have_a_limit(officer: httpx.Client) -> None:
    problem(officer.get(f"{PREFIX}/whoami", headers={"X-Long": "a" * 40_000}), 431, "headers-too-large")
    many = {f"X-Many-{number}": "1" for number in range(120)}
    problem(officer.get(f"{PREFIX}/whoami", headers=many), 431, "headers-too-large")


def test_an_answer_is_passed_on_as_it_comes(officer: httpx.Client, suite: Behind) -> None:
    """The service waits between two parts until the client has seen the first."""
    with officer.stream("GET", f"{PREFIX}/raw/stream") as answer:
        assert answer.headers["content-encoding"] == "gzip", "compressed bytes pass unopened"
        parts = answer.iter_raw()
        assert next(parts) == b"first\n"
        suite.seen.go.set()
        assert b"".join(parts) == b"second\n"


def test_an_upload_is_passed_on_as_it_comes(officer: httpx.Client, suite: Behind) -> None:
    """The client sends its second part only when the service has the first."""

    def parts() -> Iterator[bytes]:
        yield b"a" * 1000
        assert suite.seen.begun.wait(10)
        assert suite.seen.bytes == 1000
        yield b"b" * 500

    answer = officer.post(f"{PREFIX}/raw/upload", content=parts())
    assert (answer.status_code, answer.text) == (200, "1500")


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
        left = time.monotonic()
    assert suite.seen.interrupted.wait(5)
    assert suite.seen.ended[0] - left < 1.0, "100 ms on a quiet machine"


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
    started = time.monotonic()
    problem(officer.get(f"{PREFIX}/raw/hang"), 504, "upstream-timeout")
    assert time.monotonic() - started < 3
    assert suite.seen.interrupted.wait(5)
    with pytest.raises(httpx.RemoteProtocolError), officer.stream("GET", f"{PREFIX}/raw/stream") as answer:
        assert answer.status_code == 200, "an answer that has begun cannot become a 504"
        list(answer.iter_raw())


def test_work_in_a_thread_is_given_up_without_being_torn(
    officer: httpx.Client, suite: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = RouteClass("hasty", "normal", answer_seconds=0.3, total_seconds=0.6)
    monkeypatch.setattr(routes, "RULES", (Rule("/api/", hasty),))
    suite.release_later(0.8)
    problem(officer.get(f"{PREFIX}/threads"), 504, "upstream-timeout")


def test_a_service_that_breaks_off(officer: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        officer.get(f"{PREFIX}/raw/broken")


def test_a_service_that_fails_before_answering(officer: httpx.Client, kind: str) -> None:
    answer = officer.get(f"{PREFIX}/raw/silent")
    if kind == "in-process":
        problem(answer, 502, "upstream-failed")
    else:  # uvicorn says so itself
        assert answer.status_code == 500


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


def test_context_variables_end_with_the_call(officer: httpx.Client) -> None:
    for number in range(3):
        answer = officer.get(f"{PREFIX}/raw/leak", headers={"X-Correlation-Id": f"case-{number}"})
        assert answer.text == "clean"
        assert answer.headers["x-correlation-id"] == f"case-{number}"


def test_a_closed_door_does_not_queue(behind: Start, demo: dict[str, Credentials]) -> None:
    suite = behind(max_working=1)
    with suite.client() as client:
        headers = bearer(client, demo["demo-officer"])
        with client.stream("GET", f"{PREFIX}/raw/stream", headers=headers) as held:
            assert held.status_code == 200
            with suite.client() as other:
                started = time.monotonic()
                answer = other.get(f"{PREFIX}/whoami", headers=headers)
            problem(answer, 503, "gateway-overloaded")
            assert answer.headers["retry-after"] == "1"
            assert time.monotonic() - started < 1
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


def test_public_paths_of_services_need_no_token(suite: Behind) -> None:
    with suite.client() as client:
        problem(client.get("/api/finance/v1/whitelist/jwks.json"), 404, "no-such-service")
        problem(client.get("/api/registry/v1/whitelist/jwks.json"), 401, "token-missing")


def test_nobody_speaks_websocket_here(suite: Behind) -> None:
    status, _ = raw_request(
        suite.url,
        b"GET /api/registry/v1/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )
    assert status == 403


def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come soon."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def hanging_up(server: socket.socket) -> Iterator[None]:
    """Accept connections, read something, close."""

    def run() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def raw_request(url: str, request: bytes) -> tuple[int, bytes]:
    """Status and the whole answer of a request written by hand."""
    with closing(connected(url)) as connection:
        connection.sendall(request)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
    return int(received.split(b" ", 2)[1]), received
