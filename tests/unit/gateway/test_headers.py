"""What passes the door and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import PathRefused
from gateway.proxy.headers import check_path, find, towards_client, towards_service
from gateway.proxy.routes import FEED, IMPORT, NORMAL, PUBLIC, WAITING, destination

HEADER = st.sampled_from(
    ["peiyu-identity", "peiyu-x", "x-user", "x-forwarded-for", "connection", "te", "transfer-encoding", "cookie",
     "authorization", "accept", "content-type", "if-none-match", "x-correlation-id", "idempotency-key"]
)  # fmt: skip


@given(st.lists(st.tuples(HEADER, st.sampled_from(["a", "x-drop", "close, accept"]))))
def test_nothing_that_the_gateway_vouches_for_comes_from_outside(pairs: list[tuple[str, str]]) -> None:
    headers = [(name.encode(), value.encode()) for name, value in pairs]
    ours = [(b"peiyu-identity", b"ours"), (b"x-correlation-id", b"case")]
    passed = towards_service(headers, ours, max_bytes=10_000)
    assert [value for name, value in passed if name == b"peiyu-identity"] == [b"ours"]
    assert [value for name, value in passed if name == b"x-correlation-id"] == [b"case"]
    names = {name for name, _ in passed}
    assert names <= {b"accept", b"content-type", b"if-none-match", b"idempotency-key", b"peiyu-identity",
                     b"x-correlation-id"}  # fmt: skip
    if any(name == b"connection" and b"accept" in value for name, value in headers):
        assert b"accept" not in names, "named by Connection, so hop by hop"


def test_the_answers_own_hops_stay_behind() -> None:
    passed = towards_client([(b"Content-Type", b"a/b"), (b"Transfer-Encoding", b"chunked"), (b"Server", b"x")], [])
    assert passed == [(b"content-type", b"a/b")]
    assert find(passed, b"server") is None


@given(st.text(alphabet="abc/.;%25fFeEcC\\", max_size=12))
def test_a_path_that_passes_means_the_same_decoded(text: str) -> None:
    raw = f"/{text}".encode()
    try:
        check_path(raw)
    except PathRefused:
        return
    from urllib.parse import unquote

    decoded = unquote(raw.decode())
    assert "//" not in decoded
    assert ";" not in decoded
    assert "\\" not in decoded
    assert not {".", ".."} & set(decoded.split("/"))
    assert decoded.count("/") == raw.count(b"/")


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/.well-known/jwks.json", "/api/registry/v1/enterprises/91110000600037341L", "/a/%E5%AE%BF",
             "/api/x/v1/file.csv", "/a/..b/c...d"],
)  # fmt: skip
def test_ordinary_paths_pass(path: str) -> None:
    check_path(path.encode())


@pytest.mark.parametrize(
    ("method", "path", "query", "service", "kind", "authenticated"),
    [
        ("GET", "/docs", b"", "gateway", PUBLIC, False),
        ("POST", "/oauth/token", b"", "gateway", PUBLIC, False),
        ("POST", "/api/registry/v1/imports", b"", "registry", IMPORT, True),
        ("GET", "/api/registry/v1/imports/1", b"", "registry", NORMAL, True),
        ("GET", "/api/finance/v1/whitelist/snapshot", b"", "finance", FEED, True),
        ("GET", "/api/finance/v1/whitelist/changes", b"after=1&wait=30", "finance", WAITING, True),
        ("GET", "/api/finance/v1/whitelist/changes", b"after=1&await=30", "finance", FEED, True),
        ("GET", "/api/finance/v1/whitelist/jwks.json", b"", "finance", FEED, False),
        ("GET", "/api/gateway/v1/clients", b"", "gateway", NORMAL, True),
        ("GET", "/api/", b"", "", NORMAL, True),
        ("GET", "/api", b"", "gateway", PUBLIC, False),
    ],
)
def test_the_routing_table(
    method: str, path: str, query: bytes, service: str, kind: object, authenticated: bool
) -> None:
    found = destination(method, path, query)
    assert (found.service, found.kind, found.authenticated) == (service, kind, authenticated)
