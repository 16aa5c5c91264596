"""Puts the OpenAPI documents of the services together into one that is valid by itself."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gateway.domain.health import LABELS
from gateway.domain.roles import SCOPES

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_REF = "#/components/schemas/"

Document = Mapping[str, Any]


def merge(
    documents: Mapping[str, Document],
    *,
    public: Collection[str],
    unavailable: Collection[str] = (),
    base_url: str = "",
) -> Document:
    """One OpenAPI 3.1 document. `documents`: service → its own; `public`: paths that need no token;
    `unavailable`: services whose document could not be had."""
    shared = _shared_schemas(documents)
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for service, document in documents.items():
        names = {name: name if name in shared else f"{service}.{name}" for name in _schemas(document)}
        for name, schema in _schemas(document).items():
            schemas[names[name]] = _renamed(schema, names)
        for path, item in document.get("paths", {}).items():
            paths[path] = _operations(_renamed(item, names), service, open_to_all=path in public)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "培育 Peiyu 开放接口",
            "version": "1",
            "description": "专精特新企业梯度培育平台的全部接口。先用客户端标识和密钥调用 /oauth/token 获取令牌。",
        },
        "tags": [
            {"name": service, "description": f"{LABELS.get(service, service)}：{_description(documents[service])}"}
            for service in documents
        ],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _security(base_url)},
        "x-unavailable": sorted(unavailable),
    }


def _security(base_url: str) -> dict[str, Any]:
    flow = {"tokenUrl": f"{base_url}/oauth/token", "scopes": dict(SCOPES)}
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "用客户端标识和密钥在 /oauth/token 获取访问令牌",
            "flows": {"clientCredentials": flow},
        },
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "client": {"type": "http", "scheme": "basic", "description": "客户端标识和密钥，仅用于 /oauth/token"},
    }


def _schemas(document: Document) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document.get("components", {}).get("schemas", {})
    return found


def _description(document: Document) -> str:
    return str(document.get("info", {}).get("description", ""))


def _operations(item: dict[str, Any], service: str, *, open_to_all: bool) -> dict[str, Any]:
    for method in METHODS:
        operation = item.get(method)
        if operation is None:
            continue
        operation["tags"] = [service]
        if "operationId" in operation:
            operation["operationId"] = f"{service}.{operation['operationId']}"
        if open_to_all:
            operation["security"] = []
        operation.setdefault("security", [{"oauth2": []}, {"bearer": []}])
    return item


def _shared_schemas(documents: Mapping[str, Document]) -> set[str]:
    """Names that mean the same in every document that has them, with everything they refer to."""
    versions: dict[str, list[Any]] = {}
    for document in documents.values():
        for name, schema in _schemas(document).items():
            versions.setdefault(name, []).append(schema)
    shared = {name for name, found in versions.items() if len(found) > 1 and all(each == found[0] for each in found)}
    while True:
        kept = {name for name in shared if set(_references(versions[name][0])) <= shared}
        if kept == shared:
            return shared
        shared = kept


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_REF)
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    """A copy whose references follow the new names; a discriminator's mapping holds references too."""
    if isinstance(node, Mapping):
        return {key: _renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, names) for value in node]
    if isinstance(node, str) and node.startswith(_REF):
        name = node.removeprefix(_REF)
        return _REF + names.get(name, name)
    return copy.deepcopy(node)
