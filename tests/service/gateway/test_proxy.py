"""The data path, in this process and over HTTP: the same promises either way."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from gateway.bootstrap import Credentials
from tests.service.gateway.conftest import Behind, bearer
from tests.service.gateway.service import PREFIX
from tests.service.gateway.serving import problem, raw_request

Start = Callable[..., Behind]


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


def test_context_variables_end_with_the_call(officer: httpx.Client) -> None:
    for number in range(3):
        answer = officer.get(f"{PREFIX}/raw/leak", headers={"X-Correlation-Id": f"case-{number}"})
        assert answer.text == "clean"
        assert answer.headers["x-correlation-id"] == f"case-{number}"


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
