"""What may not change within a version: rules for event schemas and for OpenAPI documents."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def broken_schema(old: Json, new: Json) -> list[str]:
    """What a consumer written against `old` would miss in payloads of `new`."""
    return list(_schema(old, new, old, new, "$"))


def _schema(old: Json, new: Json, old_root: Json, new_root: Json, path: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    if _types(old, old_root) != _types(new, new_root):
        gained = _types(new, new_root) - _types(old, old_root)
        if gained or not _types(new, new_root):
            yield f"{path}: type {sorted(_types(old, old_root))} became {sorted(_types(new, new_root))}"
    if "const" in old and old["const"] != new.get("const"):
        yield f"{path}: constant {old['const']!r} changed"
    if "enum" in old and not set(new.get("enum", ())) <= set(old["enum"]):
        yield f"{path}: enumeration gained values a consumer does not know"
    for name, value in old.get("properties", {}).items():
        other = new.get("properties", {}).get(name)
        if other is None:
            yield f"{path}.{name}: removed"
            continue
        if name in old.get("required", ()) and name not in new.get("required", ()):
            yield f"{path}.{name}: no longer always present"
        yield from _schema(value, other, old_root, new_root, f"{path}.{name}")
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        yield from _schema(old["items"], new["items"], old_root, new_root, f"{path}[]")


def _resolved(schema: Json, root: Json) -> Json:
    while "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _types(schema: Json, root: Json) -> set[str]:
    if "anyOf" in schema:
        return {name for part in schema["anyOf"] for name in _types(_resolved(part, root), root)}
    kind = schema.get("type")
    return set(kind) if isinstance(kind, list) else {kind} if kind else set()


METHODS = ("get", "post", "put", "patch", "delete")


def broken_api(old: Json, new: Json) -> list[str]:
    """What a client written against the API `old` would find gone or newly demanded in `new`."""
    found: list[str] = []
    for path, operations in old.get("paths", {}).items():
        for method in METHODS:
            if method not in operations:
                continue
            other = new.get("paths", {}).get(path, {}).get(method)
            if other is None:
                found.append(f"{method.upper()} {path}: removed")
                continue
            found += _operation(operations[method], other, old, new, f"{method.upper()} {path}")
    return found


def _operation(old: Json, new: Json, old_root: Json, new_root: Json, name: str) -> Iterator[str]:
    known = {(p["in"], p["name"]): p for p in new.get("parameters", ())}
    for parameter in old.get("parameters", ()):
        if (parameter["in"], parameter["name"]) not in known:
            yield f"{name}: parameter {parameter['name']} removed"
    before = {(p["in"], p["name"]) for p in old.get("parameters", ())}
    for place, parameter in known.items():
        if parameter.get("required") and place not in before:
            yield f"{name}: new required parameter {parameter['name']}"
    for status, answer in old.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        other = new.get("responses", {}).get(status)
        if other is None:
            yield f"{name}: answer {status} removed"
            continue
        for media, content in answer.get("content", {}).items():
            changed = other.get("content", {}).get(media)
            if changed is None:
                yield f"{name}: {status} no longer as {media}"
            else:
                yield from _schema(
                    content.get("schema", {}), changed.get("schema", {}), old_root, new_root, f"{name} {status}"
                )
    old_body = _body(old, old_root)
    new_body = _body(new, new_root)
    for field in new_body.get("required", ()):
        if field not in old_body.get("required", ()):
            yield f"{name}: body field {field} is now required"
    for field in old_body.get("properties", {}):
        if field not in new_body.get("properties", {}):
            yield f"{name}: body field {field} is no longer accepted"


def _body(operation: Json, root: Json) -> Json:
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        return _resolved(media.get("schema", {}), root)
    return {}
