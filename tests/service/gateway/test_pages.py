"""The API page and the document behind it."""

import base64
import hashlib
import re
from typing import Any

import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from starlette.testclient import TestClient

from chassis.auth import IdentityVerifier
from chassis.db import Database
from gateway.domain.documents import METHODS
from gateway.proxy.in_process import InProcess
from gateway.proxy.over_http import OverHttp
from gateway.tokens.keys import KeyFiles
from tests.service.gateway.conftest import Make
from tests.service.gateway.service import Seen, guarded
from tests.service.gateway.serving import free_port


@pytest.fixture
def document(make: Make, db: Database, keys: KeyFiles) -> dict[str, Any]:
    service = guarded(db, IdentityVerifier.from_file(keys.public, "registry"), Seen())
    with TestClient(make({"registry": InProcess(service)}, public_url="https://peiyu.example.gov.cn")) as client:
        answer = client.get("/openapi.json")
        assert client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_the_merged_document_is_valid_openapi(document: dict[str, Any]) -> None:
    errors = [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)]
    assert errors == []
    text = str(document)
    for name in re.findall(r"#/components/schemas/([\w.\-]+)", text):
        assert name in document["components"]["schemas"]


def test_it_has_every_service_and_the_gateway(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert {"get /api/registry/v1/whoami", "post /oauth/token", "get /health", "post /api/gateway/v1/clients"} <= (
        found.keys()
    )
    assert found["get /api/registry/v1/whoami"]["tags"] == ["registry"]
    assert [tag["name"] for tag in document["tags"]] == ["registry", "gateway"]
    identifiers = [operation["operationId"] for _, operation in operations(document)]
    assert len(identifiers) == len(set(identifiers))
    assert {"Problem", "ProblemItem"} & set(document["components"]["schemas"]) or "gateway.Problem" in (
        document["components"]["schemas"]
    )


def test_every_operation_says_how_it_is_secured(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["oauth2"]["flows"]["clientCredentials"]["tokenUrl"].endswith(".gov.cn/oauth/token")
    for name, operation in operations(document):
        assert "security" in operation, name
        assert all(scheme in schemes for way in operation["security"] for scheme in way), name
        if name.split(" ")[1].startswith("/api/"):
            ways = [dict(way) for way in operation["security"]]
            (scopes,) = {tuple(scopes) for way in ways for scopes in way.values()}
            assert ways == [{"oauth2": list(scopes)}, {"bearer": list(scopes)}], name
            assert len(scopes) == 1, name
            assert set(scopes) <= set(schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]), name


def test_a_service_that_is_away_is_named_and_comes_back(make: Make) -> None:
    with TestClient(make({"registry": OverHttp(f"http://127.0.0.1:{free_port()}")})) as client:
        body = client.get("/openapi.json").json()
    assert body["x-unavailable"] == ["registry"]
    assert body["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["tokenUrl"] == "/oauth/token"
    assert "/oauth/token" in body["paths"]


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_anywhere_else(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"^\s*// .*$", "", answer.text, flags=re.M)) == []
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?!data:)", answer.text) == []
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_policy_allows_the_pages_own_script_and_style(client: TestClient) -> None:
    answer = client.get("/docs")
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, flags=re.S)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
        assert len(content) > 500
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_an_unknown_page_says_where_to_look(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-endpoint")
    assert "/docs" in answer.json()["detail"]
